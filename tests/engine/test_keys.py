"""Where keys are found, what is said where there is none, and that no place of keys can hold a request up."""

import asyncio
import importlib
import logging
import os
import sys
import threading
import types

import pytest
from blockbuster import blockbuster_ctx

from dragoman.core.settings import Provider, Routing, Settings
from dragoman.engine import keyring_door
from dragoman.engine.key_command import command_environment, printed_key
from dragoman.engine.key_lookup import KeyPlaceTrouble, Manner, SlowPlace
from dragoman.engine.keyring_door import OsKeyring
from dragoman.engine.keys import Keys, KeySpec, _variables, key_specs
from dragoman.engine.login_renewal import LoginRenewal
from dragoman.providers import PRESETS

KEY = "sk-ant-api03-Zt9pQ4mW7xKe2LrB"
USUAL = KeySpec(variables=("FIRST_API_KEY", "SECOND_API_KEY"), stores=("keyring", "vault"))
KEYRING = KeySpec(reference="keyring")


class FixedClock:
    """A clock that stands until it is turned."""

    def __init__(self):
        self.time = 100.0

    def now(self):
        return self.time

    async def sleep(self, seconds):
        self.time += seconds


class FakeKeyring:
    """A keyring of entries by user that counts how often it is asked; an exception as entry is raised."""

    def __init__(self, **entries):
        self.entries = entries
        self.asked = []

    def get(self, user):
        self.asked.append(user)
        entry = self.entries.get(user)
        if isinstance(entry, Exception):
            raise entry
        return entry

    def set(self, user, secret):
        self.entries[user] = secret

    def delete(self, user):
        return self.entries.pop(user, None) is not None

    def is_there(self):
        return True


class HangingKeyring(FakeKeyring):
    """A keyring that answers when it is unlocked, and not before."""

    def __init__(self, answer=KEY):
        super().__init__()
        self.unlocked = threading.Event()
        self.answer = answer

    def get(self, user):
        self.asked.append(user)
        self.unlocked.wait(30)
        return self.answer


@pytest.fixture
def clock():
    """A clock that stands."""
    return FixedClock()


@pytest.fixture
def hanging():
    """A keyring that is locked until the test ends."""
    keyring = HangingKeyring()
    yield keyring
    keyring.unlocked.set()


async def unneeded(login):
    """A renewal that no test here wants."""
    raise AssertionError(login)


def keys_of(clock, keyring=None, environment=None, limit=5.0, vault=None, **specs):
    """Keys of these specs; keyring and vault are empty where none is given."""
    stores = {"keyring": keyring or FakeKeyring(), "vault": vault or FakeKeyring()}
    return Keys(specs, environment or {}, clock, stores, renewal=LoginRenewal(unneeded), limit_seconds=limit)


class TestEnvironment:
    async def test_usual_variables_in_turn(self, clock):
        """The first of the usual variables that is set wins, and the keyring is not asked."""
        keyring = FakeKeyring(some="other")
        keys = keys_of(clock, keyring, {"FIRST_API_KEY": " ", "SECOND_API_KEY": KEY}, some=USUAL)
        assert await keys.secret("some") == KEY
        assert await keys.describe("some") == (True, "environment variable SECOND_API_KEY")
        assert keyring.asked == []

    async def test_reference_names_the_only_variable(self, clock):
        """A reference env:NAME is the only place that counts."""
        environment = {"FIRST_API_KEY": "other", "WORK_KEY": KEY}
        keys = keys_of(clock, None, environment, some=KeySpec("env:WORK_KEY", ("FIRST_API_KEY",), ("keyring",)))
        assert await keys.secret("some") == KEY
        absent = keys_of(
            clock, FakeKeyring(some=KEY), {"FIRST_API_KEY": KEY}, some=KeySpec("env:WORK_KEY", ("FIRST_API_KEY",))
        )
        assert await absent.secret("some") is None
        assert await absent.describe("some") == (False, "none: set WORK_KEY")

    @pytest.mark.parametrize(
        ("value", "fault"),
        [
            (f"{KEY}\n", "a space or a line break"),
            (f" {KEY}", "a space or a line break"),
            (f"{KEY}\r", "a space or a line break"),
            (f"{KEY}é", "characters that no key has"),
            (f"{KEY}\x00", "characters that no key has"),
            (f"{KEY}\udcff", "characters that no key has"),
        ],
    )
    async def test_value_that_can_be_no_key(self, clock, value, fault):
        """A variable with a line break, a space or strange characters is refused by its name, without its value."""
        keys = keys_of(clock, FakeKeyring(some="other"), {"FIRST_API_KEY": value}, some=USUAL)
        present, where = await keys.describe("some")
        assert await keys.secret("some") is None
        assert not present
        assert f"environment variable FIRST_API_KEY holds {fault}" in where
        assert keys.fault("some") in where
        assert KEY not in where


