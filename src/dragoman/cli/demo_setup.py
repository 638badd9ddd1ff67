"""What the demo runs on: a copy of the file, scripted providers, settings and folders of its own; nothing else."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.cli.survey import State, survey
from dragoman.cli.textfiles import read_text_file
from dragoman.core.languages import defined_name, language
from dragoman.core.text import Position, Range, content_length
from dragoman.simulator import Fault, by_prefix, with_fault
from dragoman.simulator.demo_script import demo_script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.cli.survey import Standing
    from dragoman.simulator import Script

FIRST, LAST = "scripted-local", "scripted-cloud"
"""The provider that is cut off, and the one that takes over."""
_CUT_AFTER = 14
_FIRST_PATH = "/cut-off"


def resolved(folder: str) -> Path:
    """The folder without links, as the server will see it."""
    return Path(folder).resolve()


def script() -> Script:
    """The first provider breaks off in mid-answer, the other one answers."""
    return by_prefix({_FIRST_PATH: with_fault(demo_script(), Fault.CUT, after=_CUT_AFTER)}, demo_script())


def copied_source(given: Path | None, folder: Path) -> Path:
    """A copy of the person's file, or of the sample. Raises `BadInput` where the file is no text."""
    folder.mkdir()
    if given is None:
        target = folder / "stock.py"
        target.write_text(
            files("dragoman.cli").joinpath("demo_sample.txt").read_text(encoding="utf-8"), encoding="utf-8"
        )
        return target
    file = read_text_file(given)
    target = folder / file.path.name
    target.write_text(file.text, encoding="utf-8", newline="")
    return target


def environment(folder: Path) -> dict[str, str]:
    """This process's environment, but with settings, state, cache and log in that folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DRAGOMAN_")}
    homes = ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")
    own = {name: str(folder / name.lower()) for name in homes}
    return kept | own | {"HOME": str(folder), "DRAGOMAN_CONFIG": str(folder / "config.toml")}


async def real_providers(folder: Path) -> list[Standing]:
    """Ollama on this machine, and providers whose keys are in the environment, where they answer."""
    from dragoman.app import App

    # Only Ollama is named, so that no keyring is opened for a demo.
    _write(folder, 'routing.fallback_order = ["ollama"]\nrouting.intents = { analysis = [], explanation = [] }\n')
    async with await App.open(environment=environment(folder)) as app:
        return [standing for standing in await survey(app) if standing.state is State.READY]


def write_settings(folder: Path, url: str, real: Sequence[Standing]) -> None:
    """Settings that put a provider in front that is cut off, and a scripted one last."""
    names = dict.fromkeys(standing.provider for standing in real)
    order = json.dumps([FIRST, *names, LAST])
    _write(
        folder,
        f"""
[routing]
fallback_order = {order}
[routing.intents]
analysis = {order}
explanation = {order}
[retry]
max_retries = 0
[providers.{FIRST}]
dialect = "ollama"
base_url = "{url}{_FIRST_PATH}"
model = "scripted-coder"
local = true
[providers.{LAST}]
dialect = "anthropic"
base_url = "{url}"
model = "scripted-chat"
local = false
max_tokens = 4096
[providers.ollama]
enabled = {json.dumps("ollama" in names)}
""",
    )


def _write(folder: Path, settings: str) -> None:
    (folder / "config.toml").write_text(settings, encoding="utf-8")


def cursor(lines: Sequence[str], language_id: str) -> Range:
    """The first definition's line, else the whole text."""
    of = language(language_id)
    number = next((number for number, line in enumerate(lines) if defined_name(line, of) is not None), None)
    if number is None:
        return Range(Position(0, 0), Position(len(lines) - 1, content_length(lines[-1])))
    return Range(Position(number, 0), Position(number, 0))
