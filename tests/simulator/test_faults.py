"""Every fault, as a client meets it."""

from __future__ import annotations

import asyncio
import contextlib
import re
from email.utils import parsedate_to_datetime

import httpx
import pytest

from dragoman.simulator import Fault, Reply, Simulator, closed_url
from dragoman.simulator.frames import STATUS

REPLY = Reply(text=("one ", "two ", "three ", "four"))
KEEPALIVE = {
    "ollama": b'"content":""}',
    "anthropic": b"event: ping",
    "responses": b": keepalive",
    "gemini": b'"text":""}',
}
"""What each vendor sends to say that it is still there; elsewhere a comment."""
OWN_STATUS = {
    ("anthropic", Fault.QUOTA): 400,
    ("gemini", Fault.UNAUTHORIZED): 400,
    ("gemini", Fault.OVERLOADED): 503,
    ("gemini", Fault.REQUEST_TIMEOUT): 504,
    ("gemini", Fault.CONTENT_FILTER): 200,
}
"""Where a vendor's status is not the usual one."""
BROKEN = (Fault.CUT, Fault.CUT_CLEANLY)


def meeting(fault, **more):
    """The reply of these tests with a fault after two pieces."""
    return Reply(text=REPLY.text, fault=fault, after=2, **more)


async def until_silence(wire, response, text):
    """The bytes up to the silence, which may only begin when the text is there."""
    data = b""
    pieces = response.aiter_bytes()
    async with asyncio.timeout(5):
        while wire.text(data) != text:
            data += await anext(pieces)
    with contextlib.suppress(TimeoutError):
        while True:
            async with asyncio.timeout(0.05):
                data += await anext(pieces)
    return data


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (meeting(Fault.HANG_FIRST_TOKEN), ""),
        (meeting(Fault.STALL), "one two "),
        (meeting(Fault.LINGERS), "one two three four"),
        (Reply(text=REPLY.text, before_first=60), ""),
        (Reply(text=REPLY.text, between=60), "one "),
    ],
    ids=["hang-first-token", "stall", "lingers", "before-first", "between"],
)
async def test_silence_begins_where_it_should_and_lasts(wire, client, reply, text):
    """A provider that falls silent, or waits, sends what comes before, does not end, and sees the client leave."""
    async with Simulator(reply) as simulator, client(simulator) as http:
        async with http.stream(**wire.request()) as response:
            data = await until_silence(wire, response, text)
        await asyncio.wait_for(simulator.calls[0].hung_up.wait(), 1)
    assert wire.text(data) == text
    assert wire.finished(data) is simulator.calls[0].sent_whole is (reply.fault is Fault.LINGERS)


@pytest.mark.parametrize("reply", [meeting(Fault.HANG_HEADERS), Reply(before_headers=60)], ids=["fault", "delay"])
async def test_silence_before_the_headers_lasts(wire, client, reply):
    """A provider that never answers, or waits, sends not even headers, and sees the client leave."""
    async with Simulator(reply) as simulator, client(simulator) as http:
        asking = asyncio.create_task(http.request(**wire.request()))
        call = await simulator.completion()
        await asyncio.wait({asking}, timeout=0.05)
        assert not asking.done()
        asking.cancel()
        await asyncio.wait_for(call.hung_up.wait(), 1)


async def test_keepalives_go_on_without_a_token(wire, client):
    """With keepalives the bytes go on, and no text comes with them."""
    sign = KEEPALIVE.get(wire.name, b": PROCESSING")
    data = b""
    async with (
        Simulator(meeting(Fault.KEEPALIVES, between=0.002)) as simulator,
        client(simulator) as http,
        asyncio.timeout(5),
        http.stream(**wire.request()) as response,
    ):
        pieces = response.aiter_bytes()
        while data.count(sign) < 10:
            data += await anext(pieces)
    assert wire.text(data) == "one two "
    assert not wire.finished(data)


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("stream", [True, False])
async def test_a_cut_answer_ends_in_a_transport_error(wire, client, read, fault, stream):
    """A connection that breaks inside the answer is an error to the client, and no finish came before it."""
    async with Simulator(meeting(fault)) as simulator, client(simulator) as http:
        data, error = await read(http, wire.request(stream=stream))
    assert isinstance(error, httpx.ReadError if fault is Fault.CUT else httpx.RemoteProtocolError)
    assert data
    if stream:
        assert wire.text(data) == "one two "
        assert not wire.finished(data)
    assert not simulator.calls[0].sent_whole
    assert not simulator.calls[0].hung_up.is_set()


