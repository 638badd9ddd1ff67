"""What the recordings of Gemini don't show: vectors, lists of models, and what an entry tells."""

from __future__ import annotations

import json

import pytest

from dragoman.core.chat import Request, user
from dragoman.core.errors import StreamingError
from dragoman.providers import gemini
from dragoman.providers.base import Capabilities, Options, Target, Vertex

NOTHING_SUCH = [b"", b"null", b"[]", b"5", b"{}", b"<html>", b'{"error":"x"}', b'{"embeddings":5}', b"[" * 9999]
VERTEX = Options(vertex=Vertex("p", "global"))


def test_vectors_come_in_the_texts_order():
    """One vector a text."""
    body = b'{"embeddings":[{"values":[0.5,-1]},{"values":[1,2],"shape":[2]}]}'
    assert gemini.embeddings(body) == ((0.5, -1.0), (1.0, 2.0))


def test_vectors_of_vertexs_older_models_are_read():
    """They stand under other names."""
    body = {"predictions": [{"embeddings": {"values": [0.5, -1], "statistics": {"token_count": 2}}}]}
    assert gemini.embeddings(json.dumps(body).encode()) == ((0.5, -1.0),)


@pytest.mark.parametrize("body", [*NOTHING_SUCH, b'{"embeddings":[{}]}', b'{"predictions":[{"embeddings":[]}]}'])
def test_what_are_no_vectors_is_said(body):
    """Anything else is an error, and not no vectors."""
    with pytest.raises(StreamingError, match="base_url"):
        gemini.embeddings(body)


def test_vertexs_models_are_listed():
    """The publisher's list has another name for the same."""
    body = b'{"publisherModels":[{"name":"publishers/google/models/b"},{"name":"publishers/google/models/a"}]}'
    assert gemini.models(body) == ("b", "a")


def test_an_entry_tells_windows_and_abilities():
    """Windows, thinking and embeddings; the rest is not said."""
    entry = {
        "name": "models/gemini-3.8-flash",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        "thinking": True,
    }
    assert gemini.described(json.dumps(entry).encode(), "m") == Capabilities(
        1_048_576, 65_536, thinking=True, fill=False, embeddings=False
    )


def test_an_embedding_model_is_known_by_its_methods():
    """It does not think either: a false is left out of the entry."""
    entry = b'{"name":"models/e","inputTokenLimit":2048,"supportedGenerationMethods":["embedContent"]}'
    assert gemini.described(entry, "e") == Capabilities(2048, thinking=False, fill=False, embeddings=True)


def test_vertex_tells_little():
    """Its entry is about versions and launch stages."""
    known = gemini.described(b'{"name":"publishers/google/models/m","launchStage":"GA"}', "m")
    assert known == Capabilities(fill=False)


@pytest.mark.parametrize("body", [*NOTHING_SUCH, b'{"models":[]}'])
def test_what_is_no_entry_is_said(body):
    """Anything else at that address is an error."""
    with pytest.raises(StreamingError, match="base_url"):
        gemini.described(body, "m")


@pytest.mark.parametrize("options", [Options(), VERTEX])
def test_no_key_stands_in_a_url(options):
    """URLs are in logs and proxies; the documentation's own examples put the key there."""
    target = Target("gemini", "https://generativelanguage.googleapis.com", "m", "planted-key", options)
    calls = (
        gemini.call(Request((user("Hi"),)), target),
        gemini.models_call(target),
        gemini.describe_call(target),
        gemini.embed_call(["a"], target),
    )
    assert all("planted-key" not in call.url for call in calls)
    assert all(any("planted-key" in value for _, value in call.headers) for call in calls)


def test_a_name_can_not_leave_its_path():
    """A model's name from the settings asks for no other method and no other path."""
    target = Target("gemini", "http://h", "../../x?y:delete", None, Options())
    assert gemini.describe_call(target).url == "http://h/v1beta/models/x%3Fy%3Adelete"
