"""The device flow over real sockets against a scripted authorisation server, well-behaved and otherwise."""

from __future__ import annotations

import asyncio
import time

import pytest

from dragoman.core.errors import Authentication, NetworkError, ProviderError
from dragoman.engine import device_login
from dragoman.engine.device_login import DeviceLogins
from dragoman.engine.http import HttpTransport
from dragoman.engine.workers import ThreadWorkers
from dragoman.providers.device_flow import Client, SavedLogin
from dragoman.simulator.device_auth import REFRESH_TOKEN, TOKEN, USER_CODE, DeviceAuthServer, Turn

FAULTS = [Turn.LOST, Turn.RESET, Turn.GARBAGE, Turn.BROKEN, Turn.FAULT]


class TurnedClock:
    """Nobody waits: sleeping turns it."""

    def __init__(self):
        self.time = 100.0

    def now(self):
        return self.time

    async def sleep(self, seconds):
        self.time += seconds


@pytest.fixture
async def transport():
    """Real HTTP."""
    workers = ThreadWorkers()
    transport = HttpTransport(workers)
    yield transport
    await transport.close()
    workers.close()


async def logged_in(transport, **script):
    """What comes of a login by that script: the login, or the error; the server; the codes shown."""
    clock, shown = TurnedClock(), []
    async with DeviceAuthServer(clock=clock.now, **script) as server:
        logins = DeviceLogins(transport, clock)
        try:
            outcome = await logins.login(Client("scripted-client", server.url, "read:user"), shown.append)
        except ProviderError as error:
            outcome = error
    return outcome, server, shown


@pytest.mark.parametrize("strict", [False, True])
async def test_a_person_enters_the_code(transport, strict):
    """Code and page are shown, and after some polls at the server's interval there is a token."""
    polls = [Turn.PENDING, Turn.PENDING, Turn.GRANTED]
    login, server, (code,) = await logged_in(transport, polls=polls, strict=strict)
    assert login.token == f"{TOKEN}1"
    assert (code.user_code, code.page) == (USER_CODE, f"{server.url}/login/device")
    assert server.polled_at == [105, 110, 115]
    assert server.requests[0] == {"client_id": "scripted-client", "scope": "read:user"}


async def test_slow_down_is_obeyed(transport):
    """Each `slow_down` makes all later polls five seconds rarer, and then there is no more of them."""
    polls = [Turn.SLOW_DOWN, Turn.PENDING, Turn.SLOW_DOWN, Turn.GRANTED]
    login, server, _ = await logged_in(transport, polls=polls)
    assert login.token
    assert server.polled_at == [105, 115, 125, 140]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_in_mid_poll_is_ridden_out(transport, fault):
    """A network that breaks, and answers that can't be read, make polls rarer until the server is itself again."""
    polls = [Turn.PENDING, fault, fault, Turn.PENDING, Turn.GRANTED]
    login, server, _ = await logged_in(transport, polls=polls)
    assert login.token
    assert server.polled_at == [105, 110, 120, 140, 145]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (Turn.DENIED, "the login was denied"),
        (Turn.EXPIRED, "the code ran out before it was entered"),
        (Turn.REFUSED, "the login is refused"),
    ],
)
async def test_the_end_of_it_is_told(transport, turn, words, strict):
    """A denial, a code that ran out and a refusal each end the login at once, in one line."""
    error, server, _ = await logged_in(transport, polls=[Turn.PENDING, turn], strict=strict)
    assert isinstance(error, Authentication)
    assert words in str(error)
    assert "\n" not in str(error)
    assert len(server.polled_at) == 2


async def test_a_code_that_is_never_entered(transport):
    """When the code has run out nobody polls any more, whatever the server would say."""
    error, server, _ = await logged_in(transport, polls=[Turn.PENDING], seconds=30)
    assert "ran out" in str(error)
    assert server.polled_at == [105, 110, 115, 120, 125]


