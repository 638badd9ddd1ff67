"""dragoman vault: make, unlock and fill the vault, in which keys lie where there is no OS keyring. Shows no secret.

A passphrase comes from DRAGOMAN_VAULT_PASSPHRASE, else from a hidden prompt, or without a terminal from stdin.
"""

import os
import sys
from getpass import getpass
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from dragoman.cli.options import AsJson
from dragoman.cli.output import fail, note, out, print_json
from dragoman.cli.session import finish
from dragoman.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dragoman.engine.vault_access import VaultAccess

T = TypeVar("T")

SHORTEST_PASSPHRASE = 8

Name = Annotated[str, typer.Argument(metavar="NAME", help="The entry, for example anthropic.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="The entries, for example anthropic.")]
Minutes = Annotated[int, typer.Option(min=1, max=10_000, metavar="MINUTES", help="Lock it again after so long unused.")]

_EXAMPLES = {
    "create": "dragoman vault create",
    "status": "dragoman vault status --json",
    "unlock": "dragoman vault unlock --idle 60",
    "lock": "dragoman vault lock",
    "set": "dragoman vault set anthropic",
    "list": "dragoman vault list",
    "remove": "dragoman vault remove anthropic",
    "passphrase": "dragoman vault passphrase",
    "export": "dragoman vault export anthropic",
    "import": "dragoman vault import anthropic openai",
    "reset": "dragoman vault reset --yes",
}


def build() -> typer.Typer:
    """The subcommands."""
    app = typer.Typer(rich_markup_mode=None, no_args_is_help=False)
    app.callback(invoke_without_command=True, epilog="Example: dragoman vault create")(_root)
    for command in (create, status, unlock, lock, set_, list_, remove, passphrase, export, import_, reset):
        name = command.__name__.rstrip("_")
        app.command(name, epilog=f"Example: {_EXAMPLES[name]}")(command)
    return app


def _root(context: typer.Context) -> None:
    """Keep keys where there is no OS keyring."""
    if context.invoked_subcommand is None:
        out(context.get_help())


def create() -> int:
    """Make a vault, and unlock it for this login session."""
    access = _access()
    if access.is_there():
        raise BadInput("There is a vault already: `dragoman vault status` shows it.")
    try:
        access.create(access.passphrase or _new_passphrase())
    finally:
        if access.is_there():  # also where no agent could be started to hold it unlocked
            out(f"{access.file} is new: `dragoman vault set NAME` puts a key in. Nobody can recover its passphrase.")
    return 0


def status(as_json: AsJson = False) -> int:
    """Show where the vault is, whether it is unlocked, and what is wrong with it."""
    state = _access().state()
    if as_json:
        print_json(
            {
                "file": str(state.file),
                "exists": state.exists,
                "entries": state.entries,
                "unlockedBy": state.unlocked_by,
                "secondsLeft": state.seconds_left,
                "fault": state.fault,
            }
        )
    elif not state.exists:
        out("there is no vault: `dragoman vault create` makes one")
    else:
        out(str(state.file), style="bold")
        out(f"  {_entries(state.entries)}" if not state.fault else f"  it {state.fault}")
        left = f" for {state.seconds_left / 60:.0f} minutes more" if state.seconds_left is not None else ""
        out(
            f"  unlocked by {state.unlocked_by}{left}" if state.unlocked_by else "  locked: run `dragoman vault unlock`"
        )
    return 1 if state.fault else 0


def unlock(
    idle: Minutes = 480,
    accept: Annotated[
        bool, typer.Option("--accept", help="Even if the file is an older copy, or another vault, than last time.")
    ] = False,
) -> int:
    """Unlock the vault for this login session, until it has not been used for a while."""
    access = _access()
    names = access.names()  # raises where there is none to ask a passphrase for
    access.unlock(access.passphrase or _passphrase("Passphrase: "), idle * 60, accept=accept)
    out(f"the vault with {_entries(len(names))} is unlocked until it is unused for {idle} minutes")
    return 0


def lock() -> int:
    """Lock the vault: the agent forgets its keys."""
    out("the vault is locked" if _access().lock() else "the vault was not unlocked")
    return 0


def set_(
    name: Name, stdin: Annotated[bool, typer.Option("--stdin", help="Read the secret from stdin instead.")] = False
) -> int:
    """Put a key into the vault, instead of the one that lay there under that name."""
    access = _access()
    access.check_unlocked()  # before anything is asked
    secret = _secret_from_stdin() if stdin else _hidden(f"Key for {name}: ")
    if not secret:
        raise BadInput("No key came: nothing was changed.")
    access.set(name, secret)
    _note_place([name], "vault")
    out(f"{name} is in the vault")
    return 0


def list_(as_json: AsJson = False) -> int:
    """List the names of what is in the vault. Needs no passphrase."""
    names = _access().names()
    if as_json:
        print_json({"names": names})
    for name in () if as_json else names:
        out(name)
    return 0


def remove(names: Annotated[list[str], typer.Argument(metavar="NAME...", help="The entries to forget.")]) -> int:
    """Remove keys from the vault."""
    access, missing = _access(), []
    for name in names:
        if access.delete(name):
            _note_place([name], None, only="vault")
            out(f"{name} is no longer in the vault")
        else:
            missing.append(name)
    for name in missing:
        fail(f"there is no {name!r} in the vault: `dragoman vault list` shows what is.")
    return 1 if missing else 0


def passphrase() -> int:
    """Change the passphrase. Everything is encrypted anew, with new keys."""
    access = _access()
    access.names()  # raises where there is none
    old = access.passphrase or _passphrase("Old passphrase: ")
    access.change_passphrase(old, _new_passphrase())
    out("the vault has a new passphrase; copies of its file from before still open with the old one")
    if access.passphrase:
        note("DRAGOMAN_VAULT_PASSPHRASE still holds the old one: set it to the new one", style="yellow")
    return 0


def export(names: Names = None) -> int:
    """Copy keys from the vault to the OS keyring: those named, else all. They stay in the vault too."""
    from dragoman.engine.key_stores import key_stores

    access = _access()
    keyring = key_stores(os.environ)["keyring"]

    def copy(name: str) -> None:
        secret = access.get(name)
        if secret is None:
            raise BadInput("it is not in the vault")
        _in_keyring(lambda: keyring.set(name, secret))
        if _in_keyring(lambda: keyring.get(name)) != secret:
            raise BadInput("the OS keyring did not keep it")

    access.check_unlocked()
    return _copy_each(names or access.names(), copy, "keyring")


def import_(names: Names = None) -> int:
    """Copy keys from the OS keyring to the vault: those named, else all that `dragoman auth` stored there."""
    from dragoman.engine.key_index import index_path, stored_keys
    from dragoman.engine.key_stores import key_stores

    access = _access()
    keyring = key_stores(os.environ)["keyring"]
    wanted = names or [name for name, place in stored_keys(index_path()).items() if place == "keyring"]
    if not wanted:
        raise BadInput("An OS keyring can't be listed: name the providers whose keys are to be copied.")

    def copy(name: str) -> None:
        secret = _in_keyring(lambda: keyring.get(name))
        if not secret:
            raise BadInput("it is not in the OS keyring")
        access.set(name, secret)

    access.check_unlocked()
    return _copy_each(wanted, copy, "vault")


def reset(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> int:
    """Delete the vault with everything in it, for example when its passphrase is forgotten."""
    access = _access()
    if not access.is_there():
        out("there is no vault")
        return 0
    if not yes:
        typer.confirm("Delete the vault and every key in it?", abort=True, err=True)
    names = _names_if_readable(access)
    access.reset()
    _note_place(names, None, only="vault")
    out("the vault is deleted: `dragoman vault create` makes a new one")
    return 0


def _access() -> "VaultAccess":
    from dragoman.engine.vault_access import platform_access

    return platform_access(os.environ)


def _entries(count: int) -> str:
    return f"{count} {'entry' if count == 1 else 'entries'}"


def _in_keyring(work: "Callable[[], T]") -> "T":
    """What the OS keyring says, or trouble in its name: it may be locked, or never answer."""
    from dragoman.engine.key_stores import done

    return finish(done("keyring", work))


def _copy_each(names: "Iterable[str]", copy: "Callable[[str], None]", place: str) -> int:
    """Copy one after the other, and tell of each; returns the exit code. Trouble with the vault itself ends it."""
    from dragoman.engine.key_lookup import KeyPlaceTrouble
    from dragoman.engine.key_stores import MANNERS

    code = 0
    for name in names:
        try:
            copy(name)
        except (BadInput, KeyPlaceTrouble) as error:
            fail(f"{name} was not copied: {error}")
            code = 1
        else:
            _note_place([name], place)
            out(f"{name} is in the {MANNERS[place].name} too")
    return code


def _note_place(names: "Iterable[str]", place: str | None, only: str | None = None) -> None:
    """Tell all windows where these keys lie now; `only` where they lay there before."""
    from dragoman.engine.key_index import index_path, note_key, stored_keys

    known = stored_keys(index_path())
    for name in names:
        if only is None or known.get(name) == only:
            note_key(index_path(), name, place)


def _names_if_readable(access: "VaultAccess") -> tuple[str, ...]:
    from dragoman.core.errors import VaultError

    try:
        return access.names()
    except VaultError:
        return ()


def _passphrase(prompt: str) -> str:
    """What the person types unseen; without a terminal, the next line of stdin."""
    given = _hidden(prompt) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise BadInput("No passphrase came: type it, or set DRAGOMAN_VAULT_PASSPHRASE.")
    return given


def _hidden(prompt: str) -> str:
    """What the person types unseen; "" where they end the input instead."""
    try:
        return getpass(prompt)
    except EOFError:
        return ""


def _new_passphrase() -> str:
    chosen = _passphrase("New passphrase: ")
    if len(chosen) < SHORTEST_PASSPHRASE:
        raise BadInput(f"A passphrase has {SHORTEST_PASSPHRASE} characters or more: a few words that you can keep.")
    if sys.stdin.isatty() and _hidden("The same again: ") != chosen:
        raise BadInput("These were not the same: nothing was changed.")
    return chosen


def _secret_from_stdin() -> str:
    """All of stdin without the line's end that most commands add."""
    return sys.stdin.read().removesuffix("\n").removesuffix("\r")
