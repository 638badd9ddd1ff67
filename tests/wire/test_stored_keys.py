"""A running app and keys that are stored, changed and deleted beside it; nothing of a key in what it logs or keeps."""

from __future__ import annotations

import json
import os

import pytest

import file_keyring
from dragoman.app import App
from dragoman.engine.key_index import index_path, note_key

KEY = "sk-ant-api03-Zt9pQ4mW7xKe2LrB"


@pytest.fixture
def keyring(monkeypatch, tmp_path):
    """An OS keyring; puts its entries."""
    path = tmp_path / "keyring.json"
    monkeypatch.setenv("FILE_KEYRING", str(path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", file_keyring.NAME)
    return lambda **entries: path.write_text(json.dumps(entries))


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