class TestKeyring:
    async def test_keyring_after_the_variables(self, clock):
        """With no variable set the key comes from the OS keyring, which is asked once."""
        keyring = FakeKeyring(some=KEY)
        keys = keys_of(clock, keyring, some=USUAL)
        assert await keys.secret("some") == KEY
        clock.time += 100_000
        assert await keys.describe("some") == (True, "OS keyring")
        assert keyring.asked == ["some"]

    async def test_absence_is_believed_for_a_while(self, clock):
        """A key that is not there is looked for again after a minute, not at every request."""
        keyring = FakeKeyring()
        keys = keys_of(clock, keyring, some=USUAL)
        assert await keys.secret("some") is None
        present, where = await keys.describe("some")
        assert (present, where) == (False, "none: set FIRST_API_KEY or run `dragoman auth login some`")
        assert keyring.asked == ["some"]
        keyring.entries["some"] = KEY
        clock.time += 61
        assert await keys.secret("some") == KEY

    async def test_forgotten_key_is_looked_up_afresh(self, clock):
        """After `forget`, a key that was changed in the keyring is found."""
        keyring = FakeKeyring(some="old")
        keys = keys_of(clock, keyring, some=KEYRING)
        assert await keys.secret("some") == "old"
        keyring.entries["some"] = KEY
        keys.forget("some")
        assert await keys.secret("some") == KEY

    async def test_keyring_is_not_asked_where_nobody_wants_it(self, clock):
        """A provider without need for a key never costs a look at the keyring."""
        keyring = FakeKeyring(some=KEY)
        keys = keys_of(clock, keyring, some=KeySpec(variables=("X",)))
        assert await keys.secret("some") is None
        assert await keys.secret("unheard-of") is None
        assert await keys.describe("unheard-of") == (False, "none: run `dragoman auth login unheard-of`")
        assert keyring.asked == []

    async def test_stored_value_that_can_be_no_key(self, clock):
        """A keyring's entry with a line break is refused by its place."""
        keys = keys_of(clock, FakeKeyring(some=f"{KEY}\n"), some=USUAL)
        present, where = await keys.describe("some")
        assert not present
        assert "OS keyring holds a space or a line break" in where
        assert KEY not in where

    async def test_locked_keyring_is_left_alone_for_all(self, clock):
        """A keyring that raises is absent for every provider for minutes: no prompt comes up again and again."""
        keyring_locked = type("KeyringLocked", (Exception,), {})
        keyring = FakeKeyring(some=keyring_locked(KEY), other=KEY)
        keys = keys_of(clock, keyring, some=USUAL, other=USUAL)
        assert await keys.secret("some") is None
        assert await keys.secret("other") is None
        assert await keys.describe("other") == (False, "none: OS keyring is locked: unlock it; or set FIRST_API_KEY")
        assert keyring.asked == ["some"]
        clock.time += 301
        assert await keys.secret("other") == KEY

    async def test_error_of_a_backend_is_named_only(self, clock):
        """Whatever a backend raises becomes its name; its message, which may hold anything, is not repeated."""
        keys = keys_of(clock, FakeKeyring(some=ZeroDivisionError(KEY)), some=KEYRING)
        present, where = await keys.describe("some")
        assert not present
        assert "OS keyring failed (ZeroDivisionError)" in where
        assert KEY not in where


