"""The servers' model lists: kept for a minute, asked for again after that."""

from __future__ import annotations

import asyncio
import json

import pytest

from dragoman.core.errors import AttemptTimeout, Authentication, ModelUnavailable, StreamingError
from dragoman.core.intent import Intent
from dragoman.core.route import Place
from dragoman.engine.clock import LoopClock
from dragoman.engine.models import ModelLists
from dragoman.providers.base import Target
from engine.virtual import Reply, ScriptedTransport, refuses, virtual_time

PLACE = Place("one", "openai", "http://one/v1", "", True)
TARGET = Target("one", "http://one/v1", "")


def lists(*names: str) -> Reply:
    """A list of models."""
    return Reply((json.dumps({"data": [{"id": name} for name in names]}).encode(),))


@virtual_time
async def test_a_list_is_kept_for_a_minute():
    """Within a minute nobody is asked again; after it the list is a new one."""
    transport = ScriptedTransport(one=[lists("a"), lists("b")])
    models = ModelLists(transport, LoopClock())
    for _ in range(3):
        assert (await models.resolved(PLACE, TARGET, Intent.CODE, 5)).model == "a"
    await asyncio.sleep(61)
    assert (await models.resolved(PLACE, TARGET, Intent.CODE, 5)).model == "b"
    assert len(transport.calls) == 2


@virtual_time
async def test_a_server_without_a_model_is_asked_again_at_once():
    """A person who has just pulled a model does not wait for a minute."""
    models = ModelLists(ScriptedTransport(one=[lists(), lists("a")]), LoopClock())
    with pytest.raises(ModelUnavailable):
        await models.resolved(PLACE, TARGET, Intent.CODE, 5)
    assert (await models.resolved(PLACE, TARGET, Intent.CODE, 5)).model == "a"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refuses(401), Authentication),
        (Reply((b"<html>",)), StreamingError),
        (Reply(()), StreamingError),
        (Reply((99.0,)), AttemptTimeout),
        (Reply(before=(99.0,)), AttemptTimeout),
    ],
)
@virtual_time
async def test_what_is_no_list_is_a_providers_error(reply, error):
    """A refusal, something else, nothing, and silence each have their class."""
    with pytest.raises(error):
        await ModelLists(ScriptedTransport(one=[reply]), LoopClock()).listed(PLACE, TARGET, 5)


@virtual_time
async def test_a_named_model_asks_nobody():
    """A place with a model of its own needs no list."""
    transport = ScriptedTransport()
    named = Place("one", "openai", "http://one/v1", "mine", True)
    assert await ModelLists(transport, LoopClock()).resolved(named, TARGET, Intent.CODE, 5) == named
    assert not transport.calls
