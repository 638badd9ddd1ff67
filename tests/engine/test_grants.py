"""Grants: kept, renewed before their end, one renewal at a time, and never shown."""

from __future__ import annotations

import asyncio
import json
import logging
import stat
from contextlib import asynccontextmanager

import pytest

from dragoman.core.errors import AllCandidatesFailed, Authentication, NetworkError, ServerError
from dragoman.core.events import Done, Routed
from dragoman.core.settings import Settings
from dragoman.engine import grants
from dragoman.engine.access import FullAccess
from dragoman.engine.grants import Grants, Login
from dragoman.engine.loop import Engine
from dragoman.engine.workers import ThreadWorkers
from engine.virtual import Keys, Reply, ScriptedTransport, events_of, job, of_type, refuses, says, text_of, virtual_time

APP = Login("entra", "tenant", "app")
HOST = "login.microsoftonline.com"
SECRET = "the-long-lived-secret"
SECONDS = 5.0


class Wall:
    """Unix seconds that a test turns."""

    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        return self.now


class Noting(ScriptedTransport):
    """A script that remembers what each call was authorised with."""

    def __init__(self, **scripts):
        super().__init__(**scripts)
        self.bearers = []

    @asynccontextmanager
    async def stream(self, call, *, connect_seconds):
        headers = {name.lower(): value for name, value in call.headers}
        form = headers.get("content-type") == "application/x-www-form-urlencoded"
        self.bearers.append("form" if form else headers.get("authorization"))
        plain = call if not form else type(call)(call.method, call.url, call.headers)
        async with super().stream(plain, connect_seconds=connect_seconds) as response:
            yield response


class Inline:
    """`core.ports.Workers` without threads, for a loop whose time is not real."""

    async def run(self, function):
        return function()


def token(text, seconds=3600):
    """A token endpoint's answer."""
    return Reply((json.dumps({"access_token": text, "expires_in": seconds}).encode(),))


def grants_of(transport, wall=None, environment=None):
    """Grants over a script."""
    return Grants(transport, Inline(), environment or {}, wall or Wall())


@virtual_time
async def test_a_grant_is_asked_for_once_and_kept():
    """The second call finds the first one's grant; another credential gets its own."""
    transport = Noting(**{HOST: [token("one"), token("two")]})
    kept = grants_of(transport)
    assert (await kept.grant(APP, SECRET, SECONDS)).secret == "one"
    assert (await kept.grant(APP, SECRET, SECONDS)).secret == "one"
    assert (await kept.grant(APP, "another", SECONDS)).secret == "two"
    assert len(transport.calls) == 2


@pytest.mark.parametrize(("life", "margin"), [(3600, 300), (600, 120)])
@virtual_time
async def test_it_is_renewed_before_its_end(life, margin):
    """Five minutes before the end, or at four fifths of a short life, there is a new one."""
    wall = Wall()
    kept = grants_of(Noting(**{HOST: [token("one", life), token("two", life)]}), wall)
    await kept.grant(APP, SECRET, SECONDS)
    wall.now += life - margin - 1
    assert (await kept.grant(APP, SECRET, SECONDS)).secret == "one"
    wall.now += 1
    assert (await kept.grant(APP, SECRET, SECONDS)).secret == "two"


@virtual_time
async def test_a_renewal_that_fails_is_no_harm_while_the_old_one_lasts():
    """A fault at the login is borne until the end; then it is the error, without the secret."""
    wall = Wall()
    kept = grants_of(Noting(**{HOST: [token("one"), refuses(503)]}), wall)
    await kept.grant(APP, SECRET, SECONDS)
    wall.now += 3599
    assert (await kept.grant(APP, SECRET, SECONDS)).secret == "one"
    wall.now += 1
    with pytest.raises(ServerError):
        await kept.grant(APP, SECRET, SECONDS)


@virtual_time
async def test_a_login_that_is_refused_ends_the_old_grant():
    """A revoked login is told at once."""
    wall = Wall()
    kept = grants_of(Noting(**{HOST: [token("one"), refuses(401)]}), wall)
    await kept.grant(APP, SECRET, SECONDS)
    wall.now += 3500
    with pytest.raises(Authentication):
        await kept.grant(APP, SECRET, SECONDS)


@virtual_time
async def test_many_who_wait_share_one_renewal():
    """Ten requests at the same time are one call and one grant."""
    transport = Noting(**{HOST: [Reply(token("one").steps, before=(2.0,))]})
    kept = grants_of(transport)
    found = await asyncio.gather(*(kept.grant(APP, SECRET, SECONDS) for _ in range(10)))
    assert [grant.secret for grant in found] == ["one"] * 10
    assert len(transport.calls) == 1


@virtual_time
async def test_many_who_wait_share_one_failure():
    """A login with a fault is not asked ten times; the next request asks again."""
    transport = Noting(**{HOST: [Reply(refuses(500).steps, 500, {}, before=(2.0,)), token("mended")]})
    kept = grants_of(transport)
    found = await asyncio.gather(*(kept.grant(APP, SECRET, SECONDS) for _ in range(10)), return_exceptions=True)
    assert all(isinstance(one, ServerError) for one in found)
    assert len(transport.calls) == 1
    assert (await kept.grant(APP, SECRET, SECONDS)).secret == "mended"