class TestHangingKeyring:
    async def test_request_goes_on_without_it(self, clock, hanging):
        """A keyring that does not answer is absent after the time limit, and at once for whoever asks next."""
        keys = keys_of(clock, hanging, limit=0.01, some=USUAL, other=USUAL)
        assert await keys.secret("some") is None
        assert await asyncio.gather(keys.secret("some"), keys.secret("other")) == [None, None]
        assert await keys.describe("some") == (
            False,
            "none: OS keyring does not answer: unlock it; or set FIRST_API_KEY",
        )
        assert hanging.asked == ["some"]

    async def test_late_answer_is_kept(self, clock, hanging):
        """A key that comes after the time limit is there for the next request, without another look-up."""
        keys = keys_of(clock, hanging, limit=0.01, some=USUAL)
        assert await keys.secret("some") is None
        hanging.unlocked.set()
        while not await keys.secret("some"):  # noqa: ASYNC110 - the thread ends at its own time
            await asyncio.sleep(0)
        assert await keys.secret("some") == KEY
        assert hanging.asked == ["some"]

    async def test_cancelled_request_leaves_the_look_up_to_others(self, clock, hanging):
        """Who is cancelled while the keyring is asked takes nothing away from the next one."""
        keys = keys_of(clock, hanging, some=USUAL)
        first = asyncio.create_task(keys.secret("some"))
        while not hanging.asked:  # noqa: ASYNC110 - the thread begins at its own time
            await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        second = asyncio.create_task(keys.secret("some"))
        await asyncio.sleep(0)
        hanging.unlocked.set()
        assert await second == KEY
        assert hanging.asked == ["some"]

    def test_loop_may_end_before_the_answer(self, clock, hanging):
        """An answer that comes after the event loop has closed is dropped in silence, and nothing waits for it."""
        keys = keys_of(clock, hanging, limit=0.01, some=KEYRING)
        assert asyncio.run(keys.secret("some")) is None
        (thread,) = [thread for thread in threading.enumerate() if thread.name == "keys" and thread.is_alive()]
        assert thread.daemon
        hanging.unlocked.set()
        thread.join(30)
        assert not thread.is_alive()

    async def test_event_loop_does_not_block(self, clock):
        """Looking a key up makes no blocking call on the event loop."""
        keys = keys_of(clock, FakeKeyring(some=KEY), some=USUAL)
        with blockbuster_ctx("dragoman"):
            assert await keys.secret("some") == KEY


class TestKnownKey:
    async def test_it_is_used_while_the_place_is_locked(self, clock):
        """A place that has been locked since takes no key away that was found before."""
        keyring = FakeKeyring(some=KEY, other=type("KeyringLocked", (Exception,), {})())
        keys = keys_of(clock, keyring, some=KEYRING, other=KEYRING)
        assert await keys.secret("some") == KEY
        assert await keys.secret("other") is None
        assert await keys.secret("some") == KEY

    async def test_it_is_used_while_the_place_hangs(self, clock, hanging):
        """A place that does not answer about one key holds nobody up who has another."""
        keys = keys_of(clock, hanging, limit=60.0, some=KEYRING, other=KEYRING)
        hanging.unlocked.set()
        assert await keys.secret("some") == KEY
        hanging.unlocked.clear()
        waiting = asyncio.create_task(keys.secret("other"))
        while "other" not in hanging.asked:  # noqa: ASYNC110 - the thread begins at its own time
            await asyncio.sleep(0)
        assert await keys.secret("some") == KEY
        assert not waiting.done()
        hanging.unlocked.set()
        assert await waiting == KEY


