"""Every single thing that shapes an answer is in its key, now and when there is more of it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dragoman.core.cache_key import Circumstances, cache_key
from dragoman.core.chat import (
    Effort,
    ImagePart,
    JsonOutput,
    Message,
    Request,
    TextPart,
    ThinkingPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
)
from dragoman.core.intent import Intent
from dragoman.core.route import Place
from dragoman.engine.grants import Login
from dragoman.providers.base import Azure, Options, Quirks, Vertex

texts = st.text(max_size=6)
schemas = st.dictionaries(texts, st.one_of(texts, st.integers(), st.lists(texts, max_size=2)), max_size=3)
numbers = st.one_of(st.none(), st.floats(0, 2))
counts = st.one_of(st.none(), st.integers(1, 9))
parts = st.one_of(
    st.builds(TextPart, texts),
    st.builds(ImagePart, texts, st.binary(max_size=4)),
    st.builds(ThinkingPart, texts, texts, texts),
    st.builds(ToolCallPart, texts, texts, texts, texts),
    st.builds(ToolResultPart, texts, texts, st.booleans()),
)
messages = st.builds(Message, st.sampled_from(["system", "user", "assistant"]), st.lists(parts, max_size=2).map(tuple))
requests = st.builds(
    Request,
    messages=st.lists(messages, max_size=3).map(tuple),
    max_output_tokens=counts,
    temperature=numbers,
    stop=st.lists(texts, max_size=2).map(tuple),
    top_p=numbers,
    tools=st.lists(st.builds(Tool, texts, texts, schemas), max_size=2).map(tuple),
    tool_choice=texts,
    thinking=st.one_of(st.none(), st.sampled_from(Effort)),
    output=st.one_of(st.none(), st.builds(JsonOutput, st.one_of(st.none(), schemas), texts)),
)
some = st.one_of(st.none(), texts)
options = st.builds(
    Options,
    max_tokens=counts,
    temperature=numbers,
    keep_alive=some,
    num_ctx=counts,
    organization=some,
    headers=st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
    stream_usage=st.booleans(),
    stream=st.booleans(),
    quirks=st.builds(Quirks, lacks=st.frozensets(texts, max_size=2), stop_limit=counts, fill=texts),
    azure=st.one_of(st.none(), st.builds(Azure, some, schemas, st.booleans())),
    vertex=st.one_of(st.none(), st.builds(Vertex, texts, texts)),
    responses=st.one_of(st.none(), st.booleans()),
    fallback_models=st.lists(texts, max_size=2).map(tuple),
    safety=st.dictionaries(texts, texts, max_size=2),
)
circumstances = st.builds(
    Circumstances,
    place=st.builds(Place, texts, texts, texts, texts, st.booleans()),
    options=options,
    login=st.one_of(st.none(), st.builds(Login, st.sampled_from(["entra", "az"]), some, some, some, some)),
    intent=st.sampled_from(Intent),
    privacy=schemas,
    owner=texts,
)


def places_of(value, path=()):
    """Where in the value a field stands, of itself and of all that is inside it."""
    for each in fields(value):
        inner = getattr(value, each.name)
        yield (*path, each.name)
        if is_dataclass(inner):
            yield from places_of(inner, (*path, each.name))


def at(value, path):
    """What stands there."""
    return at(getattr(value, path[0]), path[1:]) if path else value


def with_another(value, path, other):
    """The value, with what the other has there."""
    if not path:
        return other
    return replace(value, **{path[0]: with_another(getattr(value, path[0]), path[1:], other)})


@hypothesis_settings(max_examples=60)
@given(st.tuples(requests, circumstances), st.tuples(requests, circumstances), st.data())
def test_every_field_changes_the_key(mine, theirs, data):
    """Put any one field's value of another request into this one: unless it is equal, the key is another."""
    half = data.draw(st.integers(0, 1))
    shared = [path for path in places_of(mine[half]) if path in set(places_of(theirs[half]))]
    path = data.draw(st.sampled_from(shared))
    assume(at(mine[half], path) != at(theirs[half], path))
    changed = list(mine)
    changed[half] = with_another(mine[half], path, at(theirs[half], path))
    assert cache_key(*changed) != cache_key(*mine)


@hypothesis_settings(max_examples=60)
@given(requests, circumstances, requests, circumstances)
def test_equal_values_have_one_key(request, where, other_request, elsewhere):
    """Equal requests under equal circumstances have one key, and unequal ones do not."""
    again = replace(request, messages=tuple(replace(message) for message in request.messages))
    assert cache_key(again, replace(where)) == cache_key(request, where)
    same = (request, where) == (other_request, elsewhere)
    assert (cache_key(request, where) == cache_key(other_request, elsewhere)) == same
