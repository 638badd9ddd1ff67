"""Where the providers' keys come from: environment variables and the OS keyring. Implements `core.ports.Secrets`.

Never waits long for a locked keyring, never asks a keyring backend that nobody chose, and never shows a key.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import sys
import threading
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keyring.backend import KeyringBackend

    from dragoman.core.ports import Clock
    from dragoman.core.settings import Settings
    from dragoman.providers import Preset

SERVICE = "dragoman"
"""The service under which keys lie in the OS keyring; the user is the provider's name."""

_APP_VARIABLE = "AZURE_CLIENT_SECRET"
"""Where Microsoft's own libraries look for an Entra ID app's secret."""

_LIMIT_S = 2.0
_ABSENCE_KEPT_S = 60.0
_TROUBLE_KEPT_S = 300.0  # longer: every new try may put an unlock prompt before the person

_BACKENDS = MappingProxyType(
    {"darwin": ("keyring.backends.macOS.Keyring",), "win32": ("keyring.backends.Windows.WinVaultKeyring",)}
)
_LINUX_BACKENDS = (
    "keyring.backends.SecretService.Keyring",
    "keyring.backends.kwallet.DBusKeyring",
    "keyring.backends.libsecret.Keyring",
)


@dataclass(frozen=True, slots=True)
class KeySpec:
    """Where one provider's key may be.

    `reference` is the setting's `env:NAME` or `keyring`. Where it is None, the environment's `variables` are looked at
    in turn, then, if `keyring` says so, the OS keyring.
    """

    reference: str | None = None
    variables: tuple[str, ...] = ()
    keyring: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """A key with its place, or no key; then `fault` says what is wrong at that place, "" where nothing lies there."""

    place: str
    value: str | None = field(default=None, repr=False)
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was found, and until when it is believed."""

    found: _Found
    until: float


@dataclass(frozen=True, slots=True)
class _LookUp:
    """A look-up in the keyring that is under way, and when (in the loop's time) it is no longer waited for."""

    answer: asyncio.Future[_Found]
    deadline: float

    async def answer_in_time(self) -> _Found | None:
        remaining = self.deadline - asyncio.get_running_loop().time()
        await asyncio.wait({self.answer}, timeout=max(0.0, remaining))
        return self.answer.result() if self.answer.done() else None


_KEYRING = "OS keyring"
_SILENT = _Found(_KEYRING, fault="does not answer: unlock it")


def key_specs(settings: Settings, presets: Mapping[str, Preset]) -> dict[str, KeySpec]:
    """Where each provider's key may be, for all presets and all configured providers.

    The keyring is asked unbidden only for providers that the settings mention, and that can't do without a key: asking
    may cost an unlock prompt.
    """
    routing = settings.routing
    mentioned = {
        *settings.providers,
        *routing.fallback_order,
        *(name for row in routing.intents.values() for name in row),
    }
    specs: dict[str, KeySpec] = {}
    for name in (*presets, *(name for name in settings.providers if name not in presets)):
        preset, own = presets.get(name), settings.providers.get(name)
        is_app = own is not None and own.auth == "entra"
        specs[name] = KeySpec(
            reference=(own.client_secret if is_app else own.api_key) if own else None,
            variables=(_APP_VARIABLE,) if is_app else preset.key_variables if preset else (),
            keyring=preset is not None and preset.needs_key and name in mentioned,
        )
    return specs


class Keys:
    """The keys of one set of settings; made anew when they change, which is also when a found key is looked up again.

    `look_up(service, user)` blocks and may never return: it runs in a daemon thread, one at a time. An answer that
    comes after the time limit is kept, so that the next request finds the key of a keyring that was unlocked meanwhile.
    """

    def __init__(
        self,
        specs: Mapping[str, KeySpec],
        environment: Mapping[str, str],
        clock: Clock,
        look_up: Callable[[str, str], str | None] | None = None,
        limit_seconds: float = _LIMIT_S,
    ) -> None:
        self._specs = specs
        self._environment = environment
        self._clock = clock
        self._look_up = look_up or os_keyring_password
        self._limit = limit_seconds
        self._kept: dict[str, _Kept] = {}
        self._trouble: _Kept | None = None
        self._running: _LookUp | None = None
        self._turn = asyncio.Lock()

    async def secret(self, provider: str) -> str | None:
        """The provider's key, or None where there is none that can be used."""
        return (await self._find(provider)).value

    def fault(self, provider: str) -> str:
        """What is wrong with a key that was found and can't be used; "" where nothing is."""
        found = self._in_environment(provider)
        if found is None and provider in self._kept:
            found = self._kept[provider].found
        return f"{found.place} {found.fault}" if found and found.fault else ""

    async def describe(self, provider: str) -> tuple[bool, str]:
        """Whether there is a usable key, and where; if there is none, why and what to do. One line, without the key."""
        found = await self._find(provider)
        if found.value:
            return True, found.place
        variables, keyring = self._places(provider)
        ways = [f"set {variable}" for variable in variables[:1]]
        if keyring and not found.fault:
            ways.append(f"store it with `keyring set {SERVICE} {provider}`")
        trouble = f"{found.place} {found.fault}; " if found.fault else ""
        return False, f"none: {trouble}{' or '.join(ways) or f'name its place in providers.{provider}.api_key'}"

    def forget(self, provider: str) -> None:
        """Look the key up afresh next time: the provider has refused it, or the person has just stored one."""
        self._kept.pop(provider, None)
        self._trouble = None

    def _places(self, provider: str) -> tuple[tuple[str, ...], bool]:
        """The variables to look at, and whether the keyring is asked after them."""
        spec = self._specs.get(provider, KeySpec())
        if spec.reference is None:
            return spec.variables, spec.keyring
        return ((), True) if spec.reference == "keyring" else ((spec.reference.removeprefix("env:"),), False)

    async def _find(self, provider: str) -> _Found:
        found = self._in_environment(provider)
        if found is not None:
            return found
        return await self._in_keyring(provider) if self._places(provider)[1] else _Found("")

    def _in_environment(self, provider: str) -> _Found | None:
        for variable in self._places(provider)[0]:
            value = self._environment.get(variable, "")
            if value.strip():
                return _judged(value, f"environment variable {variable}")
        return None

    async def _in_keyring(self, provider: str) -> _Found:
        async with self._turn:
            if self._running and not await self._running.answer_in_time():
                return _SILENT
            kept = self._trouble or self._kept.get(provider)
            if kept and self._clock.now() < kept.until:
                return kept.found
            self._trouble = None
            self._running = self._start(provider)
            return await self._running.answer_in_time() or _SILENT

    def _start(self, provider: str) -> _LookUp:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[_Found] = loop.create_future()

        def keep(found: _Found, *, trouble: bool) -> None:
            if trouble:
                self._trouble = _Kept(found, self._clock.now() + _TROUBLE_KEPT_S)
            else:
                seconds = math.inf if found.value else _ABSENCE_KEPT_S
                self._kept[provider] = _Kept(found, self._clock.now() + seconds)
            answer.set_result(found)

        def work() -> None:
            try:
                value = self._look_up(SERVICE, provider)
                settle = partial(keep, _judged(value, _KEYRING) if value else _Found(_KEYRING), trouble=False)
            except Exception as error:  # noqa: BLE001 - a thread's top: backends raise whatever they like
                settle = partial(keep, _Found(_KEYRING, fault=_trouble(error)), trouble=True)
            with contextlib.suppress(RuntimeError):  # the loop may be closed by now
                loop.call_soon_threadsafe(settle)

        # A daemon: a keyring that never answers must not keep the process alive, as an executor's thread would.
        threading.Thread(target=work, name="keyring", daemon=True).start()
        return _LookUp(answer, loop.time() + self._limit)


def os_keyring_password(service: str, user: str) -> str | None:
    """The password in the platform's own keyring. Blocks; raises whatever the backend raises.

    keyring's default is a chain of every backend that is installed, in which a locked one breaks every look-up, so the
    backend is chosen here: the one that PYTHON_KEYRING_BACKEND names, else the best of the platform's own.
    """
    from keyring.errors import NoKeyringError  # noqa: PLC0415 - keyring is slow to import and seldom needed

    backend = _backend()
    if backend is None:
        raise NoKeyringError
    return backend.get_password(service, user)


def _backend() -> KeyringBackend | None:
    from keyring.core import load_keyring  # noqa: PLC0415 - as above

    if chosen := os.environ.get("PYTHON_KEYRING_BACKEND"):
        return load_keyring(chosen)
    usable: list[KeyringBackend] = []
    for name in _BACKENDS.get(sys.platform, _LINUX_BACKENDS):
        # Modules whose libraries are not there fail in these ways; a backend that can't work here has no priority.
        with contextlib.suppress(ImportError, AttributeError, RuntimeError):
            usable.append(load_keyring(name))
    return max(usable, key=lambda backend: float(backend.priority), default=None)


def _judged(value: str, place: str) -> _Found:
    """The key, unless it can't be one: it goes into an HTTP header as it is."""
    if any(character.isspace() for character in value):
        return _Found(place, fault="holds a space or a line break, which no key does: set it again")
    if not all("!" <= character <= "~" for character in value):
        return _Found(place, fault="holds characters that no key has: set it again")
    return _Found(place, value)


def _trouble(error: Exception) -> str:
    """What the person reads; only the error's name, as a backend may put anything into its message."""
    known = {"KeyringLocked": "is locked: unlock it", "NoKeyringError": "is not there on this machine"}
    return known.get(type(error).__name__, f"failed ({type(error).__name__})")