class TestPlacesInTurn:
    async def test_the_vault_after_the_keyring(self, clock):
        """What the keyring does not have is looked for in the vault."""
        vault = FakeKeyring(some=KEY)
        keys = keys_of(clock, vault=vault, some=USUAL)
        assert await keys.secret("some") == KEY
        assert await keys.describe("some") == (True, "vault")
        assert keys.fault("some") == ""

    async def test_a_key_in_the_keyring_leaves_the_vault_alone(self, clock):
        """A vault that need not be asked is not."""
        vault = FakeKeyring(some="other")
        keys = keys_of(clock, FakeKeyring(some=KEY), vault=vault, some=USUAL)
        assert await keys.secret("some") == KEY
        assert vault.asked == []

    async def test_a_locked_keyring_does_not_hide_the_vault(self, clock):
        """The vault's key is used while the keyring is locked, and no fault is told."""
        locked = FakeKeyring(some=type("KeyringLocked", (Exception,), {})())
        keys = keys_of(clock, locked, vault=FakeKeyring(some=KEY), some=USUAL)
        assert await keys.secret("some") == KEY
        assert keys.fault("some") == ""

    async def test_a_locked_vault_is_told(self, clock):
        """A vault's own words are the fault; a request is told the same as a person who asks for the list."""
        vault = FakeKeyring(some=KeyPlaceTrouble("is locked: run `dragoman vault unlock`"))
        keys = keys_of(clock, vault=vault, some=USUAL)
        assert await keys.secret("some") is None
        assert keys.fault("some") == "vault is locked: run `dragoman vault unlock`"
        told = "none: vault is locked: run `dragoman vault unlock`; or set FIRST_API_KEY"
        assert await keys.describe("some") == (False, told)

    async def test_an_unlocked_vault_is_found_soon(self, clock):
        """Asking a vault costs no prompt, so it is asked again after seconds, not after minutes."""
        vault = FakeKeyring(some=KeyPlaceTrouble("is locked"))
        keys = keys_of(clock, vault=vault, some=KeySpec("vault"))
        assert await keys.secret("some") is None
        vault.entries["some"] = KEY
        assert await keys.secret("some") is None
        clock.time += 6
        assert await keys.secret("some") == KEY

    async def test_a_place_that_is_named_is_the_only_one(self, clock):
        """`vault` as a reference asks neither variables nor keyring."""
        keyring = FakeKeyring(some="other")
        spec = KeySpec("vault", ("FIRST_API_KEY",), ("keyring",))
        keys = keys_of(clock, keyring, {"FIRST_API_KEY": "other"}, vault=FakeKeyring(some=KEY), some=spec)
        assert await keys.secret("some") == KEY
        assert keyring.asked == []


