"""What the OpenAI family has besides streams: embeddings, lists, who speaks which dialect, ids of tool calls."""

from __future__ import annotations

import json

import pytest

from dragoman.core.chat import Effort, JsonOutput, Message, Request, Tool, ToolCallPart, ToolResultPart, user
from dragoman.core.errors import InvalidRequest, StreamingError
from dragoman.providers import DIALECTS, azure, openai, openai_responses, spoken
from dragoman.providers.base import Azure, Options, Quirks, Target
from dragoman.providers.openai_models import effort_word
from dragoman.providers.openai_parts import json_schema
from dragoman.providers.wire import tool_ids

SECRET = "sk-planted-0123456789abcdefghij"
EMBEDDERS = [name for name in ("openai", "azure", "openai-responses") if hasattr(DIALECTS[name], "embed_call")]


@pytest.mark.parametrize(
    ("model", "responses"),
    [
        ("gpt-4o-mini", False),
        ("gpt-5-mini", False),
        ("gpt-5.1", False),
        ("gpt-5.2", True),
        ("gpt-5.2-chat-latest", False),
        ("gpt-6", True),
        ("gpt-5-codex", True),
        ("gpt-5.1-codex-max", True),
        ("codex-mini-latest", True),
        ("gpt-5-pro", True),
        ("o3", False),
        ("o3-pro", True),
        ("o4-mini-deep-research", True),
        ("openai/gpt-5-codex", False),
        ("openai/gpt-oss-120b", False),
        ("qwen2.5-coder:7b", False),
    ],
)
def test_models_that_want_responses_get_them(model, responses):
    """The model's name decides between the two endpoints; behind another vendor's gateway it is always the same one."""
    assert (spoken("openai", Target("x", "http://h", model)) is openai_responses) is responses
    assert (spoken("azure", Target("x", "http://h", model)) is openai_responses) is responses
    assert spoken("ollama", Target("x", "http://h", model)) is DIALECTS["ollama"]


def test_the_person_may_choose_the_endpoint():
    """The setting wins over the model's name, both ways."""
    assert spoken("openai", Target("x", "http://h", "m", options=Options(responses=True))) is openai_responses
    assert spoken("openai", Target("x", "http://h", "gpt-5-codex", options=Options(responses=False))) is openai


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("o3", "low low medium high"),
        ("gpt-5", "minimal low medium high"),
        ("gpt-5-nano", "minimal low medium high"),
        ("gpt-5.1", "none low medium high"),
        ("gpt-6", "none low medium high"),
        ("gpt-5.1-codex", "low low medium high"),
        ("gpt-5-pro", "high high high high"),
        ("gpt-5.2-pro", "medium medium medium high"),
        ("openai/gpt-oss-20b", "low low medium high"),
        ("gpt-5-chat-latest", "None None None None"),
        ("gpt-4.1", "None None None None"),
    ],
)
def test_efforts_have_the_models_own_words(model, words):
    """Each model is told the nearest effort that it has; one that does not think is told nothing."""
    assert [str(effort_word(model, effort)) for effort in Effort] == words.split()


@pytest.mark.parametrize("name", EMBEDDERS)
def test_vectors_come_in_the_texts_order(name):
    """A server may send the vectors in any order: the index counts."""
    body = {"object": "list", "data": [{"index": 1, "embedding": [0, 1.5]}, {"index": 0, "embedding": [1, 0]}]}
    assert DIALECTS[name].embeddings(json.dumps(body).encode()) == ((1.0, 0.0), (0.0, 1.5))
    assert DIALECTS[name].EMBED_BATCH > 1


@pytest.mark.parametrize("name", EMBEDDERS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"<html>",
        b'{"data":[{"index":0}]}',
        b'{"data":[{"embedding":["x"],"index":0}]}',
        b"[" * 9999,
    ],
)
def test_what_is_no_embeddings_is_said(name, body):
    """Anything else at that address is an error, not an empty list."""
    with pytest.raises(StreamingError, match="base_url"):
        DIALECTS[name].embeddings(body)


@pytest.mark.parametrize("body", [b'[{"id":"b"},{"id":"a","name":"A"}]', b' [{"id": "b"}, {"id": "a"}]'])
def test_a_bare_list_of_models_is_one(body):
    """Together and GitHub Models send the list without a table around it."""
    assert openai.models(body) == ("b", "a")


