"""dragoman auth: keys are checked, stored, shown by their place, replaced and deleted; no key is ever printed."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from dataclasses import replace
from types import MappingProxyType

import pytest

import file_keyring
from dragoman.engine.key_index import index_path, stored_keys
from dragoman.providers import PRESETS
from dragoman.providers.device_flow import saved_login
from dragoman.simulator import closed_url
from dragoman.simulator.device_auth import REFRESH_TOKEN, TOKEN, USER_CODE, DeviceAuthServer, Turn
from simulator_thread import in_thread

KEY = "sk-ant-api03-Zt9pQ4mW7xKe2LrB"
OTHER = "sk-ant-api03-Bn3vC8yH1dUo5TsG"


@pytest.fixture
def keyring(monkeypatch, tmp_path):
    """An OS keyring; its entries."""
    path = tmp_path / "keyring.json"
    monkeypatch.setenv("FILE_KEYRING", str(path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", file_keyring.NAME)

    class Entries:
        def lock(self):
            path.write_text("locked")

        def put(self, **entries):
            path.write_text(json.dumps(entries))

        @property
        def entries(self):
            return json.loads(path.read_text()) if path.exists() else {}

    return Entries()


@pytest.fixture
def vault(monkeypatch, tmp_path):
    """A machine without an OS keyring, whose vault is open; reads an entry of it."""
    from dragoman.engine.key_stores import VaultStore
    from dragoman.engine.vault_access import platform_access

    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "")
    monkeypatch.setattr("dragoman.engine.keyring_door._LINUX_BACKENDS", ())
    monkeypatch.setattr("dragoman.engine.keyring_door._BACKENDS", {})
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    (tmp_path / "runtime").mkdir(0o700)
    monkeypatch.setenv("DRAGOMAN_VAULT_PASSPHRASE", "correct horse battery staple")
    environment = dict(os.environ)
    platform_access(environment).create(environment["DRAGOMAN_VAULT_PASSPHRASE"])
    return VaultStore(environment)


@pytest.fixture
def auth(dragoman, monkeypatch, play):
    """Runs an auth command against a scripted Anthropic that takes KEY alone; sees that no key is printed."""
    simulator = play(key=KEY)

    def run(*arguments, stdin=None, at=None, **sets):
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
            arguments = (*arguments, "--stdin")
        sets = {"providers.anthropic.base_url": at or simulator.url} | sets
        ran = dragoman(
            "auth", *arguments, *(word for name, value in sets.items() for word in ("--set", f"{name}={value}"))
        )
        assert KEY not in ran.out + ran.err
        assert OTHER not in ran.out + ran.err
        assert ran.err.count("\n") <= 2
        return ran

    run.simulator = simulator
    return run


class TestLogin:
    def test_a_key_that_works_is_stored(self, auth, keyring):
        """The provider takes it, so it lies in the keyring, without the line break behind it."""
        ran = auth("login", "anthropic", stdin=f"{KEY}\n")
        assert (ran.code, ran.out, ran.err) == (0, "anthropic: it works, and is stored in the OS keyring.\n", "")
        assert keyring.entries == {"anthropic": KEY}
        assert auth("login", "anthropic", "--json", stdin=KEY).json == {
            "provider": "anthropic",
            "place": "keyring",
            "checked": True,
        }

    def test_a_key_that_is_refused_is_not_stored(self, auth, keyring):
        """The person reads the provider's words."""
        ran = auth("login", "anthropic", stdin=OTHER)
        assert ran.code == 1
        assert "anthropic refuses this key: " in ran.err
        assert "nothing is stored" in ran.err
        assert keyring.entries == {}

    def test_a_provider_that_does_not_answer(self, auth, keyring):
        """A key that can't be checked is not stored, unless the person says so."""
        with closed_url() as nobody:
            ran = auth("login", "anthropic", stdin=KEY, at=nobody)
            assert ran.code == 1
            assert "could not be asked about this key: nothing answers" in ran.err
            assert keyring.entries == {}
            ran = auth("login", "anthropic", "--unchecked", stdin=KEY, at=nobody)
        assert (ran.code, ran.out) == (0, "anthropic: it is stored in the OS keyring.\n")
        assert keyring.entries == {"anthropic": KEY}

    def test_a_page_that_is_no_list_says_nothing_about_a_key(self, auth, keyring):
        """Whatever answers 200 without a list of models is no sign that the key works."""
        ran = auth("login", "anthropic", stdin=KEY, at=f"{auth.simulator.url}/api/version?")
        assert ran.code != 0
        assert keyring.entries == {}

    @pytest.mark.parametrize(
        ("typed", "told"),
        [
            ("", "No key came"),
            ("\n", "No key came"),
            (f"{KEY} {KEY}", "This is no key: it holds a space or a line break"),
            (f"{KEY}\n\n", "This is no key: it holds a space or a line break"),
            ("schlüssel", "This is no key: it holds characters that no key has"),
        ],
    )
    def test_what_can_be_no_key(self, auth, keyring, typed, told):
        """It is refused before anybody is asked."""
        ran = auth("login", "anthropic", stdin=typed)
        assert (ran.code, keyring.entries) == (2, {})
        assert told in ran.err
        assert auth.simulator.calls == []

    def test_without_a_terminal(self, auth, keyring, monkeypatch):
        """A script that gives no --stdin is told of it, and does not hang."""
        monkeypatch.setattr(sys, "stdin", io.StringIO(KEY))
        ran = auth("login", "anthropic")
        assert ran.code == 2
        assert "--stdin" in ran.err

    def test_on_a_terminal_the_key_is_not_shown(self, auth, keyring, monkeypatch):
        """The prompt hides what is typed."""
        asked = []

        class Terminal(io.StringIO):
            def isatty(self):
                return True

        monkeypatch.setattr(sys, "stdin", Terminal())
        monkeypatch.setattr("typer.prompt", lambda text, **named: asked.append((text, named)) or KEY)
        assert auth("login", "anthropic").code == 0
        ((text, named),) = asked
        assert "anthropic" in text
        assert named["hide_input"] is True
        assert keyring.entries == {"anthropic": KEY}

    def test_into_the_vault(self, auth, vault):
        """Where there is no keyring, an open vault takes it."""
        ran = auth("login", "anthropic", stdin=KEY)
        assert (ran.code, ran.out, ran.err) == (0, "anthropic: it works, and is stored in the vault.\n", "")
        assert vault.get("anthropic") == KEY
        rows = auth("list", "--json").json["keys"]
        assert [row for row in rows if row["found"]] == [{"provider": "anthropic", "found": True, "where": "vault"}]

    def test_into_a_locked_vault(self, auth, vault, monkeypatch):
        """A locked vault says how it is unlocked."""
        monkeypatch.delenv("DRAGOMAN_VAULT_PASSPHRASE")
        ran = auth("login", "anthropic", stdin=KEY)
        assert ran.code == 1
        assert "vault is locked: run `dragoman vault unlock`" in ran.err

    @pytest.mark.parametrize("to", [(), ("--to", "vault")])
    def test_nowhere_to_store_it(self, auth, vault, to):
        """Where there is neither keyring nor vault, the person reads how to make one, before they type a key."""
        vault._vault().reset()
        ran = auth("login", "anthropic", *to, stdin=KEY)
        assert ran.code == 2
        assert "`dragoman vault create`" in ran.err

    def test_a_keyring_that_is_locked(self, auth, keyring):
        """A locked keyring is told; its own words are not."""
        keyring.lock()
        ran = auth("login", "anthropic", stdin=KEY)
        assert ran.code == 1
        assert "OS keyring is locked: unlock it" in ran.err
        assert "secret reason" not in ran.err

    def test_a_keyring_that_keeps_nothing(self, auth):
        """A keyring that takes everything and keeps nothing is noticed."""
        ran = auth("login", "anthropic", stdin=KEY)  # the tests' own is such a one
        assert ran.code == 1
        assert "did not keep the key" in ran.err

    def test_a_setting_that_names_another_place(self, auth, keyring):
        """A key that would not be looked for is not stored."""
        ran = auth("login", "anthropic", stdin=KEY, **{"providers.anthropic.api_key": "env:WORK_KEY"})
        assert ran.code == 2
        assert "change providers.anthropic.api_key" in ran.err
        assert keyring.entries == {}
        ran = auth("login", "anthropic", stdin=KEY, **{"providers.anthropic.api_key": "keyring"})
        assert ran.code == 0

    def test_a_variable_that_goes_before(self, auth, keyring, monkeypatch):
        """A variable that hides the stored key is told of."""
        monkeypatch.setenv("ANTHROPIC_API_KEY", OTHER)
        ran = auth("login", "anthropic", stdin=KEY)
        assert ran.code == 0
        assert "ANTHROPIC_API_KEY is set in the environment and goes before it" in ran.err

    @pytest.mark.parametrize(
        ("provider", "sets", "told"),
        [
            ("antropic", {}, "did you mean anthropic?"),
            ("gemini", {"providers.gemini.project": "p"}, "gemini takes no key: it logs in by service_account"),
            ("local", {}, "local takes no key"),
            ("github", {}, "off unless you opt in"),
            ("azure", {}, "no address: set providers.azure.endpoint"),
        ],
    )
    def test_providers_that_take_no_key(self, auth, keyring, provider, sets, told):
        """A typo, a provider with a login of its own and one that may not be asked are told as what they are."""
        ran = auth("login", provider, stdin=KEY, **sets)
        assert ran.code == 2
        assert told in ran.err


