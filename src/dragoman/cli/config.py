"""dragoman config: the person's settings file, what is in effect, and where each value comes from."""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from dragoman.cli.options import AsJson
from dragoman.cli.output import note, out, print_json
from dragoman.cli.session import finish, opened, project_root
from dragoman.core.errors import BadInput

if TYPE_CHECKING:
    from dragoman.core.settings_parse import Effective

TEMPLATE = "config_template.toml"
_EDITORS = ("nano", "vi", "notepad")


def build() -> typer.Typer:
    """The subcommands."""
    app = typer.Typer(rich_markup_mode=None, no_args_is_help=False)
    app.callback(invoke_without_command=True, epilog="Example: dragoman config init")(_root)
    app.command("init", epilog="Example: dragoman config init")(init)
    app.command("show", epilog="Example: dragoman config show --json")(show)
    app.command("schema", epilog="Example: dragoman config schema > dragoman.schema.json")(schema)
    app.command("edit", epilog="Example: EDITOR=nano dragoman config edit")(edit)
    app.command("path", epilog="Example: cat $(dragoman config path)")(path)
    return app


def _root(context: typer.Context) -> None:
    """Make, show or edit the settings."""
    if context.invoked_subcommand is None:
        out(context.get_help())


def init() -> int:
    """Write a config.toml that explains every setting. Never overwrites one."""
    target = _config_path()
    if target.exists():
        raise BadInput(f"{target} is there already: `dragoman config edit` opens it.")
    _write_template(target)
    out(f"{target} is new: `dragoman config edit` opens it, `dragoman doctor` checks it.")
    return 0


def show(context: typer.Context, as_json: AsJson = False) -> int:
    """Print every setting in effect, with its source."""
    return finish(_show(context, as_json=as_json))


def schema() -> int:
    """Print the JSON schema of config.toml, for editors that check and complete TOML."""
    from dragoman.core.settings_schema import json_schema

    print_json(json_schema())
    return 0


def edit() -> int:
    """Open config.toml in $VISUAL or $EDITOR; makes it first where it is not there."""
    target = _config_path()
    editor = _editor(os.environ)
    if not target.exists():
        _write_template(target)
    code = subprocess.run([*editor, str(target)], check=False).returncode  # noqa: S603 - the person's own editor
    for problem in _problems():
        note(problem, style="yellow")
    return 1 if code else 0


def path() -> int:
    """Print where config.toml is, or would be."""
    out(str(_config_path()))
    return 0


def settings_with_sources(effective: "Effective") -> Iterator[tuple[str, Any, str]]:
    """Every setting in effect: dotted key, value, source. What is neither set nor has a default is left out."""
    for keys, value in _leaves(effective.settings.model_dump(mode="json"), ()):
        from dragoman.core.settings_layers import dotted

        key = dotted(keys)
        source = effective.sources.get(key)
        if source is not None or value not in (None, []):
            yield key, value, source or "default"


def _leaves(value: Any, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*above, key))
    else:
        yield above, value


async def _show(context: typer.Context, *, as_json: bool) -> int:
    async with opened(context, project_root(Path.cwd())) as app:
        rows = list(settings_with_sources(app.effective))
        problems = [str(problem) for problem in app.effective.problems]
    if as_json:
        settings = [{"key": key, "value": value, "source": source} for key, value, source in rows]
        print_json({"settings": settings, "problems": problems})
        return 0
    for key, value, source in rows:
        line = f"{key} = {json.dumps(value, ensure_ascii=False)}"
        out(f"{line:<60}  # {source}", style="dim" if source == "default" else None)
    return 0


def _config_path() -> Path:
    from dragoman.engine.settings_files import config_path

    return config_path(os.environ)


def _write_template(target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = files("dragoman.cli").joinpath(TEMPLATE).read_text(encoding="utf-8")
    with target.open("x", encoding="utf-8") as file:
        file.write(text)


def _editor(environment: Mapping[str, str]) -> list[str]:
    named = environment.get("VISUAL") or environment.get("EDITOR")
    try:
        command = shlex.split(named) if named else [found for found in map(shutil.which, _EDITORS) if found][:1]
    except ValueError:
        command = []
    if not command or shutil.which(command[0]) is None:
        raise BadInput(
            f"There is no editor{f' {named!r}' if named else ''}: set EDITOR to the one to open the file with."
        )
    return command


def _problems() -> list[str]:
    """What is wrong in the person's own file."""
    from dragoman.core.settings_parse import parse
    from dragoman.engine.ignores import Ignores
    from dragoman.engine.prompt_files import with_prompts
    from dragoman.engine.settings_files import config_path, read_layers
    from dragoman.lsp.capabilities import TAKEN
    from dragoman.providers import DIALECTS, PRESETS

    presets = {name: preset.dialect for name, preset in PRESETS.items()}
    effective = parse(read_layers(os.environ), presets=presets, dialects=tuple(DIALECTS), taken=TAKEN)
    return [str(problem) for problem in with_prompts(effective, config_path(os.environ).parent, Ignores()).problems]