def test_azure_without_settings_is_the_newest_api():
    """A target that says nothing of versions or deployments goes to the v1 endpoint, with the key as Azure wants it."""
    call = azure.embed_call(["a"], Target("azure", "https://r.openai.azure.com", "m", SECRET))
    assert call.url == "https://r.openai.azure.com/openai/v1/embeddings"
    assert ("api-key", SECRET) in call.headers
    assert SECRET not in repr(call) + call.url


def test_an_answer_filtered_by_azure_is_told_in_order():
    """The categories stand first, so that a long sentence can't push them out of the line."""
    results = {"sexual": {"filtered": True, "severity": "low"}, "odd": 5}
    body = {"error": {"code": "content_filter", "message": "x" * 999, "innererror": {"content_filter_result": results}}}
    error = openai.error(400, {}, json.dumps(body).encode())
    assert error.kind == "content_filter"
    assert error.reason.startswith("sexual (low): xxx")
    assert len(error.reason) <= 300


def test_a_key_among_the_filters_words_is_masked():
    """What a filter calls its findings comes from outside, too."""
    results = {f"Bearer {SECRET}": {"filtered": True}}
    body = {"error": {"code": "content_filter", "message": "no", "innererror": {"content_filter_result": results}}}
    assert SECRET[3:] not in openai.error(400, {}, json.dumps(body).encode()).reason


def test_ids_of_tool_calls_are_the_endpoints_own():
    """An id stays with the endpoint that made it; elsewhere it is made anew, always the same, and never another's."""
    calls = (ToolCallPart("call_1", "f", "{}", "here"), ToolCallPart("toolu_1", "f", "{}", "there"))
    messages = (Message("assistant", calls), Message("user", (ToolResultPart("toolu_1", "x"),)))
    ids = tool_ids(messages, "here")
    assert ids["call_1"] == "call_1"
    assert ids["toolu_1"] != "toolu_1"
    assert ids == tool_ids(messages, "here")
    assert len(ids["toolu_1"]) == 9
    assert ids["toolu_1"].isalnum()
    assert tool_ids(messages, "third")["call_1"] != tool_ids(messages, "third")["toolu_1"]


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        ({"type": "object", "properties": {}, "additionalProperties": False}, True),
        ({"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": False}, True),
        ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, False),
        ({"type": "object", "properties": {"a": {}}, "required": ["a"]}, False),
        ({"type": "array", "items": {"type": "object"}}, False),
        ({"anyOf": [{"type": "string"}, {"properties": {"a": {}}}]}, False),
        ({"$defs": {"x": {"type": "object"}}, "type": "string"}, False),
        ({"type": "string"}, True),
    ],
)
def test_a_schema_is_strict_where_it_can_be(schema, strict):
    """Strictness is asked for where every object says all of its members and no others: else it would be refused."""
    found = json_schema(JsonOutput(schema))
    assert found is not None
    assert found["strict"] is strict


def test_a_deployments_name_is_quoted():
    """A name can't lead to another address."""
    options = Options(azure=Azure("2024-10-21", {"m": "../../x?y=1"}))
    call = azure.embed_call(["a"], Target("azure", "https://r.openai.azure.com", "m", None, options))
    assert call.url.startswith("https://r.openai.azure.com/openai/deployments/..%2F..%2Fx%3Fy%3D1/embeddings?")


@pytest.mark.parametrize("name", ["openai", "azure", "openai-responses"])
def test_what_a_server_lacks_is_refused_before_it_is_asked(name):
    """Without its tools the answer would be wrong, so nothing is sent; without any asked for, all is well."""
    target = Target("small", "http://h", "m", options=Options(quirks=Quirks(lacks=frozenset({"tools"}))))
    with pytest.raises(InvalidRequest, match="small has no tools"):
        DIALECTS[name].call(Request((user("Hi"),), tools=(Tool("f", "", {}),)), target)
    assert b"tools" not in DIALECTS[name].call(Request((user("Hi"),), tool_choice="required"), target).body


def test_a_row_may_take_fewer_stop_texts():
    """How many stop texts a server takes is its row's to say; the rest are left out, and said."""
    request = Request((user("Hi"),), stop=("a", "b", "c"))
    target = Target("x", "http://h", "m", options=Options(quirks=Quirks(stop_limit=1)))
    call = openai.call(request, target)
    assert json.loads(call.body)["stop"] == ["a"]
    assert call.notes == ("only 1 of 3 stop texts",)
