"""What the simulator sees of its clients, and how it comes and goes."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from dragoman.simulator import Fault, Reply, Simulator
from simulator_thread import in_thread

LONG = Reply(text=("word ",) * 1000, between=0.01)
SECRET = "sk-very-secret"


@pytest.mark.parametrize("reply", [LONG, Reply(fault=Fault.STALL), Reply(fault=Fault.HANG_FIRST_TOKEN)])
async def test_a_client_that_hangs_up_is_noticed_at_once(wire, client, reply):
    """Whether tokens flow or not, a hang-up is noticed long before more is due, and the answer is not whole."""
    async with Simulator(reply) as simulator, client(simulator) as http:
        async with http.stream(**wire.request()):
            call = await simulator.completion()
            assert not call.hung_up.is_set()
        left_at = asyncio.get_running_loop().time()
        await asyncio.wait_for(call.hung_up.wait(), 5)
        assert abs(call.hung_up_at - left_at) < 1
        assert not call.sent_whole


async def test_a_client_that_hears_all_has_not_hung_up(wire, client):
    """Closing the connection after a whole answer is no hang-up."""
    async with Simulator(Reply()) as simulator:
        async with client(simulator) as http:
            await http.request(**wire.request())
        await asyncio.sleep(0)
        call = simulator.calls[0]
    assert (call.sent_whole, call.hung_up.is_set(), call.hung_up_at) == (True, False, None)


async def test_a_completion_can_be_waited_for(wire, client):
    """`completion` waits until the call with that number has arrived."""
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        waiting = asyncio.create_task(simulator.completion(1))
        await http.request(**wire.request(**wire.says("first")))
        assert not waiting.done()
        await http.get("/v1/models")
        await http.request(**wire.request(**wire.says("second")))
        call = await asyncio.wait_for(waiting, 1)
    assert (call.model, call.prompt) == ("scripted-chat", "second")


async def test_calls_show_what_was_asked(wires, client):
    """A call gives model, standing instructions and prompt, whichever way the dialect writes them."""
    parts = [{"type": "text", "text": "Say "}, {"type": "text", "text": "hi."}]
    turns = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "no"},
        {"role": "user", "content": parts},
    ]
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        await http.request(**wires["anthropic"].request(messages=turns, system=[{"type": "text", "text": "Be brief."}]))
        system = {"role": "system", "content": "Be brief."}
        await http.request(**wires["openai"].request(messages=[system, *turns]))
    for call in simulator.calls:
        assert (call.model, call.system, call.prompt) == ("scripted-chat", "Be brief.", "Say hi.")
    assert [call.dialect for call in simulator.calls] == ["anthropic", "openai"]


async def test_a_calls_repr_holds_neither_key_nor_prompt(wires, client):
    """What a failing test prints of a call holds no key and no prompt."""
    request = wires["openai"].request(messages=[{"role": "user", "content": "private code"}])
    request["headers"] = {"authorization": f"Bearer {SECRET}"}
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        await http.request(**request)
    assert simulator.calls[0].headers["authorization"].endswith(SECRET)
    assert SECRET not in repr(simulator.calls)
    assert "private" not in repr(simulator.calls)


async def test_one_connection_carries_many_calls(wire, client):
    """Connections are kept alive from call to call."""
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        for _ in range(5):
            await http.request(**wire.request())
        assert len(simulator._connections) == 1
    assert len(simulator.calls) == 5


async def test_the_end_closes_everything_within_a_moment(wire, client):
    """Leaving the block closes hanging and idle connections at once, and the client notices."""
    async with client_for_many() as http:
        async with Simulator(Reply(fault=Fault.STALL)) as simulator:
            url = simulator.url + wire.path
            asking = [asyncio.create_task(http.request(**wire.request() | {"url": url})) for _ in range(5)]
            await simulator.completion(4)
            start = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - start < 0.5
        outcomes = await asyncio.gather(*asking, return_exceptions=True)
        assert all(isinstance(outcome, httpx.HTTPError) for outcome in outcomes)
        with pytest.raises(httpx.ConnectError):
            await http.request(**wire.request() | {"url": url})


def client_for_many():
    """A client that belongs to no simulator, so that it can outlive one."""
    return httpx.AsyncClient(trust_env=False, verify=False, timeout=5)


async def test_a_script_that_raises_is_reported_at_the_end(wire, client, read):
    """A mistake in a script closes the connection and is raised where the simulator was started."""

    def mistaken(call):
        raise ValueError(call.model)

    with pytest.raises(ValueError, match="scripted-chat"):  # noqa: PT012 - the block is what is tested
        async with Simulator(mistaken) as simulator, client(simulator) as http:
            _, error = await read(http, wire.request())
            assert isinstance(error, httpx.HTTPError)


async def test_a_thousand_pieces_leave_others_their_turn(wire, client, read):
    """A long answer without pauses does not hold up another client on the same loop."""
    replies = [Reply(text=("x",) * 5_000), Reply(text=("short",))]
    async with Simulator(replies) as simulator, client(simulator) as http:
        long_answer = asyncio.create_task(read(http, wire.request()))
        await simulator.completion()
        data, _ = await read(http, wire.request())
        assert wire.text(data) == "short"
        assert not long_answer.done()
        data, _ = await long_answer
        assert wire.text(data) == "x" * 5_000


def test_a_simulator_runs_beside_a_synchronous_test(wire):
    """In a thread the simulator serves tests that have no event loop."""
    simulator = Simulator([Reply(), Reply(fault=Fault.STALL)])
    with in_thread(simulator) as run, httpx.Client(base_url=simulator.url, trust_env=False, verify=False) as http:
        assert http.request(**wire.request()).status_code == 200
        with http.stream(**wire.request()):
            call = run(simulator.completion(1))
        run(call.hung_up.wait())
    assert call.hung_up_at is not None