async def test_a_network_that_never_comes_back(transport):
    """The code runs out; the person reads what the last try met."""
    error, server, _ = await logged_in(transport, polls=[Turn.LOST], seconds=300)
    assert "the code ran out before it was entered; the last try: " in str(error)
    assert "closed the connection" in str(error)
    assert max(later - former for former, later in zip(server.polled_at, server.polled_at[1:], strict=False)) == 60


@pytest.mark.parametrize("turn", [*FAULTS, Turn.REFUSED])
async def test_no_code_to_be_had(transport, turn):
    """Where there is no code, that is told at once and nothing is shown."""
    error, server, shown = await logged_in(transport, codes=[turn])
    assert isinstance(error, ProviderError)
    assert not shown
    assert not server.polled_at


@pytest.mark.parametrize("where", ["codes", "polls"])
async def test_an_answer_that_never_comes(transport, monkeypatch, where):
    """Silence is waited for a limited time: at first it ends the login, in mid-poll it is one lost poll."""
    monkeypatch.setattr(device_login, "ANSWER_SECONDS", 0.2)
    outcome, server, _ = await logged_in(transport, **{where: [Turn.SILENT, Turn.GRANTED]})
    if where == "codes":
        assert isinstance(outcome, NetworkError)
        assert f"no answer from {server.url} within 0.2 s" in str(outcome)
    else:
        assert outcome.token == f"{TOKEN}1"


async def test_a_client_that_the_server_does_not_know(transport):
    """The server's own words reach the person."""
    error, _, _ = await logged_in(transport, client_id="another")
    assert "the login is refused: The request is answered with incorrect_client_credentials" in str(error)


async def test_leaving_in_mid_poll(transport):
    """Who gives up while a poll hangs is rid of it at once."""
    clock = TurnedClock()
    async with DeviceAuthServer(clock=clock.now, polls=[Turn.SILENT]) as server:
        logins = DeviceLogins(transport, clock)
        task = asyncio.create_task(logins.login(Client("scripted-client", server.url), lambda _: None))
        while not server.polled_at:  # noqa: ASYNC110 - a socket takes its own time
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


class TestRenewal:
    @pytest.fixture
    async def renewing(self, transport):
        """Logs in at a server whose tokens end, and gives a way to renew."""

        async def start(server):
            logins = DeviceLogins(transport, TurnedClock())
            return await logins.login(Client("scripted-client", server.url), lambda _: None), logins

        return start

    async def test_a_token_is_renewed(self, renewing):
        """The new login has a new token, a new refresh token and a new end."""
        async with DeviceAuthServer(lifetime=28800, interval=0.001) as server:
            first, logins = await renewing(server)
            assert 28000 < first.expires_at - time.time() <= 28800
            second = await logins.renewed(first)
            assert (second.token, second.refresh_token) == (f"{TOKEN}2", f"{REFRESH_TOKEN}2")
            assert second.client == first.client

    async def test_a_refresh_token_is_good_for_once(self, renewing):
        """Used a second time it is refused, and the person reads that."""
        async with DeviceAuthServer(lifetime=28800, interval=0.001) as server:
            first, logins = await renewing(server)
            await logins.renewed(first)
            with pytest.raises(Authentication, match="the login is refused"):
                await logins.renewed(first)

    @pytest.mark.parametrize("fault", FAULTS)
    async def test_a_fault_is_no_refusal(self, renewing, fault):
        """A fault while renewing leaves it open whether the login still holds."""
        async with DeviceAuthServer(lifetime=28800, interval=0.001, renewals=[fault]) as server:
            first, logins = await renewing(server)
            with pytest.raises(ProviderError) as failed:
                await logins.renewed(first)
            assert not isinstance(failed.value, Authentication)


async def test_nothing_secret_is_shown(transport, caplog):
    """Tokens and codes for machines are in no repr and no log."""
    caplog.set_level("DEBUG")
    login, server, (code,) = await logged_in(transport, lifetime=28800)
    assert isinstance(login, SavedLogin)
    told = f"{login!r} {code!r} {caplog.text}"
    for secret in (login.token, login.refresh_token, code.device_code, server.requests[-1]["device_code"]):
        assert secret not in told
