"""dragoman auth login, rotate and logout: a key is asked of the person, checked with its provider, then stored."""

import sys
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dragoman.cli.options import AsJson
from dragoman.cli.output import note, out, print_json
from dragoman.cli.session import check_provider, finish, opened, project_root
from dragoman.core.errors import BadInput, DragomanError

if TYPE_CHECKING:
    from dragoman.app import App


class StoreName(StrEnum):
    """Where keys can be stored."""

    KEYRING = "keyring"
    VAULT = "vault"


ProviderArgument = Annotated[str, typer.Argument(metavar="PROVIDER", help="Whose key it is, for example anthropic.")]
FromStdin = Annotated[bool, typer.Option("--stdin", help="Read the key from stdin instead of asking for it.")]
To = Annotated[
    StoreName | None, typer.Option("--to", help="Where to store it. Left out: the OS keyring, else the vault.")
]
Unchecked = Annotated[bool, typer.Option("--unchecked", help="Store it without asking the provider about it.")]
Device = Annotated[
    bool, typer.Option("--device", help="github, copilot: log in with a code on GitHub's page instead of a key.")
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="--device: show the page's address, open nothing.")]


@dataclass(frozen=True, slots=True)
class Way:
    """How the key comes here, and whether the provider is asked about it."""

    stdin: bool = False
    device: bool = False
    browser: bool = True
    unchecked: bool = False


@dataclass(frozen=True, slots=True)
class NewKey:
    """What is sent to the provider, and what is stored: a login that can be renewed is more than its token."""

    key: str = field(repr=False)
    text: str = field(repr=False)


def login(
    context: typer.Context,
    provider: ProviderArgument,
    stdin: FromStdin = False,
    to: To = None,
    device: Device = False,
    no_browser: NoBrowser = False,
    unchecked: Unchecked = False,
    as_json: AsJson = False,
) -> int:
    """Check a provider's key and store it, in the OS keyring or the vault. A key that is refused is not stored."""
    return finish(_login(context, provider, Way(stdin, device, not no_browser, unchecked), to, as_json=as_json))


def rotate(
    context: typer.Context,
    provider: ProviderArgument,
    stdin: FromStdin = False,
    device: Device = False,
    no_browser: NoBrowser = False,
    unchecked: Unchecked = False,
    as_json: AsJson = False,
) -> int:
    """Put a new key in the place of the stored one. Until the new one is checked and stored, the old one stays."""
    return finish(_rotate(context, provider, Way(stdin, device, not no_browser, unchecked), as_json=as_json))


def logout(context: typer.Context, provider: ProviderArgument, as_json: AsJson = False) -> int:
    """Delete a provider's key wherever it is stored."""
    return finish(_logout(context, provider, as_json=as_json))


async def _login(context: typer.Context, provider: str, way: Way, to: StoreName | None, *, as_json: bool) -> int:
    async with opened(context, project_root(Path.cwd())) as app:
        store = await _store_for(app, provider, to.value if to else None)
        await _take(app, provider, way, store)
        _tell(app, provider, store, "stored", as_json=as_json, checked=not way.unchecked)
    return 0


async def _rotate(context: typer.Context, provider: str, way: Way, *, as_json: bool) -> int:
    async with opened(context, project_root(Path.cwd())) as app:
        _check_kind(app, provider)
        for store in _searched(app, provider):
            if old := await _stored(app, store, provider):
                break
        else:
            raise BadInput(f"No key of {provider} is stored: `dragoman auth login {provider}` stores one.")
        await _take(app, provider, way, store, old)
        _tell(app, provider, store, "replaced", as_json=as_json, checked=not way.unchecked)
    return 0


async def _logout(context: typer.Context, provider: str, *, as_json: bool) -> int:
    from functools import partial

    from dragoman.engine.key_index import index_path, note_key
    from dragoman.engine.key_stores import MANNERS, done

    deleted, troubles = [], []
    async with opened(context, project_root(Path.cwd())) as app:
        check_provider(app, provider)
        for name, store in app.key_stores.items():
            try:
                if await done(name, store.is_there) and await done(name, partial(store.delete, provider)):
                    deleted.append(name)
            except DragomanError as error:
                troubles.append(str(error))
        if not troubles:
            note_key(index_path(app.environment), provider, None)
        remains, where = await app.keys.describe(provider)
    if as_json:
        print_json({"provider": provider, "deleted": deleted, "problems": troubles})
    elif deleted:
        out(f"{provider}: the key is deleted from the {' and the '.join(MANNERS[name].name for name in deleted)}.")
    if troubles:
        raise DragomanError(f"{'; '.join(troubles)}: the key may still be there")
    if remains:
        note(f"{provider} still has a key: {where}", style="yellow")
    if not deleted:
        raise DragomanError(f"no key of {provider} was stored")
    return 0