class TestCommand:
    @pytest.fixture
    def op(self, tmp_path):
        """Writes a script that stands for a password manager, and gives the reference to it."""

        def write(script):
            path = tmp_path / "op"
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
            return KeySpec(f"cmd:{path} read 'op://a b/c' $HOME;")

        return write

    async def test_what_it_prints_is_the_key(self, clock, op, tmp_path):
        """Its last line break goes; the words reach it as they are quoted, with nothing expanded; it is asked once."""
        spec = op(f'echo run >> {tmp_path}/runs\n[ "$2" = "op://a b/c" ] && [ "$3" = \'$HOME;\' ] && echo {KEY}')
        keys = keys_of(clock, some=spec)
        assert [await keys.secret("some") for _ in range(3)] == [KEY] * 3
        assert await keys.describe("some") == (True, f"command `{tmp_path}/op`")
        assert (tmp_path / "runs").read_text() == "run\n"

    async def test_after_a_refusal_it_is_asked_anew(self, clock, op, tmp_path):
        """A key that was forgotten is printed afresh: it may have been a short-lived one."""
        keys = keys_of(clock, some=op(f"echo x >> {tmp_path}/runs; wc -l < {tmp_path}/runs"))
        assert await keys.secret("some") == "1"
        keys.forget("some")
        assert await keys.secret("some") == "2"

    async def test_it_gets_no_secret_of_ours(self, clock, op):
        """It sees its own environment, without our settings and without any provider's variables."""
        environment = {
            "PATH": os.environ["PATH"],
            "OP_SESSION": "its-own",
            "FIRST_API_KEY": KEY,
            "WORK_KEY": KEY,
            "AZURE_CLIENT_SECRET": KEY,
            "DRAGOMAN_VAULT_PASSPHRASE": KEY,
        }
        spec = op("env | grep -q sk-ant || echo $OP_SESSION")
        keys = keys_of(clock, None, environment, some=spec, other=USUAL, third=KeySpec("env:WORK_KEY"))
        assert await keys.secret("some") == "its-own"
        assert KEY not in str(command_environment(environment, _variables(keys._specs)))

    @pytest.mark.parametrize(
        ("script", "fault"),
        [
            ("exit 3", "failed with exit code 3: try it in a terminal"),
            ("echo first >&2; echo 'not signed in.' >&2; exit 1", "failed with exit code 1 (not signed in): try it"),
            (f"echo {KEY}; echo 'bad token {KEY}' >&2; exit 1", "failed with exit code 1 (bad token ***): try it"),
            ("echo 'password hunter2hunter2 is wrong' >&2; exit 1", "(password *** is wrong)"),
            ("printf '\\n'", "printed nothing"),
            ("true", "printed nothing"),
            (f"echo {KEY}; echo more", "holds a space or a line break"),
            ("printf '\\377\\376'", "printed no text"),
            ("head -c 20000 /dev/zero", "printed more than a key"),
        ],
    )
    async def test_what_went_wrong_is_told(self, clock, op, script, fault):
        """Whatever it does instead of printing a key becomes one line, in which nothing looks like a secret."""
        keys = keys_of(clock, some=op(script))
        assert await keys.secret("some") is None
        told = keys.fault("some")
        assert fault in told
        assert "\n" not in told
        assert KEY not in told
        assert "hunter2" not in told

    @pytest.mark.parametrize(
        ("command", "fault"),
        [
            ("/nowhere/op read", "command `/nowhere/op` can't be started: install it, or correct the setting"),
            ("op 'read", "command `op` has a quote that is never closed: correct the setting"),
        ],
    )
    async def test_what_can_not_be_started_is_told(self, clock, command, fault):
        """A missing program and a broken quote are told by the program's name alone."""
        keys = keys_of(clock, some=KeySpec(f"cmd: {command}"))
        assert await keys.secret("some") is None
        assert keys.fault("some") == fault

    async def test_one_that_waits_for_the_person_holds_nobody_up(self, clock, op, tmp_path):
        """A request goes on without it; what it prints later is the key of the next one."""
        os.mkfifo(tmp_path / "unlocked")
        keys = keys_of(clock, some=op(f"cat {tmp_path}/unlocked"))
        keys._commands = {
            reference: SlowPlace(Manner("command `op`", "waits", 0.01), clock, place._read)
            for reference, place in keys._commands.items()
        }
        assert await keys.secret("some") is None
        assert keys.fault("some") == "command `op` waits"
        await asyncio.to_thread((tmp_path / "unlocked").write_text, KEY)
        while not await keys.secret("some"):  # noqa: ASYNC110 - the thread ends at its own time
            await asyncio.sleep(0)
        assert await keys.secret("some") == KEY

    async def test_one_that_never_ends_is_ended_with_its_children(self, tmp_path):
        """Beyond its time it is killed, and so is a child that keeps its pipe open."""
        command = f"sh -c 'sleep 300 & echo $! > {tmp_path}/child; wait'"
        with pytest.raises(KeyPlaceTrouble, match=r"printed no key within 0\.5 s"):
            await asyncio.to_thread(printed_key, command, {"PATH": os.environ["PATH"]}, 0.5)

    async def test_event_loop_does_not_block(self, clock, op):
        """Running it makes no blocking call on the event loop."""
        keys = keys_of(clock, some=op(f"echo {KEY}"))
        with blockbuster_ctx("dragoman"):
            assert await keys.secret("some") == KEY