@pytest.mark.parametrize("after", [0, 4, 99])
async def test_a_fault_strikes_where_it_is_told_to(wire, client, read, after):
    """`after` counts the pieces that are sent before the fault; beyond the last one it strikes before the finish."""
    async with (
        Simulator(Reply(text=REPLY.text, fault=Fault.SHORTENED, after=after)) as simulator,
        client(simulator) as http,
    ):
        data, error = await read(http, wire.request())
    assert error is None
    assert wire.text(data) == "".join(REPLY.text[:after])
    assert not wire.finished(data)


@pytest.mark.parametrize("fault", [Fault.SHORTENED, Fault.ERROR_IN_STREAM])
async def test_an_answer_can_end_properly_without_a_finish(wire, client, read, fault):
    """A shortened answer, and one that an error ended, end as HTTP should and have no finish."""
    async with Simulator(meeting(fault)) as simulator, client(simulator) as http:
        data, error = await read(http, wire.request())
    assert error is None
    assert wire.text(data) == "one two "
    assert not wire.finished(data)
    reported = [document for document in wire.documents(data) if "error" in (*document, document.get("type"))]
    assert bool(reported) is (fault is Fault.ERROR_IN_STREAM)


async def test_anthropics_error_inside_the_stream_is_an_error_event(wires, client, read):
    """Anthropic reports an overload inside the stream as an event of its own."""
    async with Simulator(meeting(Fault.ERROR_IN_STREAM)) as simulator, client(simulator) as http:
        data, _ = await read(http, wires["anthropic"].request())
    assert b"event: error\n" in data
    assert wires["anthropic"].documents(data)[-1]["error"]["type"] == "overloaded_error"


async def test_an_empty_stream_has_no_byte(wire, client, read):
    """An empty stream is a 200 with the right content type and nothing in it."""
    async with Simulator(meeting(Fault.EMPTY_STREAM)) as simulator, client(simulator) as http:
        assert await read(http, wire.request()) == (b"", None)


async def test_without_a_sentinel_the_finish_is_still_there(wire, client, read):
    """Without its sentinel a stream still says why the model stopped."""
    async with Simulator([meeting(Fault.NO_SENTINEL), REPLY]) as simulator, client(simulator) as http:
        data, error = await read(http, wire.request())
        usual, _ = await read(http, wire.request())
    assert error is None
    assert wire.finished(data)
    sentinel = {"ollama": b"}\n", "anthropic": b"event: message_stop"}.get(wire.name, b"[DONE]")
    if wire.name in {"responses", "gemini"}:  # have none
        return
    assert sentinel not in data[-200:]
    assert sentinel in usual[-200:]


@pytest.mark.parametrize(("fault", "broken"), [(Fault.MALFORMED_EVENT, 1), (Fault.MALFORMED_EVENTS, 5)])
async def test_malformed_events_lie_between_good_ones(wire, client, read, fault, broken):
    """One or several events are no JSON, and the rest of the answer is all there."""
    async with Simulator([meeting(fault), REPLY]) as simulator, client(simulator) as http:
        data, error = await read(http, wire.request())
        usual, _ = await read(http, wire.request())
    assert error is None
    assert wire.text(data) == "one two three four"
    assert wire.finished(data)
    separator = b"\n" if wire.name == "ollama" else b"\n\n"
    assert data.count(separator) - usual.count(separator) == broken