async def _take(app: "App", provider: str, way: Way, store: str, old: str | None = None) -> None:
    """Get the new key, check it, store it. Raises, and changes nothing, where one of these fails."""
    from dragoman.cli.auth_check import check_key, checked_endpoint
    from dragoman.core.errors import Authentication, ProviderError

    # Before the person is asked for anything.
    endpoint = None if way.unchecked else checked_endpoint(app, provider)
    new = await _new_key(app, provider, way)
    if old is not None and new.text == old:
        raise BadInput(f"This is the key of {provider} that is stored already: make a new one first.")
    kept = "the old key stays" if old else "nothing is stored"
    if endpoint is not None:
        try:
            await check_key(app, endpoint, new.key)
        except Authentication as error:
            raise DragomanError(f"{provider} refuses this key: {error.reason}; {kept}") from None
        except ProviderError as error:
            raise DragomanError(
                f"{provider} could not be asked about this key: {error.reason}; {kept}. --unchecked stores it unasked"
            ) from None
    await _write(app, provider, store, new.text)


async def _write(app: "App", provider: str, store: str, text: str) -> None:
    """Store the key, and see that it is there: some keyrings take everything and keep nothing."""
    from functools import partial

    from dragoman.engine.key_index import index_path, note_key
    from dragoman.engine.key_stores import MANNERS, done

    await done(store, partial(app.key_stores[store].set, provider, text))
    if await _stored(app, store, provider) != text:
        raise DragomanError(f"the {MANNERS[store].name} did not keep the key: choose another place with --to")
    note_key(index_path(app.environment), provider, store)


async def _stored(app: "App", store: str, provider: str) -> str | None:
    from functools import partial

    from dragoman.engine.key_stores import done

    there = await done(store, app.key_stores[store].is_there)
    return await done(store, partial(app.key_stores[store].get, provider)) if there else None


async def _new_key(app: "App", provider: str, way: Way) -> NewKey:
    from dragoman.cli.auth_device import device_client, device_login
    from dragoman.engine.key_lookup import judged

    client = device_client(app.settings, provider, wanted=way.device)
    if client is not None and not way.stdin:
        saved = await device_login(app, client, browser=way.browser)
        return NewKey(saved.token, saved.text() if saved.refresh_token else saved.token)
    key = _typed(provider, stdin=way.stdin)
    if fault := judged(key, "").fault:
        raise BadInput(f"This is no key: it {fault.partition(':')[0]}.")
    return NewKey(key, key)


def _typed(provider: str, *, stdin: bool) -> str:
    """The key as the person gives it, without the line break behind it."""
    if stdin:
        key = sys.stdin.read()
    elif sys.stdin.isatty():
        key = str(typer.prompt(f"Key for {provider} (not shown)", hide_input=True, err=True))
    else:
        raise BadInput("There is no terminal to ask for the key on: give it on stdin, with --stdin.")
    key = key.removesuffix("\n").removesuffix("\r")
    if not key:
        raise BadInput("No key came: nothing is stored.")
    return key


async def _store_for(app: "App", provider: str, wanted: str | None) -> str:
    """The name of the store that a new key goes to. Raises `BadInput` where it would not be looked for there."""
    from dragoman.engine.key_stores import MANNERS, done

    reference = _check_kind(app, provider)
    if reference in MANNERS and wanted in (None, reference):
        wanted = reference
    elif reference is not None:
        raise BadInput(
            f"The settings say where the key of {provider} is, so it would not be looked for elsewhere: "
            f"change providers.{provider}.api_key, or leave it out."
        )
    for name in (wanted,) if wanted else MANNERS:
        if await done(name, app.key_stores[name].is_there):
            return name
    if wanted == "keyring":
        raise BadInput("There is no OS keyring on this machine: try --to vault.")
    make = "`dragoman vault create` makes one"
    raise BadInput(f"There is no vault: {make}." if wanted else f"There is no OS keyring here, and no vault: {make}.")


def _check_kind(app: "App", provider: str) -> str | None:
    """The setting that says where the key is, if any. Raises `BadInput` for a provider that takes no key of ours."""
    from dragoman.engine.logins import KEYLESS, login_kind
    from dragoman.providers import PRESETS

    check_provider(app, provider)
    own = app.settings.providers.get(provider)
    kind = login_kind(own, PRESETS.get(provider))
    if kind in (*KEYLESS, "local"):
        raise BadInput(f"{provider} takes no key: it logs in by {kind}.")
    if own is None:
        return None
    return own.client_secret if kind == "entra" else own.api_key


def _searched(app: "App", provider: str) -> tuple[str, ...]:
    """The stores in which a key of the provider counts."""
    reference = _check_kind(app, provider)
    return tuple(name for name in app.key_stores if reference in (None, name))


def _tell(app: "App", provider: str, store: str, what: str, *, as_json: bool, checked: bool) -> None:
    from dragoman.engine.key_stores import MANNERS
    from dragoman.providers import PRESETS

    preset = PRESETS.get(provider)
    if as_json:
        print_json({"provider": provider, "place": store, "checked": checked})
    else:
        works = "it works, and is" if checked else "it is"
        out(f"{provider}: {works} {what} in the {MANNERS[store].name}.", style="green")
    for variable in preset.key_variables if preset else ():
        if app.environment.get(variable):
            note(f"{variable} is set in the environment and goes before it", style="yellow")
    if what == "replaced" and preset and preset.key_page:
        note(f"The old key is good until you delete it at {preset.key_page}")