class TestDevice:
    @pytest.fixture
    def copilot(self, auth, keyring):
        """Runs a command for copilot against a scripted authorisation server, by this script."""

        def run(*words, **script):
            server = DeviceAuthServer(interval=0.001, copilot=(auth.simulator.url, KEY), **script)
            with in_thread(server):
                own = {"enabled": "true", "client_id": "scripted-client", "authority": server.url}
                ran = auth(*words, "--no-browser", **{f"providers.copilot.{name}": own[name] for name in own})
            assert TOKEN not in ran.out + ran.err
            assert REFRESH_TOKEN not in ran.out + ran.err
            return ran, server.url

        return run

    def test_the_code_is_shown_and_the_token_stored(self, copilot, keyring):
        """The person reads page and code; the token works at the provider, and is stored."""
        ran, url = copilot("login", "copilot", polls=[Turn.PENDING, Turn.GRANTED])
        assert (ran.code, ran.out) == (0, "copilot: it works, and is stored in the OS keyring.\n")
        assert ran.err == f"Open {url}/login/device and enter the code {USER_CODE}\n"
        assert keyring.entries == {"copilot": f"{TOKEN}1"}

    def test_a_token_that_ends_is_stored_with_what_renews_it(self, copilot, keyring):
        """Token, refresh token, end and server lie in one entry, which counts as a key that works."""
        ran, url = copilot("login", "copilot", lifetime=28800)
        assert ran.code == 0
        stored = saved_login(keyring.entries["copilot"])
        assert (stored.token, stored.refresh_token) == (f"{TOKEN}1", f"{REFRESH_TOKEN}1")
        assert stored.client.server == url

    @pytest.mark.parametrize(
        ("turn", "told"), [(Turn.DENIED, "the login was denied"), (Turn.EXPIRED, "the code ran out before")]
    )
    def test_a_login_that_comes_to_nothing(self, copilot, keyring, turn, told):
        """A denial and a code that ran out are one line each, and nothing is stored."""
        ran, _ = copilot("login", "copilot", polls=[turn])
        assert ran.code == 1
        assert told in ran.err
        assert keyring.entries == {}

    def test_a_login_replaces_one(self, copilot, keyring):
        """`rotate` takes the same way, and the old one stays where it fails."""
        keyring.put(copilot="ghp_old")
        assert copilot("rotate", "copilot", polls=[Turn.DENIED])[0].code == 1
        assert keyring.entries == {"copilot": "ghp_old"}
        assert copilot("rotate", "copilot")[0].code == 0
        assert keyring.entries == {"copilot": f"{TOKEN}1"}

    def test_without_an_app(self, auth, keyring):
        """Dragoman has no client id of its own: the person reads how to register one."""
        ran = auth("login", "github", "--device", **{"providers.github.enabled": "true"})
        assert ran.code == 2
        assert "providers.github.client_id" in ran.err

    def test_a_provider_without_such_a_login(self, auth, keyring):
        """Only GitHub's have it."""
        ran = auth("login", "anthropic", "--device")
        assert ran.code == 2
        assert "leave --device out" in ran.err


