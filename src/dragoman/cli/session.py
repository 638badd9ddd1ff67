"""What commands share: the options before them, the app they open, the folder they work in. Prints only warnings."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dragoman.cli.output import note
from dragoman.core.errors import BadInput
from dragoman.core.printable import printable_name

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine

    import typer

    from dragoman.app import App
    from dragoman.core.settings_layers import Problem

T = TypeVar("T")

_PROJECT_MARKS = (".git", ".hg", ".dragoman.toml")


@dataclass(frozen=True, slots=True)
class Session:
    """What stands before the command: `--set` in the order given."""

    assignments: tuple[str, ...] = ()


@asynccontextmanager
async def opened(context: typer.Context, root: Path, *, warn: bool = True) -> AsyncGenerator[App, None]:
    """An app with the settings of that project folder; closed at the end.

    Raises `BadInput` for a `--set` that is wrong; other problems are warned of, unless the caller shows them.
    """
    from dragoman.app import App

    session: Session = context.obj
    async with await App.open(session.assignments, roots=(str(root),)) as app:
        for problem in app.effective.problems:
            if problem.source.startswith("--set") and not _is_note(problem):
                raise BadInput(str(problem))
            if warn and not _is_note(problem):
                note(str(problem), style="yellow")
        for file in app.foreign if warn else ():
            note(f"{file}: `dragoman trust` shows what, and asks you.")
        try:
            yield app
        finally:
            for problem in app.noticed():
                note(str(problem), style="yellow")


def check_provider(app: App, name: str | None) -> None:
    """Raises `BadInput`, with the nearest name, where there is no such provider."""
    from dragoman.core.settings_checks import nearest
    from dragoman.providers import PRESETS

    known = dict.fromkeys((*app.settings.providers, *PRESETS))
    if name is not None and name not in known:
        near = nearest(name, known)
        meant = f"did you mean {near}?" if near else f"there are {', '.join(known)}."
        raise BadInput(f"There is no provider {name[:40]!r}: {meant}")


def _is_note(problem: Problem) -> bool:
    from dragoman.core.settings_layers import Severity

    return problem.severity is Severity.NOTE


def finish(work: Coroutine[Any, Any, T]) -> T:
    """The coroutine's result. Ctrl-C cancels it, and it closes its connections on the way out."""
    return asyncio.run(work)


def project_root(start: Path) -> Path:
    """The nearest folder from `start` upwards that is a project's, else `start`."""
    start = start.resolve()
    return _holding_project(start) or start


def refuse_way_out(path: Path) -> None:
    """Raises `BadInput` where the named file seems to lie in a project, and a link leads out of it.

    Whoever wrote the project would choose which of the person's files is read, sent and changed.
    """
    from dragoman.engine.files import is_inside

    named = Path(os.path.normpath(path.absolute()))
    project = _holding_project(named.parent)
    if project is not None and not is_inside(str(named), (str(project),)):
        raise BadInput(f"{printable_name(str(path))} is a link that leads out of its project: name the file itself.")


def _holding_project(folder: Path) -> Path | None:
    """The nearest folder from this one upwards that is a project's; links are not followed."""
    folders = (folder, *folder.parents)
    return next((each for each in folders if any((each / mark).exists() for mark in _PROJECT_MARKS)), None)
