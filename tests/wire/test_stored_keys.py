"""A running app and keys that are stored, changed and deleted beside it; nothing of a key in what it logs or keeps."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import aclosing

import pytest

import file_keyring
from dragoman.app import App
from dragoman.core.chat import Request, user
from dragoman.core.events import Done
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.ports import Job
from dragoman.engine.key_index import index_path, note_key
from dragoman.simulator import Reply, Simulator

KEY = "sk-ant-api03-Zt9pQ4mW7xKe2LrB"


@pytest.fixture
def keyring(monkeypatch, tmp_path):
    """An OS keyring; puts its entries."""
    path = tmp_path / "keyring.json"
    monkeypatch.setenv("FILE_KEYRING", str(path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", file_keyring.NAME)
    yield lambda state=None, **entries: path.write_text(state or json.dumps(entries))
    path.write_text("{}")  # whoever still waits for it no longer does


async def after_a_while(app):
    """The next request, when it is time for another look at the files."""
    app._next_look = 0
    return await app.refresh()


async def test_a_key_that_is_stored_beside_it_is_found(keyring, caplog, tmp_path):
    """A login in a terminal, a new key and a logout each count with the next request, without a restart."""
    caplog.set_level("DEBUG")
    async with await App.open() as app:
        assert await app.keys.secret("mistral") is None
        for stored in ("old", KEY):
            keyring(mistral=stored)
            note_key(index_path(os.environ), "mistral", "keyring")
            assert await after_a_while(app) == ()
            assert await app.keys.secret("mistral") == stored
        keyring()
        note_key(index_path(os.environ), "mistral", None)
        await after_a_while(app)
        assert await app.keys.secret("mistral") is None
    assert KEY not in caplog.text
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "keyring.json"]
    assert written
    assert not any(KEY.encode() in path.read_bytes() for path in written)


@pytest.mark.parametrize(
    ("state", "fault"), [("silent", "does not answer: unlock it"), ("locked", "is locked: unlock it")]
)
async def test_a_keyring_that_is_locked_leaves_requests_to_others(keyring, state, fault):
    """A request goes on to a provider that needs no key, and the reason for that says what to do."""
    keyring(state)
    async with Simulator(Reply(text=("fine",))) as simulator:
        assignments = (
            "routing.fallback_order=anthropic,ollama",
            "routing.prefer_local_for=",
            "providers.anthropic.model=m",
            f"providers.ollama.base_url={simulator.url}",
            "providers.ollama.model=scripted-coder",
        )
        async with await App.open(assignments) as app, asyncio.timeout(30):
            job = Job("one", Request((user("hello"),)), LabelledIntent(Intent.GENERAL, "action", "a test"))
            async with aclosing(app.completer.stream(job)) as events:
                *_, last = [event async for event in events]
            decision = await app.completer.decide(job)
    assert isinstance(last, Done)
    assert last.provider == "ollama"
    (left_out,) = [left for left in decision.left_out if left.provider == "anthropic"]
    assert left_out.reason == f"no key: OS keyring {fault}"