class TestRotate:
    def test_the_new_key_takes_the_place_of_the_old_one(self, auth, keyring):
        """It is checked first; the person is reminded that the old one still opens the account."""
        keyring.put(anthropic=OTHER)
        ran = auth("rotate", "anthropic", stdin=KEY)
        assert (ran.code, ran.out) == (0, "anthropic: it works, and is replaced in the OS keyring.\n")
        assert "The old key is good until you delete it at https://" in ran.err
        assert keyring.entries == {"anthropic": KEY}

    def test_a_new_key_that_fails_leaves_the_old_one(self, auth, keyring):
        """A refused one, one that can't be checked, and a place that is locked meanwhile change nothing."""
        keyring.put(anthropic=KEY)
        ran = auth("rotate", "anthropic", stdin=OTHER)
        assert (ran.code, keyring.entries) == (1, {"anthropic": KEY})
        assert "the old key stays" in ran.err
        with closed_url() as nobody:
            assert auth("rotate", "anthropic", stdin=OTHER, at=nobody).code == 1
        assert keyring.entries == {"anthropic": KEY}

    def test_the_same_key_is_no_new_one(self, auth, keyring):
        """Somebody who pastes the old key is told."""
        keyring.put(anthropic=KEY)
        ran = auth("rotate", "anthropic", stdin=KEY)
        assert ran.code == 2
        assert "stored already" in ran.err

    def test_it_stays_in_the_vault(self, auth, vault):
        """A key is replaced where it lies."""
        vault.set("anthropic", OTHER)
        assert auth("rotate", "anthropic", stdin=KEY).code == 0
        assert vault.get("anthropic") == KEY

    def test_nothing_to_replace(self, auth, keyring):
        """Without a stored key the person is led to `login`."""
        ran = auth("rotate", "anthropic", stdin=KEY)
        assert ran.code == 2
        assert "`dragoman auth login anthropic`" in ran.err