async def test_an_endless_line_goes_on_without_a_line_end(wire, client):
    """An endless line brings megabytes without a line end until the client leaves."""
    data = b""
    async with Simulator(meeting(Fault.ENDLESS_LINE)) as simulator, client(simulator) as http:
        async with http.stream(**wire.request()) as response:
            async for piece in response.aiter_bytes():
                data += piece
                if len(data) > 2_000_000:
                    break
        await asyncio.wait_for(simulator.calls[0].hung_up.wait(), 1)
    assert b"\n" not in data[-1_900_000:]


async def test_a_slow_drip_sends_every_byte_alone(wire, client):
    """A slow drip is the whole answer, a byte at a time."""
    sizes = []
    data = b""
    async with (
        Simulator(Reply(text=("hi",), fault=Fault.SLOW_DRIP, between=0.0002)) as simulator,
        client(simulator) as http,
        http.stream(**wire.request()) as response,
    ):
        async for piece in response.aiter_raw():
            sizes.append(len(piece))
            data += piece
    assert wire.text(data) == "hi"
    assert wire.finished(data)
    assert sizes.count(1) > 0.9 * len(sizes)


async def test_a_provider_can_close_without_a_word(wire, client, read):
    """A provider that closes instead of answering gives the client no response at all."""
    async with Simulator(meeting(Fault.DISCONNECT)) as simulator, client(simulator) as http:
        data, error = await read(http, wire.request())
    assert data == b""
    assert isinstance(error, httpx.RemoteProtocolError)


async def test_bytes_of_another_protocol_are_no_response(wire, client, read):
    """Bytes of another protocol are a protocol error to the client."""
    async with Simulator(meeting(Fault.TLS_NONSENSE)) as simulator, client(simulator) as http:
        _, error = await read(http, wire.request())
    assert isinstance(error, httpx.RemoteProtocolError)


async def test_garbage_is_not_gzip(wire, client, read):
    """A body that claims gzip and is none can't be decoded."""
    async with Simulator(meeting(Fault.GZIP_GARBAGE)) as simulator, client(simulator) as http:
        _, error = await read(http, wire.request())
    assert isinstance(error, httpx.DecodingError)


async def test_a_wrong_content_type_carries_a_right_answer(wire, client):
    """The content type may be wrong where the answer is right."""
    async with Simulator(meeting(Fault.WRONG_CONTENT_TYPE)) as simulator, client(simulator) as http:
        response = await http.request(**wire.request())
    assert response.headers["content-type"].startswith("text/plain")
    assert wire.text(response.content) == "one two three four"


async def test_a_web_page_and_a_redirect_stand_in_the_way(wire, client):
    """A captive portal answers 200 with HTML; a redirect names the place that the reply gives."""
    replies = [meeting(Fault.WEB_PAGE), meeting(Fault.REDIRECT, location="https://other.invalid/v1")]
    async with Simulator(replies) as simulator, client(simulator) as http:
        page = await http.request(**wire.request())
        moved = await http.request(**wire.request())
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.text.startswith("<!DOCTYPE html>")
    assert (moved.status_code, moved.headers["location"]) == (307, "https://other.invalid/v1")


