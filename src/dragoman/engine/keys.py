"""Where the providers' keys come from: environment variables, commands, the OS keyring, the vault.

Implements `core.ports.Secrets`. Never waits long for a place that is locked, and never shows a key.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from dragoman.engine.key_command import command_environment, printed_key, program
from dragoman.engine.key_lookup import MISSING, Found, Manner, SlowPlace, judged
from dragoman.engine.key_stores import MANNERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.ports import Clock
    from dragoman.core.settings import Settings
    from dragoman.engine.key_stores import KeyStore
    from dragoman.engine.login_renewal import LoginRenewal
    from dragoman.providers import Preset

_APP_VARIABLE = "AZURE_CLIENT_SECRET"
"""Where Microsoft's own libraries look for an Entra ID app's secret."""

_COMMAND_WAITS_S = 5.0
_COMMAND_TROUBLE_KEPT_S = 60.0


@dataclass(frozen=True, slots=True)
class KeySpec:
    """Where one provider's key may be.

    `reference` is the setting's `env:NAME`, `keyring`, `vault` or `cmd:COMMAND`. Where it is None, the environment's
    `variables` are looked at in turn, then the `stores`, by name.
    """

    reference: str | None = None
    variables: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()


def key_specs(
    settings: Settings, presets: Mapping[str, Preset], stored: Mapping[str, str] | None = None
) -> dict[str, KeySpec]:
    """Where each provider's key may be, for all presets and all configured providers.

    Keyring and vault are asked unbidden only where a key was `stored` (provider -> place), and for providers that the
    settings mention and that can't do without a key: asking may cost an unlock prompt.
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
        likely = preset is not None and preset.needs_key and name in mentioned
        specs[name] = KeySpec(
            reference=(own.client_secret if is_app else own.api_key) if own else None,
            variables=(_APP_VARIABLE,) if is_app else preset.key_variables if preset else (),
            stores=tuple(store for store in MANNERS if likely or (stored or {}).get(name) == store),
        )
    return specs


class Keys:
    """The keys of one set of settings; made anew when they change, which is also when a found key is looked up again.

    Without `stores` they come from the environment and from commands alone. `renewal` makes keys of the logins that are
    stored there. `limit_seconds`: how long a request waits for a store.
    """

    def __init__(
        self,
        specs: Mapping[str, KeySpec],
        environment: Mapping[str, str],
        clock: Clock,
        stores: Mapping[str, KeyStore] | None = None,
        *,
        renewal: LoginRenewal | None = None,
        limit_seconds: float | None = None,
    ) -> None:
        self._specs = specs
        self._environment = environment
        self._renewal = renewal
        self._found: dict[str, Found] = {}
        self._places = {
            name: SlowPlace(_within(MANNERS[name], limit_seconds), clock, store.get, store.set)
            for name, store in (stores or {}).items()
        }
        own = command_environment(environment, _variables(specs))
        self.environment_without_keys: Mapping[str, str] = own
        """What programs that we start may know: nothing of our own settings, and no variable that may hold a key."""
        self._commands = {
            spec.reference: _command_place(spec.reference.removeprefix("cmd:").strip(), own, clock)
            for spec in specs.values()
            if spec.reference and spec.reference.startswith("cmd:")
        }

    async def secret(self, provider: str) -> str | None:
        """The provider's key, or None where there is none that can be used."""
        return (await self._find(provider)).value

    def fault(self, provider: str) -> str:
        """Why the key that may be there can't be used, as far as that is known: one line that says what to do."""
        found = self._in_environment(self._spec(provider)) or self._found.get(provider)
        return f"{found.place} {found.fault}" if found and found.fault else ""

    async def describe(self, provider: str) -> tuple[bool, str]:
        """Whether there is a usable key, and where; if there is none, why and what to do. One line, without the key."""
        found = await self._find(provider)
        if found.value:
            return True, found.place
        spec = self._spec(provider)
        ways = [f"set {variable}" for variable in _looked_at(spec)[:1]]
        if found.fault:
            return False, f"none: {'; or '.join((f'{found.place} {found.fault}', *ways))}"
        if spec.reference in (None, *MANNERS):
            ways.append(f"run `dragoman auth login {provider}`")
        return False, f"none: {' or '.join(ways)}"

    def forget(self, provider: str) -> None:
        """Look the key up afresh next time: the provider has refused it, or the person has just stored one."""
        for place in (*self._places.values(), *self._commands.values()):
            place.forget(provider)

    def _spec(self, provider: str) -> KeySpec:
        return self._specs.get(provider, KeySpec())

    async def _find(self, provider: str) -> Found:
        spec = self._spec(provider)
        found = self._in_environment(spec)
        if found is None:
            found = self._found[provider] = await self._in_places(provider, spec)
        return found

    def _in_environment(self, spec: KeySpec) -> Found | None:
        for variable in _looked_at(spec):
            value = self._environment.get(variable, "")
            if value.strip():
                return judged(value, f"environment variable {variable}")
        return None

    async def _in_places(self, provider: str, spec: KeySpec) -> Found:
        """The first place's key; where there is none, the first fault: there a key may lie."""
        if spec.reference in self._commands:
            return await self._commands[spec.reference].find(provider)
        fault = Found("")
        for name in spec.stores if spec.reference is None else (spec.reference,):
            if name in self._places:
                place = self._places[name]
                found = await place.find(provider)
                if self._renewal is not None:
                    found = await self._renewal.usable(provider, found, place)
                if found.value:
                    return found
                is_named = spec.reference is not None
                fault = found if not fault.fault and (is_named or found.fault != MISSING) else fault
        return fault


def _looked_at(spec: KeySpec) -> tuple[str, ...]:
    if spec.reference is None:
        return spec.variables
    return (spec.reference.removeprefix("env:"),) if spec.reference.startswith("env:") else ()


def _variables(specs: Mapping[str, KeySpec]) -> frozenset[str]:
    """Every variable that may hold a key of ours."""
    named = (name for spec in specs.values() for name in (*spec.variables, *_looked_at(spec)))
    return frozenset((_APP_VARIABLE, *named))


def _command_place(command: str, environment: Mapping[str, str], clock: Clock) -> SlowPlace:
    manner = Manner(
        f"command `{program(command)}`",
        silence="has printed nothing yet: unlock what it asks, or try it in a terminal",
        waits=_COMMAND_WAITS_S,
        trouble_kept=_COMMAND_TROUBLE_KEPT_S,
    )
    run = partial(printed_key, command, environment)
    return SlowPlace(manner, clock, lambda _provider: run())


def _within(manner: Manner, seconds: float | None) -> Manner:
    return manner if seconds is None else replace(manner, waits=seconds)