class TestLogout:
    def test_the_key_is_deleted(self, auth, keyring):
        """It is gone from the keyring, and no longer looked for there."""
        auth("login", "anthropic", stdin=KEY)
        assert stored_keys(index_path(os.environ)) == {"anthropic": "keyring"}
        ran = auth("logout", "anthropic")
        assert (ran.code, ran.out) == (0, "anthropic: the key is deleted from the OS keyring.\n")
        assert keyring.entries == {}
        assert stored_keys(index_path(os.environ)) == {}

    def test_a_key_that_remains_elsewhere(self, auth, keyring, monkeypatch):
        """A variable still holds one: that is told."""
        keyring.put(anthropic=KEY)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        ran = auth("logout", "anthropic")
        assert ran.code == 0
        assert "still has a key: environment variable ANTHROPIC_API_KEY" in ran.err

    def test_nothing_to_delete(self, auth, keyring):
        """Exit code 1, in one line."""
        ran = auth("logout", "anthropic")
        assert ran.code == 1
        assert "no key of anthropic was stored" in ran.err

    def test_a_locked_keyring(self, auth, keyring):
        """The person reads that the key may still be there."""
        keyring.lock()
        ran = auth("logout", "anthropic")
        assert ran.code == 1
        assert "OS keyring is locked: unlock it: the key may still be there" in ran.err


