"""Every login in the engine, over real sockets: one token for many questions, and a refusal told in one line."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from dragoman.core.chat import Request, TextDelta, user
from dragoman.core.errors import AllCandidatesFailed
from dragoman.core.hints import Hints
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.ports import Job
from dragoman.core.settings import Settings
from dragoman.engine.access import FullAccess
from dragoman.engine.clock import LoopClock
from dragoman.engine.embeddings import Embeddings
from dragoman.engine.http import HttpTransport
from dragoman.engine.keys import Keys, key_specs
from dragoman.engine.loop import Engine
from dragoman.engine.workers import ThreadWorkers
from dragoman.providers import PRESETS
from dragoman.simulator import Fault, Reply, Simulator

TOKEN = "scripted-token"
SECRET = "the-long-lived-secret-0123456789"
NAMES = ("an app", "a machine", "a service account", "a GitHub account")


@pytest.fixture(scope="module")
def private_key():
    """A service account's key in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


@pytest.fixture
def logins(tmp_path, private_key):
    """By name: the provider, its settings at a simulator, and its environment."""

    def at(url):
        file = tmp_path / "account.json"
        account = {
            "type": "service_account",
            "client_email": "robot@p.iam.gserviceaccount.com",
            "private_key": private_key,
            "token_uri": f"{url}/token",
        }
        file.write_text(json.dumps(account))
        azure = {"base_url": url, "model": "some-model", "embedding_model": "vectors"}
        identity = {"IDENTITY_ENDPOINT": f"{url}/metadata/identity/oauth2/token", "IDENTITY_HEADER": SECRET}
        app = {"auth": "entra", "tenant": "t", "client_id": "c", "authority": url}
        vertex = {"base_url": url, "project": "p", "location": "europe-west1", "credentials": str(file)}
        copilot = {"enabled": True, "authority": url, "base_url": url}
        return {
            "an app": ("azure", azure | app, {"AZURE_CLIENT_SECRET": SECRET}),
            "a machine": ("azure", azure | {"auth": "managed_identity"}, identity),
            "a service account": ("gemini", vertex, {}),
            "a GitHub account": ("copilot", copilot, {"COPILOT_GITHUB_TOKEN": SECRET}),
        }

    return at


@dataclass
class Desk:
    """One provider, asked for answers and for vectors."""

    provider: str
    engine: Engine
    embeddings: Embeddings

    async def text(self):
        """An answer's text."""
        label = LabelledIntent(Intent.GENERAL, "action", "test")
        job = Job("login-1", Request((user("Is all well?"),)), label, Hints(provider=self.provider))
        return "".join([event.text async for event in self.engine.stream(job) if isinstance(event, TextDelta)])


@asynccontextmanager
async def desk(provider, settings, environment):
    """A desk whose only provider is this one."""
    settings = Settings.model_validate(
        {
            "providers": {provider: settings, "ollama": {"enabled": False}},
            "routing": {"fallback_order": (provider,), "intents": {}},
            "retry": {"max_retries": 1, "base_delay_ms": 1},
        }
    )
    workers = ThreadWorkers()
    transport = HttpTransport(workers)
    access = FullAccess(transport, workers, environment)
    keys = Keys(key_specs(settings, PRESETS), environment, LoopClock())
    try:
        yield Desk(
            provider,
            Engine(settings, transport, keys, access=access),
            Embeddings(settings, transport, keys, workers, access=access),
        )
    finally:
        await access.close()
        await transport.close()
        workers.close()


@pytest.mark.parametrize("name", NAMES)
async def test_a_login_is_a_token_and_then_an_answer(logins, name, caplog):
    """Two questions take one token, which is what the provider is shown; the lasting secret goes to the login alone."""
    caplog.set_level("DEBUG")
    async with (
        Simulator(Reply(text=("All is well.",))) as simulator,
        desk(*logins(simulator.url)[name]) as here,
    ):
        assert await here.text() == "All is well."
        assert await here.text() == "All is well."
    assert len(simulator.completions) == 2
    assert len(simulator.calls) == 3
    for call in simulator.completions:
        assert call.headers["authorization"] == f"Bearer {TOKEN}"
        assert SECRET not in str(call.headers)
    assert TOKEN not in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("name", NAMES)
async def test_a_refused_login_is_told_in_one_line(logins, name):
    """The provider is not asked, and the person reads where to look, without any secret."""
    async with (
        Simulator(Reply(), list_fault=Fault.UNAUTHORIZED) as simulator,
        desk(*logins(simulator.url)[name]) as here,
    ):
        with pytest.raises(AllCandidatesFailed) as failed:
            await here.text()
    line = str(failed.value)
    assert not simulator.completions
    assert "the login is refused: " in line
    assert "\n" not in line
    assert SECRET not in line
    assert "providers." in line or "COPILOT_GITHUB_TOKEN" in line


async def test_embeddings_log_in_too(logins):
    """Vectors are asked for with the token, as answers are."""
    async with Simulator(Reply()) as simulator, desk(*logins(simulator.url)["an app"]) as here:
        found = await here.embeddings.embed(["one", "two"], provider="azure")
    assert len(found.vectors) == 2
    assert simulator.completions[0].headers["authorization"] == f"Bearer {TOKEN}"
