"""Logging in by the device flow and keeping such logins fresh, in virtual time: who is asked when, what is stored."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from dragoman.core.errors import Authentication, NetworkError, ServerError
from dragoman.engine.clock import LoopClock
from dragoman.engine.device_login import DeviceLogins
from dragoman.engine.http import Response
from dragoman.engine.key_lookup import Found, Manner, SlowPlace
from dragoman.engine.keys import Keys, KeySpec
from dragoman.engine.login_renewal import LoginRenewal
from dragoman.providers.device_flow import Client, SavedLogin, saved_login
from engine.virtual import virtual_time

CLIENT = Client("client", "https://login")
NOW = 1_700_000_000.0
HOUR = 3600.0


class Answers:
    """A transport that gives answers in turn, the last one for ever: JSON, seconds to hang, or an error."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked_at = []

    @asynccontextmanager
    async def stream(self, call, *, connect_seconds):
        self.asked_at.append(asyncio.get_running_loop().time() - 1000)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int | float):
            await asyncio.sleep(answer)
        yield Response(200, {}, _body(answer))


async def _body(answer):
    yield json.dumps(answer).encode()


CODE = {"device_code": "d", "user_code": "U", "verification_uri": "https://page", "expires_in": 900, "interval": 5}
PENDING = {"error": "authorization_pending"}
TOKEN = {"access_token": "gho_token"}


def logins_of(*answers):
    """Logins at a server with these answers after the code."""
    transport = Answers(CODE, *answers)
    return DeviceLogins(transport, LoopClock(), lambda: NOW), transport


class TestPolls:
    @virtual_time
    async def test_the_interval_is_kept(self):
        """The code is shown first; then there is one poll an interval, and none after the token."""
        logins, transport = logins_of(PENDING, PENDING, TOKEN)
        shown = []
        login = await logins.login(CLIENT, shown.append)
        assert (login.token, [code.user_code for code in shown]) == ("gho_token", ["U"])
        assert transport.asked_at == [0, 5, 10, 15]

    @virtual_time
    async def test_an_answer_that_hangs_is_one_lost_poll(self):
        """After ten seconds it is given up, and the next poll comes later than usual (RFC 8628, 3.5)."""
        logins, transport = logins_of(PENDING, 99, TOKEN)
        assert (await logins.login(CLIENT, lambda _: None)).token == "gho_token"
        assert transport.asked_at == [0, 5, 10, 30]

    @virtual_time
    async def test_a_server_that_asks_for_patience_gets_it(self):
        """Retry-After is kept, however long."""
        logins, transport = logins_of(ServerError("busy", retry_after=120.0), TOKEN)
        await logins.login(CLIENT, lambda _: None)
        assert transport.asked_at == [0, 5, 125]

    @virtual_time
    async def test_the_end_of_the_code_is_the_end(self):
        """Nobody polls past it, and the wait for it is not longer than the code lasts."""
        logins, transport = logins_of(PENDING)
        with pytest.raises(Authentication, match=r"ran out before it was entered$"):
            await logins.login(CLIENT, lambda _: None)
        assert transport.asked_at[-1] <= 900
        assert len(transport.asked_at) == 180

    @virtual_time
    async def test_who_gives_up_leaves_nothing_behind(self):
        """Cancelling ends the polls."""
        logins, transport = logins_of(PENDING)
        task = asyncio.create_task(logins.login(CLIENT, lambda _: None))
        await asyncio.sleep(12)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(60)
        assert transport.asked_at == [0, 5, 10]


class Store:
    """Where the login lies; other windows write there too."""

    def __init__(self, login, *, locked=False):
        self.text = login if isinstance(login, str) else login.text()
        self.locked = locked

    def read(self, _entry):
        return self.text

    def write(self, _entry, value):
        if self.locked:
            raise PermissionError
        self.text = value


class Server:
    """Renews logins: each refresh token once, or with an error."""

    def __init__(self, error=None):
        self.error = error
        self.asked = []

    async def __call__(self, login):
        self.asked.append(login.refresh_token)
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        number = len(self.asked)
        return SavedLogin(f"token-{number}", login.client, f"refresh-{number}", login.expires_at + 8 * HOUR)


def saved(seconds_left, refresh="refresh-0"):
    """A login that ends so many seconds from now."""
    return SavedLogin("token-0", CLIENT, refresh, NOW + seconds_left)


class Case:
    """A login in a place, its renewal, and the time."""

    def __init__(self, login, error=None, *, locked=False):
        self.store = Store(login, locked=locked)
        self.server = Server(error)
        self.now = NOW
        self.place = SlowPlace(Manner("vault", waits=5.0), LoopClock(), self.store.read, self.store.write)
        self.renewal = LoginRenewal(self.server, lambda: self.now)

    async def usable(self):
        """What a request gets."""
        return await self.renewal.usable("github", await self.place.find("github"), self.place)