class TestShow:
    def test_list_names_places_and_asks_nobody(self, auth, keyring, monkeypatch):
        """Every key is named by its place; a stored one is found though no setting mentions its provider."""
        monkeypatch.setenv("GROQ_API_KEY", OTHER)
        auth("login", "mistral", "--unchecked", stdin=KEY)
        auth.simulator.calls.clear()
        rows = {row.pop("provider"): row for row in auth("list", "--json").json["keys"]}
        assert rows["mistral"] == {"found": True, "where": "OS keyring"}
        assert rows["groq"] == {"found": True, "where": "environment variable GROQ_API_KEY"}
        told = "none: set ANTHROPIC_API_KEY or run `dragoman auth login anthropic`"
        assert auth.simulator.calls == []
        assert told in auth("list", **{"providers.anthropic.model": "m"}).out

    def test_status_asks_each_provider(self, auth, keyring, monkeypatch):
        """A key that works and one that does not are told apart, and the exit code says so."""
        keyring.put(anthropic=KEY)
        sets = {"providers.anthropic.api_key": "keyring"}
        ran = auth("status", "anthropic", "--json", **sets)
        assert ran.code == 0
        (row,) = ran.json["keys"]
        assert row == {"provider": "anthropic", "found": True, "where": "OS keyring", "works": True, "problem": ""}
        assert auth("status", "anthropic", **sets).out == "anthropic    works  OS keyring\n"
        keyring.put(anthropic=OTHER)
        ran = auth("status", "anthropic", **sets)
        assert ran.code == 1
        assert ran.out.startswith("anthropic    fails  OS keyring (")

    def test_status_of_a_command(self, auth, tmp_path):
        """A command's key is checked as any other, and the command is named by its program alone."""
        (tmp_path / "key").write_text(KEY)
        ran = auth("status", "anthropic", **{"providers.anthropic.api_key": f"cmd:cat {tmp_path}/key"})
        assert (ran.code, ran.out) == (0, "anthropic    works  command `cat`\n")

    def test_a_locked_keyring_is_told(self, auth, keyring):
        """`status` says what to do, and that there is no key meanwhile."""
        keyring.lock()
        ran = auth("status", "anthropic", **{"providers.anthropic.api_key": "keyring"})
        assert ran.code == 1
        assert "none: OS keyring is locked: unlock it" in ran.out

    def test_a_provider_whose_list_is_open(self, auth, keyring, monkeypatch):
        """Such a provider is asked where a key is wanted, not for its list."""
        asked = auth.simulator.url + "/v1/key"
        row = replace(PRESETS["openrouter"], base_url=f"{auth.simulator.url}/v1", key_url=asked)
        presets = MappingProxyType({**PRESETS, "openrouter": row})
        for module in ("dragoman.cli.auth_check", "dragoman.engine.places"):
            monkeypatch.setattr(f"{module}.PRESETS", presets)
        ran = auth("login", "openrouter", stdin=KEY)
        assert ran.code == 1  # the simulator has no such page: its 404 is not taken for a yes
        assert "could not be asked" in ran.err

    def test_nothing_at_all(self, auth):
        """Without any key the person reads how to store one."""
        assert "`dragoman auth login PROVIDER`" in auth("list", at="", **{"providers.anthropic.enabled": "false"}).out


def test_only_the_person_can_read_the_index(auth, keyring):
    """The list of stored keys' names holds no key, and is for the person's eyes."""
    auth("login", "anthropic", stdin=KEY)
    assert KEY not in index_path(os.environ).read_text()
    assert stat.S_IMODE(index_path(os.environ).stat().st_mode) == 0o600
