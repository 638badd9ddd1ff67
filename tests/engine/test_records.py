"""What the log says of requests and attempts."""

from __future__ import annotations

import logging

from dragoman.core.chat import Request, user
from dragoman.core.ports import Job
from engine.virtual import ScriptedTransport, engine_of, events_of, job, says, settings_of, virtual_time


@virtual_time
async def test_what_was_left_out_of_a_request_is_logged(caplog):
    """A provider's limits show in the log, with the request's id, and no word of the request."""
    caplog.set_level(logging.INFO)
    plain = job()
    request = Request((user("a private question"),), stop=("a", "b", "c", "d", "e"))
    asked = Job(plain.id, request, plain.intent, plain.hints)
    await events_of(engine_of(ScriptedTransport(one=[says("fine")]), settings_of("one")), asked)
    (note,) = [record.message for record in caplog.records if record.message.startswith("request job-1: one: ")]
    assert "stop" in note
    assert "private" not in caplog.text
