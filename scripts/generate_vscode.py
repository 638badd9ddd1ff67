"""The parts of the VS Code extension's package.json that are made from the code: its commands, menus and settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dragoman.actions import ACTIONS
from dragoman.core.settings_schema import json_schema
from dragoman.lsp.capabilities import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TITLES = {
    "dragoman.cancel": "Cancel Everything That Runs",
    "dragoman.findings.clear": "Clear Findings",
    "dragoman.hunks.accept": "Accept All Changes in This File",
    "dragoman.hunks.reject": "Reject All Changes in This File",
    "dragoman.page": "Open the Live Page",
}
"""The server's other commands that make sense without arguments, where it has them."""

OWN_COMMANDS = (
    {"command": "dragoman.menu", "title": "Show Menu"},
    {"command": "dragoman.restart", "title": "Restart Server"},
    {"command": "dragoman.install", "title": "Install Server…"},
    {"command": "dragoman.log", "title": "Show Log"},
    {"command": "dragoman.settings", "title": "Open Settings"},
    {"command": "dragoman.preview.apply", "title": "Apply Change", "icon": "$(check)"},
    {"command": "dragoman.preview.discard", "title": "Discard Change", "icon": "$(close)"},
    {"command": "dragoman.preview.again", "title": "Try Again", "icon": "$(refresh)"},
)
"""The extension's own."""

PREVIEW = "resourceScheme == dragoman-preview"
RUNNING = "dragoman.running"
COMMIT = "dragoman.commit"

OWN_SETTINGS = {
    "dragoman.path": {
        "type": "string",
        "default": "",
        "scope": "machine",
        "markdownDescription": "The server's program. Empty: `dragoman` is looked for on the `PATH`, where uv and"
        " pipx put programs, and in the selected Python's environment.",
    },
    "dragoman.preview": {
        "type": "boolean",
        "default": False,
        "markdownDescription": "Show what *Fix*, *Edit*, *Refactor* and *Document* propose as a diff, to be applied or"
        " discarded, before it is in the text.",
    },
    "dragoman.trace.server": {
        "type": "string",
        "enum": ["off", "messages", "verbose"],
        "default": "off",
        "markdownDescription": "How much of what VS Code and the server say to each other is in the log while its"
        " level is *Trace* (*Developer: Set Log Level…*); `verbose`: code too.",
    },
}

NOTE = "Left alone, your config.toml says; what is set here wins over it."


def package_json(path: Path) -> str:
    """The file's text, with those parts made anew."""
    package = json.loads(path.read_text("utf-8"))
    contributes = package["contributes"]
    contributes["commands"] = list(_commands())
    contributes["menus"] = _menus()
    contributes["configuration"] = list(_configuration())
    return json.dumps(package, indent=2, ensure_ascii=False) + "\n"


def _commands() -> Iterator[dict[str, Any]]:
    for action in ACTIONS:
        title = f"{action.title}…" if action.needs_instruction else action.title
        icon = {"icon": "$(sparkle)"} if action.command == COMMIT else {}
        yield {"command": action.command, "title": title, **icon, "category": "Dragoman", "enablement": RUNNING}
    for command, title in TITLES.items():
        if command in COMMANDS:
            yield {"command": command, "title": title, "category": "Dragoman", "enablement": RUNNING}
    for row in OWN_COMMANDS:
        yield {**row, "category": "Dragoman"}


def _menus() -> dict[str, Any]:
    previews = [row["command"] for row in OWN_COMMANDS if row["command"].startswith("dragoman.preview.")]
    return {
        "editor/context": [{"submenu": "dragoman.actions", "when": RUNNING, "group": "1_modification@9"}],
        "dragoman.actions": [
            {"command": action.command, "group": f"1_actions@{number}"}
            for number, action in enumerate(ACTIONS, start=1)
        ],
        "editor/title": [
            {"command": command, "when": PREVIEW, "group": f"navigation@{number}"}
            for number, command in enumerate(previews, start=1)
        ],
        "scm/title": [{"command": COMMIT, "when": f"{RUNNING} && scmProvider == git", "group": "navigation"}],
        "commandPalette": [{"command": command, "when": PREVIEW} for command in previews],
    }


def _configuration() -> Iterator[dict[str, Any]]:
    yield {"title": "Dragoman", "properties": OWN_SETTINGS}
    schema = json_schema()
    tables = {name: _resolved(value, schema["$defs"]) for name, value in schema["properties"].items()}
    alone = {f"dragoman.{name}": _noted(value) for name, value in tables.items() if "properties" not in value}
    yield {"title": "Providers and more", "properties": alone}
    for name, table in tables.items():
        if "properties" in table:
            yield {"title": name.capitalize(), "properties": dict(_flat(f"dragoman.{name}", table))}


def _flat(above: str, table: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A table's settings by their dotted names."""
    for name, value in table["properties"].items():
        key = f"{above}.{name}"
        if "properties" in value:
            yield from _flat(key, value)
        else:
            yield key, _noted(value)


def _noted(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "description": f"{value.get('description', '')} {NOTE}".lstrip()}


def _resolved(value: Any, definitions: dict[str, Any]) -> Any:
    """The schema with each `$ref` replaced by what it stands for, under the words that stand beside it."""
    if isinstance(value, list):
        return [_resolved(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    beside = {key: _resolved(inner, definitions) for key, inner in value.items() if key != "$ref"}
    if "$ref" not in value:
        return beside
    return {**_resolved(definitions[value["$ref"].rpartition("/")[2]], definitions), **beside}
