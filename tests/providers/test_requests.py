"""What each dialect sends: recorded requests, model lists, and no secret where one could be read."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest

from dragoman.core.chat import Message, Request, TextPart, user
from dragoman.core.errors import StreamingError
from dragoman.providers import DIALECTS
from dragoman.providers.base import Options, Target
from providers.recordings import FOLDER, dialect_of

RECORDED = sorted(FOLDER.glob("*/requests/*.json"))
SECRET = "sk-planted-0123456789abcdefghij"
NO_HEADERS = MappingProxyType({})


def request_of(given: dict) -> Request:
    """The recorded request as a value."""
    messages = tuple(Message(role, (TextPart(text),)) for role, text in given["messages"])
    rest = {name: value for name, value in given.items() if name not in ("messages", "stop")}
    return Request(messages, stop=tuple(given.get("stop", ())), **rest)


def target_of(given: dict) -> Target:
    """The recorded target as a value."""
    options = dict(given.get("options", {}))
    headers = tuple(tuple(header) for header in options.pop("headers", ()))
    return Target("x", given["base_url"], given["model"], given.get("secret"), Options(headers=headers, **options))


@pytest.mark.parametrize("path", [pytest.param(path, id=f"{path.parts[-3]}/{path.stem}") for path in RECORDED])
def test_a_request_becomes_the_recorded_call(path):
    """URL, headers and body are those that the provider's documentation asks for."""
    recorded = json.loads(path.read_text("utf-8"))
    given = recorded["given"]
    call = dialect_of(path.parts[-3]).call(request_of(given["request"]), target_of(given["target"]))
    assert call.method == "POST"
    assert call.url == recorded["url"]
    assert dict(call.headers) == recorded["headers"]
    assert len(call.headers) == len(recorded["headers"])
    assert json.loads(call.body) == recorded["body"]


@pytest.mark.parametrize("name", DIALECTS)
def test_text_goes_as_utf_8(name):
    """Other scripts are sent as they are, which costs a third of the escapes; half a surrogate pair harms nothing."""
    call = DIALECTS[name].call(Request((user("世界 \ud83d"),)), Target("x", "http://h", "m"))
    assert "世界 ?".encode() in call.body


@pytest.mark.parametrize("name", DIALECTS)
def test_no_secret_can_be_read_from_what_is_built(name):
    """A call or a target in a log or a traceback shows neither the key nor the prompt."""
    options = Options(headers=(("x-other-key", SECRET),))
    target = Target("x", "http://h", "m", SECRET, options)
    for call in (DIALECTS[name].call(Request((user("PROMPT"),)), target), DIALECTS[name].models_call(target)):
        assert any(SECRET in value for _, value in call.headers)
        assert SECRET not in repr(call) + call.url
        assert "PROMPT" not in repr(call)
    assert SECRET not in repr(target)


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 429, 500])
@pytest.mark.parametrize("body", ["bad key {}", '{{"error": {{"message": "bad key {}"}}}}', "<html><title>{}</title>"])
def test_no_error_repeats_a_key(name, status, body):
    """A provider that sends the key back to us does not get it shown to anyone."""
    headers = {"location": f"https://h/?key={SECRET}"}
    error = DIALECTS[name].error(status, headers, body.format(SECRET).encode())
    assert SECRET[3:] not in f"{error!r} {error} {error.args} {vars(error)}"


@pytest.mark.parametrize("name", DIALECTS)
def test_no_error_in_a_stream_repeats_a_key(name):
    """Nor does one that does it inside a stream."""
    reader = DIALECTS[name].reader()
    event = json.dumps({"type": "error", "error": {"message": f"bad key {SECRET}"}})
    with pytest.raises(Exception, match=r"bad key \*\*\*$"):
        reader.feed((event if name == "ollama" else f"data: {event}\n").encode() + b"\n")


MODELS = {
    "openai": ("http://h/v1/models", {"object": "list", "data": [{"id": "b", "object": "model"}, {"id": "a"}]}),
    "anthropic": (
        "http://h/v1/models?limit=1000",
        {"data": [{"type": "model", "id": "b"}, {"id": "a"}], "has_more": False},
    ),
    "ollama": ("http://h/api/tags", {"models": [{"name": "b", "model": "b", "size": 1}, {"name": "a"}]}),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_models_are_listed(name):
    """The models' names come in the provider's order."""
    url, body = MODELS[name]
    call = DIALECTS[name].models_call(Target("x", "http://h/", "", SECRET))
    assert (call.method, call.url, call.body) == ("GET", url, b"")
    assert DIALECTS[name].models(json.dumps(body).encode()) == ("b", "a")


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{}", b"<html>", b'{"data":5,"models":5}', b'{"data":[1],"models":[{}]}', b"[" * 9999],
)
def test_what_is_no_list_of_models_is_said(name, body):
    """Anything else at that address is an error, not an empty list."""
    with pytest.raises(StreamingError, match="base_url"):
        DIALECTS[name].models(body)


@pytest.mark.parametrize("name", DIALECTS)
def test_a_server_may_have_no_models(name):
    """An empty list is a list."""
    assert DIALECTS[name].models(b'{"data":[],"models":[]}') == ()


def test_a_server_may_list_null():
    """Older Ollama servers without a model send null for the list."""
    assert DIALECTS["ollama"].models(b'{"models":null}') == ()