@virtual_time
async def test_whoever_asked_first_may_leave():
    """A request that is cancelled while it renews leaves the others a renewal of their own."""
    transport = Noting(**{HOST: [Reply(before=(999.0,)), token("two")]})
    kept = grants_of(transport)
    first = asyncio.create_task(kept.grant(APP, SECRET, 100))
    await asyncio.sleep(1)
    second = asyncio.create_task(kept.grant(APP, SECRET, 100))
    await asyncio.sleep(1)
    first.cancel()
    assert (await second).secret == "two"
    assert not transport.open


@virtual_time
async def test_a_silent_login_ends_in_time():
    """No answer within the limit is a network error that names the host."""
    kept = grants_of(Noting(**{HOST: [Reply(before=(999.0,))]}))
    with pytest.raises(NetworkError, match=r"no login at https://login\.microsoftonline\.com within 5 s"):
        await kept.grant(APP, SECRET, SECONDS)


@virtual_time
async def test_nothing_of_it_is_logged_or_shown(caplog):
    """Neither the secret nor the grant is in the log or in a repr."""
    caplog.set_level(logging.DEBUG)
    kept = grants_of(Noting(**{HOST: [token("the-grant")]}))
    grant = await kept.grant(APP, SECRET, SECONDS)
    held = next(iter(kept._held.values()))
    for text in (caplog.text, repr(grant), repr(held), repr(APP)):
        assert SECRET not in text
        assert "the-grant" not in text


def access_of(transport):
    """Access over a script."""
    return FullAccess(transport, Inline(), {})


def engine_of(transport, provider, keys=None, **sections):
    """An engine with one provider that logs in, and its access."""
    provider = {"dialect": "openai", "base_url": "http://one/v1", "model": "m"} | provider
    settings = Settings.model_validate(
        {
            "providers": {"one": provider, "ollama": {"enabled": False}},
            "routing": {"fallback_order": ("one",), "prefer_local_for": (), "intents": {}},
            **sections,
        }
    )
    records = []
    engine = Engine(
        settings,
        transport,
        keys or Keys(one=SECRET),
        fraction=lambda: 0.5,
        on_attempt=records.append,
        access=access_of(transport),
    )
    return engine, records


ENTRA = {"auth": "entra", "tenant": "tenant", "client_id": "app"}


@virtual_time
async def test_the_provider_gets_the_grant_and_not_the_secret():
    """Two requests log in once; the provider never sees what the grant was got with."""
    transport = Noting(**{HOST: [token("granted")], "one": [says("fine")]})
    engine, _ = engine_of(transport, ENTRA)
    for _ in range(2):
        assert text_of(await events_of(engine, job())) == "fine"
    assert transport.bearers == ["form", "Bearer granted", "Bearer granted"]


@virtual_time
async def test_a_grant_that_ended_early_is_renewed_once():
    """A 401 for a grant that worked before leads to a new one, at once and on the same place."""
    transport = Noting(**{HOST: [token("old"), token("new")], "one": [says("a"), refuses(401, "expired"), says("b")]})
    engine, _ = engine_of(transport, ENTRA)
    await events_of(engine, job())
    events = await events_of(engine, job())
    assert text_of(events) == "b"
    assert transport.bearers == ["form", "Bearer old", "Bearer old", "form", "Bearer new"]
    assert len(of_type(events, Routed)) == 2
    assert isinstance(events[-1], Done)


@virtual_time
async def test_a_brand_new_grant_that_is_refused_is_not_renewed():
    """Then it is not the grant's age: the person reads what to check, once."""
    transport = Noting(**{HOST: [token("new")], "one": [refuses(401, "no access")]})
    engine, records = engine_of(transport, ENTRA)
    with pytest.raises(AllCandidatesFailed, match=r"no access; check providers\.one\.tenant, client_id"):
        await events_of(engine, job())
    assert transport.bearers == ["form", "Bearer new"]
    assert [record.outcome for record in records] == ["authentication"]


@virtual_time
async def test_a_refused_login_is_told_and_the_provider_not_asked():
    """The login's own words, and where to look; no call reaches the provider."""
    wrong = Reply((b'{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret."}',), 401, {})
    transport = Noting(**{HOST: [wrong], "one": [says("never")]})
    engine, _ = engine_of(transport, ENTRA)
    with pytest.raises(
        AllCandidatesFailed, match=r"AADSTS7000215: Invalid client secret; check providers\.one\.tenant"
    ) as failed:
        await events_of(engine, job())
    assert SECRET not in str(failed.value)
    assert transport.hosts == [HOST]


