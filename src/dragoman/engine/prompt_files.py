"""Prompts of own actions that stand in files, read beside the settings that name them.

Blocks on the disk, so it is called from a worker thread. A file that can't be read costs its own action alone.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.core.printable import printable_name
from dragoman.core.settings_actions import misspelt_placeholder
from dragoman.core.settings_layers import dotted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dragoman.core.settings_layers import Choice, Problem
    from dragoman.core.settings_parse import Effective
    from dragoman.engine.ignores import Ignores

_LARGEST_BYTES = 64 * 1024


def with_prompts(effective: Effective, folder: Path, ignores: Ignores) -> Effective:
    """The settings with the files' texts as prompts. `folder` is that of the person's own config.toml.

    A project's file that is ignored, or is to stay on this machine, becomes no prompt: prompts are sent.
    """
    actions, problems, sources = dict(effective.settings.actions), list(effective.problems), dict(effective.sources)
    for name, choice in effective.prompt_files.items():
        why = _withheld(choice, folder, ignores, effective.settings.privacy.local_only)
        text = _text(choice, folder) if not why else None
        if text is None:
            del actions[name]
            problems.append(_unreadable(name, choice, why))
            continue
        actions[name] = actions[name].model_copy(update={"prompt": text})
        sources[dotted(("actions", name, "prompt"))] = printable_name(str(_path(choice, folder)))
        if problem := misspelt_placeholder(choice, text):
            problems.append(problem)
    settings = effective.settings.model_copy(update={"actions": actions})
    return replace(effective, settings=settings, problems=tuple(problems), sources=sources)


def prompt_paths(effective: Effective, folder: Path) -> Iterable[Path]:
    """The files, there or not: a change in one of them is a change of the settings."""
    return [_path(choice, folder) for choice in effective.prompt_files.values()]


def _path(choice: Choice, folder: Path) -> Path:
    named = Path(choice.value)
    if choice.layer.trusted and choice.value.startswith("~"):
        try:
            named = named.expanduser()
        except RuntimeError:  # there is no such home
            return named
    return Path(choice.layer.folder or folder) / named


def _withheld(choice: Choice, folder: Path, ignores: Ignores, local_only: Sequence[str]) -> str:
    """Why nothing of a project's file may be sent; "" where it may."""
    if not choice.layer.folder:
        return ""
    may = ignores.look(str(_path(choice, folder)), (choice.layer.folder,), local_only)
    return may.withheld or ("it stays on this machine: privacy.local_only" if may.local_only else "")


def _text(choice: Choice, folder: Path) -> str | None:
    """The file's text, or None where it is missing, empty, too large or no text; or, of a foreign project, outside."""
    path = _path(choice, folder)
    try:
        real, home = path.resolve(strict=True), choice.layer.folder
        if not choice.layer.trusted and not (home and real.is_relative_to(Path(home).resolve())):
            return None
        if not real.is_file() or real.stat().st_size > _LARGEST_BYTES:
            return None
        text = real.read_bytes()[:_LARGEST_BYTES].decode("utf-8-sig")
    except (OSError, RuntimeError, ValueError):
        return None
    return text if text.strip() and "\0" not in text else None


def _unreadable(name: str, choice: Choice, why: str) -> Problem:
    where = "in the project" if not choice.layer.trusted else "there"
    why = why or f"no such text file of up to {_LARGEST_BYTES // 1024} KiB is {where}"
    message = f"{dotted(choice.path)}: {dotted(('actions', name))} is not offered, for {why}"
    return choice.layer.problem(choice.path, message)
