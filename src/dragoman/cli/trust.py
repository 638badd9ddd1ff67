"""dragoman trust: whether a project's own settings file may set what only the person's may. Shows first, then asks."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dragoman.cli.output import fail, note, out
from dragoman.cli.session import project_root
from dragoman.core.errors import BadInput
from dragoman.core.printable import printable_name

if TYPE_CHECKING:
    from dragoman.core.trust import Foreign

NAME = "trust"
EXAMPLE = "dragoman trust --show"


def command(
    path: Annotated[
        str,
        typer.Argument(
            metavar="[PATH]", help="A project's folder, or its .dragoman.toml. Left out: the project you are in."
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Trust it without being asked.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Only show what trusting it would let it set.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Forget what you have said of it.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the files that you have trusted or declined.")] = False,
) -> int:
    """Trust a project's .dragoman.toml, as it is now.

    Untrusted, it may only choose context. Trusted, it may set whatever your own config.toml may, until it changes.
    """
    if yes + show + revoke + listed > 1:
        raise typer.BadParameter("--yes, --show, --revoke and --list exclude each other")
    if listed:
        return _list()
    file = _settings_file(path)
    return _revoke(file) if revoke else _trust(file, yes=yes, show=show)


def _settings_file(path: str) -> Path:
    """The file that is meant, as an absolute path whose links are not followed yet."""
    from dragoman.engine.settings_files import PROJECT_FILE

    named = Path(path).absolute() if path else project_root(Path.cwd())
    if named.name == PROJECT_FILE:
        return named
    if path and named.is_file():
        raise BadInput(f"{printable_name(path)} is not a project: name its folder, or its {PROJECT_FILE}.")
    return named / PROJECT_FILE


def _trust(file: Path, *, yes: bool, show: bool) -> int:
    from dragoman.engine.trust import decide, verdict

    shown = printable_name(str(file))
    foreign, problems = _wishes(file)
    if foreign is None:
        for problem in problems:
            fail(problem)
        if not problems:
            note(f"{shown} sets nothing that it may not set untrusted: there is nothing to trust.")
        return 1 if problems else 0
    said = verdict(foreign.seal)
    out(f"{shown}, once trusted, sets")
    for wish in foreign.wishes:
        out(f"  {wish.key} = {json.dumps(wish.value)}")
    if said is True:
        note("You trust it already. `dragoman trust --revoke` takes that back.")
    if show or said is True:
        return 0
    trusted = yes or _asked()
    decide(foreign.seal, trusted=trusted)
    if trusted:
        note("Trusted, until it changes. Editors take it up with the next request.", style="green")
    else:
        note("Not trusted, and editors no longer ask about it. `dragoman trust` asks again.")
    return 0


def _wishes(file: Path) -> "tuple[Foreign | None, list[str]]":
    """What the file would set if it were trusted; or why it can't be used. Raises `BadInput` where there is none."""
    from dragoman.core.settings_parse import parse
    from dragoman.engine.settings_files import read_layers
    from dragoman.providers import DIALECTS, PRESETS

    layers = read_layers(os.environ, (str(file.parent),))
    project = next((layer for layer in layers if not layer.trusted), None)
    if project is None:
        raise BadInput(f"{printable_name(str(file))} does not exist: there is nothing to trust.")
    effective = parse(layers, presets={name: row.dialect for name, row in PRESETS.items()}, dialects=tuple(DIALECTS))
    return next(iter(effective.foreign), None), [str(problem) for problem in project.problems]


def _asked() -> bool:
    if not sys.stdin.isatty():
        raise BadInput("There is nobody to ask here: `dragoman trust --yes` trusts it as it is now.")
    note("It could send your code elsewhere, and choose the key that goes with it.", style="yellow")
    return typer.confirm("Do you trust this file?", err=True)


def _revoke(file: Path) -> int:
    from dragoman.engine.settings_files import real_path
    from dragoman.engine.trust import forget

    if not forget(real_path(file)):
        note(f"You have said nothing of {printable_name(str(file))}.")
        return 0
    note(f"{printable_name(str(file))} is foreign again.", style="green")
    return 0


def _list() -> int:
    from dragoman.engine.trust import records, seal_of

    for record in records():
        path = Path(record.seal.path)
        try:
            now = "" if seal_of(path, path.read_bytes()) == record.seal else ", but it has changed since"
        except OSError:
            now = ", but it is gone"
        out(f"{'trusted' if record.trusted else 'declined'}  {printable_name(str(path))}{now}")
    return 0