class TestRenewal:
    async def test_a_plain_key_is_left_alone(self):
        """What is no login is used as it is."""
        case = Case("sk-key")
        assert await case.usable() == Found("vault", "sk-key")

    @pytest.mark.parametrize("login", [saved(301), SavedLogin("token-0", CLIENT), saved(301, "")])
    async def test_a_fresh_one_is_used(self, login):
        """A token that lasts, or that has no end, is not renewed."""
        case = Case(login)
        assert await case.usable() == Found("vault", "token-0")
        assert case.server.asked == []

    async def test_it_is_renewed_before_its_end_and_stored(self):
        """Five minutes before the end there is a new token, and the place holds what renews that one."""
        case = Case(saved(299))
        assert (await case.usable()).value == "token-1"
        assert saved_login(case.store.text).refresh_token == "refresh-1"
        assert (await case.usable()).value == "token-1"
        case.now += 8 * HOUR
        assert (await case.usable()).value == "token-2"
        assert case.server.asked == ["refresh-0", "refresh-1"]

    async def test_many_requests_are_one_renewal(self):
        """Whoever waits gets what the first one got."""
        case = Case(saved(10))
        found = await asyncio.gather(*(case.usable() for _ in range(10)))
        assert {one.value for one in found} == {"token-1"}
        assert case.server.asked == ["refresh-0"]

    async def test_another_window_has_renewed_it(self):
        """The place is read again before the server is asked: a refresh token is good for once."""
        case = Case(saved(10))
        await case.place.find("github")
        case.store.text = SavedLogin("token-9", CLIENT, "refresh-9", NOW + HOUR).text()
        assert (await case.usable()).value == "token-9"
        assert case.server.asked == []

    async def test_another_window_was_quicker(self):
        """Where the refresh token was used meanwhile, the other window's token is taken."""
        case = Case(saved(-1), Authentication("used"))

        async def too_late(login):
            case.store.text = SavedLogin("token-9", CLIENT, "refresh-9", NOW + HOUR).text()
            raise Authentication("used")

        case.renewal = LoginRenewal(too_late, lambda: NOW)
        assert (await case.usable()).value == "token-9"

    @pytest.mark.parametrize("error", [NetworkError("no network"), Authentication("revoked")])
    async def test_a_failure_is_no_harm_while_the_token_lasts(self, error):
        """The old token is used to its end, and the server asked once a minute, not at every request."""
        case = Case(saved(200), error)
        assert [(await case.usable()).value for _ in range(3)] == ["token-0"] * 3
        assert len(case.server.asked) == 1
        case.now += 61
        assert (await case.usable()).value == "token-0"
        assert len(case.server.asked) == 2

    async def test_a_refusal_after_the_end_is_the_end(self):
        """The person reads how to log in again."""
        found = await Case(saved(-1), Authentication("revoked")).usable()
        assert found == Found("vault", fault="holds a login that has ended: run `dragoman auth login github`")

    async def test_a_fault_after_the_end_may_pass(self):
        """There is no token for now, and the next request tries again."""
        case = Case(saved(-1), NetworkError("no network"))
        assert (await case.usable()).fault == "holds a login that can't be renewed now: no network"
        case.server.error = None
        assert (await case.usable()).value == "token-2"

    @pytest.mark.parametrize(("left", "value"), [(100, "token-0"), (-1, None)])
    async def test_one_that_can_not_be_renewed(self, left, value):
        """Without a refresh token it lasts to its end."""
        found = await Case(saved(left, "")).usable()
        assert found.value == value
        assert bool(found.fault) == (value is None)

    async def test_a_place_that_does_not_take_it(self, caplog):
        """The new token is used all the same, and the log says what will come of it, without the token."""
        case = Case(saved(10), locked=True)
        assert (await case.usable()).value == "token-1"
        assert (await case.usable()).value == "token-1"
        assert "the renewed login of github could not be stored" in caplog.text
        assert "token-1" not in caplog.text

    async def test_a_place_that_is_locked_meanwhile(self):
        """The token that is known is used to its end."""
        case = Case(saved(100))
        await case.place.find("github")

        def locked(_entry):
            raise PermissionError

        case.place._read = locked
        assert [(await case.usable()).value for _ in range(2)] == ["token-0"] * 2
        case.now += 101
        assert (await case.usable()).fault == "failed (PermissionError)"

    async def test_one_that_was_deleted_meanwhile(self):
        """A logout in another window counts."""
        case = Case(saved(10))
        await case.place.find("github")
        case.store.text = ""
        assert (await case.usable()).value is None
        assert case.server.asked == []


async def test_keys_give_the_renewed_token():
    """Whoever asks for the provider's key gets a fresh token, never the login that lies in the place."""
    case = Case(saved(10))

    class Vault:
        get = staticmethod(case.store.read)
        set = staticmethod(case.store.write)

    keys = Keys({"github": KeySpec("vault")}, {}, LoopClock(), {"vault": Vault()}, renewal=case.renewal)
    assert await keys.secret("github") == "token-1"
    assert await keys.describe("github") == (True, "vault")