@pytest.mark.parametrize("fault", STATUS)
async def test_refusals_have_their_status_and_the_vendors_shape(wire, client, fault):
    """Each refusal has its status and an error in the vendor's shape; a bad gateway is a proxy's web page."""
    async with Simulator(meeting(fault)) as simulator, client(simulator) as http:
        response = await http.request(**wire.request())
    assert response.status_code == OWN_STATUS.get((wire.name, fault), STATUS[fault])
    if fault is Fault.BAD_GATEWAY:
        assert "<html>" in response.text
        return
    if (wire.name, fault) == ("gemini", Fault.CONTENT_FILTER):
        assert wire.documents(response.content)[0]["promptFeedback"]["blockReason"]
        return
    error = response.json()["error"]
    said = error if wire.name == "ollama" else error["message"]
    assert isinstance(said, str)
    assert said
    if wire.name == "anthropic":
        assert response.json()["type"] == "error"
        assert error["type"].endswith("_error")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            Fault.CONTEXT_LENGTH,
            {
                "openai": "context_length_exceeded",
                "anthropic": "prompt is too long",
                "ollama": "context length",
                "gemini": "exceeds the maximum number of tokens",
            },
        ),
        (
            Fault.QUOTA,
            {
                "openai": "insufficient_quota",
                "anthropic": "credit balance is too low",
                "ollama": "usage limit",
                "gemini": "PerDay",
            },
        ),
        (
            Fault.MODEL_NOT_FOUND,
            {
                "openai": "model_not_found",
                "anthropic": "not_found_error",
                "ollama": "model 'scripted-chat' not found",
                "azure": "DeploymentNotFound",
                "gemini": "models/scripted-chat is not found",
            },
        ),
        (
            Fault.UNAUTHORIZED,
            {
                "openai": "invalid_api_key",
                "anthropic": "authentication_error",
                "ollama": "unauthorized",
                "azure": "invalid subscription key",
                "gemini": "API_KEY_INVALID",
            },
        ),
        (Fault.OVERLOADED, {"openai": "overloaded", "anthropic": "overloaded_error", "ollama": "server busy"}),
        (
            Fault.CONTENT_FILTER,
            {
                "openai": "content_filter",
                "anthropic": "content filtering",
                "ollama": "content filter",
                "azure": "ResponsibleAIPolicyViolation",
                "gemini": "blockReason",
            },
        ),
    ],
)
async def test_refusals_can_be_told_apart_by_what_they_say(wire, client, fault, words):
    """Refusals with the same status differ in what the vendor says."""
    async with Simulator(meeting(fault)) as simulator, client(simulator) as http:
        response = await http.request(**wire.request())
    usual = words["openai"]
    assert words.get(wire.name, usual) in response.text


async def test_waiting_times_come_in_every_form(wire, client):
    """Retry-After comes as seconds, as milliseconds, as a date, or not at all."""
    faults = (
        Fault.RATE_LIMIT,
        Fault.RATE_LIMIT_SECONDS,
        Fault.RATE_LIMIT_MS,
        Fault.RATE_LIMIT_DATE,
        Fault.UNAVAILABLE,
        Fault.UNAVAILABLE_SECONDS,
    )
    async with Simulator([meeting(fault, retry_after=3) for fault in faults]) as simulator, client(simulator) as http:
        none, seconds, milliseconds, date, plain, unavailable = [
            (await http.request(**wire.request())).headers for _ in faults
        ]
    assert not {"retry-after", "retry-after-ms"} & {*none, *plain}
    assert (seconds["retry-after"], unavailable["retry-after"]) == ("3", "3")
    assert milliseconds["retry-after-ms"] == "3000"
    wait = parsedate_to_datetime(date["retry-after"]) - parsedate_to_datetime(date["date"])
    assert 2 <= wait.total_seconds() <= 4


async def test_lists_can_fail_too(client):
    """The calls that are no completions can meet a fault of their own."""
    async with Simulator(Reply(), list_fault=Fault.UNAUTHORIZED) as simulator, client(simulator) as http:
        assert (await http.get("/api/tags")).status_code == 401
        assert (await http.get("/v1/models")).status_code == 401


async def test_nobody_listens_at_a_closed_url():
    """A closed URL refuses every connection."""
    with closed_url() as url:
        async with httpx.AsyncClient(trust_env=False, verify=False) as http:
            with pytest.raises(httpx.ConnectError):
                await http.get(url)


async def test_a_short_delay_ends(wire, client, read):
    """After its delays the answer goes on to its end, no sooner than they add up to."""
    reply = Reply(text=("a", "b", "c"), before_headers=0.02, before_first=0.02, between=0.02)
    loop = asyncio.get_running_loop()
    async with Simulator(reply) as simulator, client(simulator) as http:
        start = loop.time()
        data, error = await read(http, wire.request())
        taken = loop.time() - start
    assert (wire.text(data), error) == ("abc", None)
    # A timer may fire one tick of the clock early.
    assert taken > 0.079


def test_every_fault_has_a_plain_name_and_a_sentence():
    """Faults are listed for `--help`: a lower-case name and what happens."""
    for fault in Fault:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fault)
        assert len(fault.summary) >= 3
        assert Fault(str(fault)) is fault
