"""Every exchange of `providers/` against those who give out tokens in the simulator, over real sockets."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dragoman.core.errors import Authentication
from dragoman.engine.http import HttpTransport, whole_body
from dragoman.engine.workers import ThreadWorkers
from dragoman.providers.copilot import GitHubToken
from dragoman.providers.entra import ClientSecret, ManagedIdentity
from dragoman.providers.vertex_auth import CredentialsFile
from dragoman.simulator import Fault, Reply, Simulator
from dragoman.simulator.grants import TOKEN

NOW = 1_700_000_000.0


@pytest.fixture(scope="module")
def private_key():
    """A key that is nobody's, in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(params=["entra", "identity", "app-service", "google", "copilot"])
def exchange(request, private_key):
    """Makes each exchange for a simulator, with its credential."""

    def made(url):
        account = {"type": "service_account", "client_email": "a@b.invalid", "token_uri": f"{url}/token"}
        identity = f"{url}/metadata/identity/oauth2/token"
        return {
            "entra": (ClientSecret("tenant", "app", url), "the-secret"),
            "identity": (ManagedIdentity("app", identity, arc=True), ""),
            "app-service": (ManagedIdentity(None, identity, "the-header"), ""),
            "google": (CredentialsFile(), json.dumps({**account, "private_key": private_key})),
            "copilot": (GitHubToken(url), "the-secret"),
        }[request.param]

    return made


async def granted(exchange, credential):
    """The grant, as the engine gets it."""
    workers = ThreadWorkers()
    transport = HttpTransport(workers)
    try:
        async with transport.stream(exchange.grant_call(credential, NOW), connect_seconds=5) as response:
            return exchange.grant(response.status, response.headers, await whole_body(response), NOW)
    finally:
        await transport.close()
        workers.close()


async def test_a_credential_becomes_a_grant(exchange):
    """Each exchange's request keeps the rules of who gives out tokens, and its answer becomes a grant that ends."""
    async with Simulator(Reply()) as simulator:
        grant = await granted(*exchange(simulator.url))
    assert grant.secret == TOKEN
    assert grant.expires_at > NOW
    assert grant.base_url in (None, simulator.url)


async def test_a_wrong_credential_is_an_authentication_error(exchange):
    """A refusal is an authentication error whose one line does not hold the credential."""
    async with Simulator(Reply(), list_fault=Fault.UNAUTHORIZED) as simulator:
        with pytest.raises(Authentication) as refused:
            await granted(*exchange(simulator.url))
    assert "the-secret" not in str(refused.value)
    assert "\n" not in str(refused.value)
