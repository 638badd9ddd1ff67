"""Where keys are found, what is said where there is none, and that no keyring can hold a request up."""

import asyncio
import importlib
import logging
import sys
import threading
import types

import pytest
from blockbuster import blockbuster_ctx

from dragoman.core.settings import Provider, Routing, Settings
from dragoman.engine import keys as keys_module
from dragoman.engine.keys import Keys, KeySpec, key_specs, os_keyring_password
from dragoman.providers import PRESETS

KEY = "sk-ant-api03-Zt9pQ4mW7xKe2LrB"
USUAL = KeySpec(variables=("FIRST_API_KEY", "SECOND_API_KEY"), keyring=True)
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

    def __call__(self, service, user):
        assert service == "dragoman"
        self.asked.append(user)
        entry = self.entries.get(user)
        if isinstance(entry, Exception):
            raise entry
        return entry


class HangingKeyring:
    """A keyring that answers when it is unlocked, and not before."""

    def __init__(self, answer=KEY):
        self.unlocked = threading.Event()
        self.answer = answer
        self.asked = []

    def __call__(self, service, user):
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


def keys_of(clock, keyring=None, environment=None, limit=5.0, **specs):
    """Keys of these specs, with a keyring that is empty if none is given."""
    return Keys(specs, environment or {}, clock, keyring or FakeKeyring(), limit)


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
        keys = keys_of(clock, None, environment, some=KeySpec("env:WORK_KEY", ("FIRST_API_KEY",), keyring=True))
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
        assert (present, where) == (False, "none: set FIRST_API_KEY or store it with `keyring set dragoman some`")
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
        assert await keys.describe("unheard-of") == (False, "none: name its place in providers.unheard-of.api_key")
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
        assert await keys.describe("other") == (False, "none: OS keyring is locked: unlock it; set FIRST_API_KEY")
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
        assert await keys.describe("some") == (False, "none: OS keyring does not answer: unlock it; set FIRST_API_KEY")
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
        keys = keys_of(clock, hanging, limit=0.01, some=USUAL)
        assert asyncio.run(keys.secret("some")) is None
        (thread,) = [thread for thread in threading.enumerate() if thread.name == "keyring" and thread.is_alive()]
        assert thread.daemon
        hanging.unlocked.set()
        thread.join(30)
        assert not thread.is_alive()

    async def test_event_loop_does_not_block(self, clock):
        """Looking a key up makes no blocking call on the event loop."""
        keys = keys_of(clock, FakeKeyring(some=KEY), some=USUAL)
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
        monkeypatch.setattr(keys_module, "_BACKENDS", {sys.platform: names})
        assert os_keyring_password("dragoman", "xai") == "strong dragoman xai"

    def test_named_backend_wins(self, monkeypatch, backends):
        """The backend that PYTHON_KEYRING_BACKEND names is the only one asked."""
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "made_up_backends.Weak")
        assert os_keyring_password("dragoman", "xai") == "weak dragoman xai"

    async def test_no_backend(self, monkeypatch, clock):
        """Without any usable backend the keyring is said not to be there."""
        monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
        monkeypatch.setattr(keys_module, "_BACKENDS", {sys.platform: ()})
        keys = Keys({"some": USUAL}, {}, clock)
        assert await keys.describe("some") == (
            False,
            "none: OS keyring is not there on this machine; set FIRST_API_KEY",
        )

    @pytest.mark.parametrize("name", [*keys_module._LINUX_BACKENDS, *sum(keys_module._BACKENDS.values(), ())])
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
        assert specs["openai"] == KeySpec(None, ("OPENAI_API_KEY",), keyring=True)
        assert specs["anthropic"] == KeySpec(None, ("ANTHROPIC_API_KEY",), keyring=False)
        assert specs["xai"].keyring
        assert not specs["ollama"].keyring
        assert specs["mine"] == KeySpec()
        assert specs["groq"].reference == "keyring"
        assert set(specs) == {*PRESETS, "mine"}


async def test_key_is_nowhere_but_in_the_answer(clock, caplog):
    """A key is in no repr, no description and no log of the object that found it."""
    caplog.set_level(logging.DEBUG)
    keys = keys_of(clock, FakeKeyring(b=KEY), {"FIRST_API_KEY": KEY}, a=USUAL, b=KEYRING)
    assert [await keys.secret(name) for name in ("a", "b")] == [KEY, KEY]
    told = [repr(keys), repr(keys._kept), repr(keys._running), *[str(await keys.describe(name)) for name in ("a", "b")]]
    assert KEY not in " ".join(told) + caplog.text