class TestBackend:
    @pytest.fixture
    def backends(self, monkeypatch):
        """A module of keyring backends of the test's own."""
        from keyring.backend import KeyringBackend
        from keyring.compat import properties

        class Weak(KeyringBackend):
            priority = 1

            def get_password(self, service, username):
                return f"weak {service} {username}"

            def set_password(self, service, username, password):
                raise NotImplementedError

        class Strong(Weak):
            priority = 5

            def get_password(self, service, username):
                return f"strong {service} {username}"

        class Unfit(Weak):
            @properties.classproperty
            def priority(cls):  # noqa: N805 - a property of the class
                raise RuntimeError("not on this machine")

        module = types.ModuleType("made_up_backends")
        module.Weak, module.Strong, module.Unfit = Weak, Strong, Unfit
        monkeypatch.setitem(sys.modules, "made_up_backends", module)
        monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
        yield module
        KeyringBackend._classes -= {Weak, Strong, Unfit}

    def test_best_of_the_platform(self, monkeypatch, backends):
        """Of the platform's backends the best usable one is asked; others that are installed are not."""
        names = [f"made_up_backends.{name}" for name in ("Weak", "Unfit", "Missing", "Strong")] + [
            "no_such_module.Keyring"
        ]
        monkeypatch.setattr(keyring_door, "_BACKENDS", {sys.platform: names})
        assert OsKeyring().get("xai") == "strong dragoman xai"

    def test_named_backend_wins(self, monkeypatch, backends):
        """The backend that PYTHON_KEYRING_BACKEND names is the only one asked."""
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "made_up_backends.Weak")
        assert OsKeyring().get("xai") == "weak dragoman xai"

    async def test_no_backend(self, monkeypatch, clock):
        """Without any usable backend the keyring is said not to be there, to whoever has named it."""
        monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
        monkeypatch.setattr(keyring_door, "_BACKENDS", {sys.platform: ()})
        keys = keys_of(clock, OsKeyring(), some=USUAL, named=KEYRING)
        assert await keys.describe("named") == (False, "none: OS keyring is not there on this machine")
        assert await keys.describe("some") == (False, "none: set FIRST_API_KEY or run `dragoman auth login some`")
        assert keys.fault("some") == ""

    @pytest.mark.parametrize("name", [*keyring_door._LINUX_BACKENDS, *sum(keyring_door._BACKENDS.values(), ())])
    def test_platforms_backends_exist(self, name):
        """Every backend that is named is one of the installed keyring library's."""
        module, _, _ = name.rpartition(".")
        assert importlib.util.find_spec(module)


class TestSpecs:
    def test_specs_of_presets_and_own_servers(self):
        """Presets look at their variables; the keyring only if the provider is mentioned and can't do without a key."""
        settings = Settings(
            routing=Routing(fallback_order=("ollama", "openai"), intents={}),
            providers={"xai": Provider(), "mine": Provider(dialect="openai"), "groq": Provider(api_key="keyring")},
        )
        specs = key_specs(settings, PRESETS)
        assert specs["openai"] == KeySpec(None, ("OPENAI_API_KEY",), ("keyring", "vault"))
        assert specs["anthropic"] == KeySpec(None, ("ANTHROPIC_API_KEY",))
        assert specs["xai"].stores
        assert not specs["ollama"].stores
        assert specs["mine"] == KeySpec()
        assert specs["groq"].reference == "keyring"
        assert not specs["mistral"].stores
        assert set(specs) == {*PRESETS, "mine"}

    def test_stored_keys_are_looked_for(self):
        """A key that was stored is looked for where it was stored, though no setting mentions its provider."""
        settings = Settings(routing=Routing(fallback_order=("ollama",), intents={}))
        specs = key_specs(settings, PRESETS, {"mistral": "vault", "gone": "keyring"})
        assert specs["mistral"].stores == ("vault",)
        assert not specs["openai"].stores
        assert "gone" not in specs


async def test_key_is_nowhere_but_in_the_answer(clock, caplog):
    """A key is in no repr, no description and no log of the object that found it."""
    caplog.set_level(logging.DEBUG)
    keys = keys_of(clock, FakeKeyring(b=KEY), {"FIRST_API_KEY": KEY}, a=USUAL, b=KEYRING)
    assert [await keys.secret(name) for name in ("a", "b")] == [KEY, KEY]
    places = [repr(vars(place)) for place in keys._places.values()]
    told = [repr(keys), repr(keys._found), *places, *[str(await keys.describe(name)) for name in ("a", "b")]]
    assert KEY not in " ".join(told) + caplog.text
