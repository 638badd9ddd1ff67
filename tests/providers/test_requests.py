"""What each dialect sends: recorded requests, model lists, and no secret where one could be read."""

from __future__ import annotations

import json
from base64 import b64decode
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from dragoman.core.chat import (
    Effort,
    FillRequest,
    ImagePart,
    JsonOutput,
    Message,
    Request,
    TextPart,
    ThinkingPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
    user,
)
from dragoman.core.errors import ProviderError, StreamingError
from dragoman.providers import DIALECTS, PRESETS
from dragoman.providers.base import Azure, Options, Target, Vertex
from providers.recordings import FOLDER, dialect_of

if TYPE_CHECKING:
    from dragoman.core.chat import Part
    from dragoman.providers.base import Call

RECORDED = sorted(FOLDER.glob("*/requests/*.json"))
SECRET = "sk-planted-0123456789abcdefghij"
NO_HEADERS = MappingProxyType({})


def part_of(given: str | dict, origin: str) -> Part:
    """A recorded part as a value; the origin `here` is the target's."""
    place = origin if isinstance(given, dict) and given.get("origin") == "here" else "elsewhere"
    match given:
        case str():
            return TextPart(given)
        case {"image": media_type, "data": data}:
            return ImagePart(media_type, b64decode(data))
        case {"thinking": text}:
            return ThinkingPart(text, given.get("signature", ""), place)
        case {"call": id_, "name": name, "arguments": arguments}:
            return ToolCallPart(id_, name, arguments, place)
        case {"result": call_id, "text": text}:
            return ToolResultPart(call_id, text, given.get("is_error", False))
    raise AssertionError(given)


def request_of(given: dict, origin: str) -> Request:
    """The recorded request as a value."""
    rest = dict(given)
    messages = tuple(
        Message(role, tuple(part_of(part, origin) for part in ([parts] if isinstance(parts, str) else parts)))
        for role, parts in rest.pop("messages")
    )
    tools = tuple(Tool(**tool) for tool in rest.pop("tools", ()))
    thinking = Effort(rest.pop("thinking")) if "thinking" in rest else None
    output = JsonOutput(**rest.pop("output")) if "output" in rest else None
    stop = tuple(rest.pop("stop", ()))
    return Request(messages, stop=stop, tools=tools, thinking=thinking, output=output, **rest)


def target_of(given: dict, folder: str) -> Target:
    """The recorded target as a value, with the quirks of the preset whose folder it is."""
    options = dict(given.get("options", {}))
    if folder in PRESETS:
        options["quirks"] = PRESETS[folder].quirks
    if "fallback_models" in options:
        options["fallback_models"] = tuple(options["fallback_models"])
    headers = tuple(tuple(header) for header in options.pop("headers", ()))
    for name, kind in (("azure", Azure), ("vertex", Vertex)):
        if name in options:
            options[name] = kind(**options[name])
    return Target("x", given["base_url"], given["model"], given.get("secret"), Options(headers=headers, **options))


def call_of(folder: str, given: dict) -> Call:
    """The call that the folder's dialect makes of what is given."""
    dialect, target = dialect_of(folder), target_of(given["target"], folder)
    match given:
        case {"request": request}:
            return dialect.call(request_of(request, target.origin), target)
        case {"fill": fill}:
            return dialect.fill_call(FillRequest(**fill | {"stop": tuple(fill.get("stop", ()))}), target)
        case {"embed": texts}:
            return dialect.embed_call(texts, target)
    return getattr(dialect, given["call"])(target)


@pytest.mark.parametrize("path", [pytest.param(path, id=f"{path.parts[-3]}/{path.stem}") for path in RECORDED])
def test_a_request_becomes_the_recorded_call(path):
    """URL, headers and body are those that the provider's documentation asks for; what is left out is said."""
    recorded = json.loads(path.read_text("utf-8"))
    if "error" in recorded:
        with pytest.raises(ProviderError) as raised:
            call_of(path.parts[-3], recorded["given"])
        assert {"kind": raised.value.kind, "reason": raised.value.reason} == recorded["error"]
        return
    call = call_of(path.parts[-3], recorded["given"])
    assert call.method == recorded.get("method", "POST")
    assert call.url == recorded["url"]
    assert dict(call.headers) == recorded["headers"]
    assert len(call.headers) == len(recorded["headers"])
    assert (json.loads(call.body) if call.body else None) == recorded["body"]
    assert list(call.notes) == recorded.get("notes", [])


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


OPENAI_MODELS = {"object": "list", "data": [{"id": "b", "object": "model"}, {"id": "a"}]}
MODELS = {
    "openai": ("http://h/v1/models", OPENAI_MODELS),
    "openai-responses": ("http://h/v1/models", OPENAI_MODELS),
    "azure": ("http://h/openai/v1/models", OPENAI_MODELS),
    "anthropic": (
        "http://h/v1/models?limit=1000",
        {"data": [{"type": "model", "id": "b"}, {"id": "a"}], "has_more": False},
    ),
    "gemini": (
        "http://h/v1beta/models?pageSize=1000",
        {"models": [{"name": "models/b", "inputTokenLimit": 1}, {"name": "models/a"}]},
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