@virtual_time
async def test_copilot_moves_to_the_address_of_the_plan():
    """The grant's own address is used, with the headers that it wants, once the person has opted in."""
    answer = {"token": "tid", "expires_at": 1_900_000_000, "endpoints": {"api": "http://localhost"}}
    transport = Noting(**{"api.github.com": [Reply((json.dumps(answer).encode(),))], "localhost": [says("fine")]})
    settings = {"providers": {"copilot": {"enabled": True, "model": "m"}, "ollama": {"enabled": False}}}
    engine = Engine(Settings.model_validate(settings), transport, Keys(copilot="gho"), access=access_of(transport))
    assert text_of(await events_of(engine, job(provider="copilot"))) == "fine"
    assert transport.bearers == ["token gho", "Bearer tid"]


class TestCommand:
    """`az`, as a program of the test's own."""

    @pytest.fixture
    def az(self, tmp_path):
        """Writes a script that stands for the command, and gives the environment in which it is found."""

        def write(script):
            path = tmp_path / "az"
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
            return {"PATH": f"{tmp_path}:/usr/bin:/bin"}

        return write

    async def test_its_token_is_the_grant(self, az):
        """The command is started without a shell, with the resource as an argument."""
        environment = az('[ "$5" = --resource ] && echo \'{"accessToken": "tok", "expires_on": 1900000000}\'')
        kept = Grants(None, ThreadWorkers(), environment)
        assert (await kept.grant(Login("az"), "", SECONDS)).secret == "tok"

    async def test_a_failure_leads_to_its_login_and_repeats_nothing(self, az, caplog):
        """Whatever it prints stays unread and unlogged."""
        caplog.set_level(logging.DEBUG)
        environment = az("echo hush; echo hush >&2; exit 1")
        with pytest.raises(Authentication, match="`az account get-access-token` failed: run `az login`") as failed:
            await Grants(None, ThreadWorkers(), environment).grant(Login("az"), "", SECONDS)
        assert "hush" not in str(failed.value) + caplog.text

    async def test_a_missing_command_is_told(self, tmp_path):
        """Without `az` the person reads that it is missing."""
        with pytest.raises(Authentication, match="`az` can't be started: install it"):
            await Grants(None, ThreadWorkers(), {"PATH": str(tmp_path)}).grant(Login("az"), "", SECONDS)

    async def test_one_that_hangs_is_ended(self, az, monkeypatch):
        """Beyond its time limit it is killed."""
        monkeypatch.setattr(grants, "COMMAND_SECONDS", 0.1)
        with pytest.raises(NetworkError, match=r"no token within 0\.1 s"):
            await Grants(None, ThreadWorkers(), az("exec sleep 60")).grant(Login("az"), "", SECONDS)


class TestFiles:
    """Credentials files, and the key of Azure Arc."""

    FILE = '{"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}'

    @pytest.mark.parametrize(
        ("place", "variable"),
        [("PATH", ""), ("env:MINE", "PATH"), ("env:MINE", FILE), (None, "PATH")],
    )
    async def test_a_file_is_found_where_it_is_said_to_be(self, tmp_path, place, variable):
        """A path, a variable with a path, a variable with the text itself, and the usual variable all work."""
        path = tmp_path / "key.json"
        path.write_text(self.FILE)
        name = "MINE" if place else "GOOGLE_APPLICATION_CREDENTIALS"
        environment = {name: variable.replace("PATH", str(path))}
        login = Login("service_account", credentials=place and place.replace("PATH", str(path)))
        kept = grants_of(Noting(**{"oauth2.googleapis.com": [token("ya29")]}), environment=environment)
        assert (await kept.grant(login, "", SECONDS)).secret == "ya29"

    @pytest.mark.parametrize("place", ["/nowhere/key.json", "env:UNSET", None])
    @virtual_time
    async def test_a_missing_file_is_told(self, place):
        """What is not there is named by its path or its variable."""
        with pytest.raises(Authentication, match=r"nowhere/key\.json|UNSET|application_default_credentials"):
            await grants_of(Noting()).grant(Login("service_account", credentials=place), "", SECONDS)

    @virtual_time
    async def test_arc_reads_only_its_own_folder(self):
        """A challenge that names another file is refused, and that file is not sent."""
        challenge = Reply((), 401, {"www-authenticate": "Basic realm=/etc/passwd"})
        transport = Noting(localhost=[challenge])
        environment = {"IDENTITY_ENDPOINT": "http://localhost/token", "IMDS_ENDPOINT": "x"}
        with pytest.raises(Authentication, match="a file that is not its own"):
            await grants_of(transport, environment=environment).grant(Login("managed_identity"), "", SECONDS)
        assert len(transport.calls) == 1

    async def test_arc_sends_the_text_of_its_file(self, tmp_path, monkeypatch):
        """The second call carries what the challenge's file holds."""
        monkeypatch.setattr(grants, "ARC_FOLDER", tmp_path)
        (tmp_path / "a.key").write_text("arc-key\n")
        challenge = Reply((), 401, {"www-authenticate": f"Basic realm={tmp_path / 'a.key'}"})
        transport = Noting(localhost=[challenge, token("tok")])
        environment = {"IDENTITY_ENDPOINT": "http://localhost/token", "IMDS_ENDPOINT": "x"}
        kept = grants_of(transport, environment=environment)
        assert (await kept.grant(Login("managed_identity"), "", SECONDS)).secret == "tok"
        assert transport.bearers == [None, "Basic arc-key"]
