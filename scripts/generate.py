"""Writes the documents that are made from the code. Run as scripts/generate."""
# ruff: noqa: E501 - a row of a Markdown table is one line

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generate_vscode import package_json

from dragoman.core.intent import Intent
from dragoman.core.settings import Section, Settings
from dragoman.core.settings_schema import Key, json_schema, keys, section_in
from dragoman.providers import DIALECTS, PRESETS

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parent.parent / "docs"
PACKAGE = DOCS.parent / "editors" / "vscode" / "package.json"

INTRODUCTION = """# Settings

This page is made from the code by `scripts/generate`.

Nothing has to be set: with Ollama running, or a key in the environment, Dragoman works. What is set anywhere has the
same name everywhere.

## Where settings stand

Later ones win, key by key. Tables are merged; a list or a single value replaces the earlier one.

| | where | how |
|---|---|---|
| 1 | the defaults below | |
| 2 | your own file: `config.toml` in the platform's config folder (`dragoman config show` names it), or the file that `DRAGOMAN_CONFIG` names | TOML |
| 3 | `.dragoman.toml` in the workspace folder | TOML; only `context.*` unless you trust it, see below |
| 4 | your editor: `initializationOptions`, and `workspace/configuration` in the section `dragoman` | nested JSON, or dotted keys (`"routing.fallback_order"`) |
| 5 | the environment: `DRAGOMAN_TIMEOUTS__CONNECT=10`; two underscores part the segments | text; a list with commas, or JSON |
| 6 | the command line: `--set routing.prefer_local_for=code,tests` | as in the environment |

Environment variables can't spell a provider's name that has a hyphen; use `--set` or a file for it. An empty variable
sets nothing.

A change in a file is taken up while the server runs. A wrong key or value is passed over alone, and named with its
line and what was probably meant; everything else stays in effect. `dragoman config show` lists what is in effect and
where each value comes from.

To have your editor check and complete `config.toml`, point its TOML plugin to `docs/settings.schema.json`
(`dragoman config schema` prints it).

## A project's own file

`.dragoman.toml` comes with somebody else's project as easily as with your own. Untrusted, it may name text files of the
project as instructions (`context.instructions`), and lower `context.max_tokens`. Everything else in it is refused, and
your editor asks once whether you trust it, or names the command. It is not read where it is a link to a file outside
the project.

`dragoman trust` shows what the file would set and asks you; `--revoke` takes it back, `--list` shows what you have said
of which files. Trusted, the file may set whatever your own may. Trust is for its content as it is now: when it changes,
it is foreign again. [Security](security.md) says more.

## Keys

A setting names the place of a key, never the key: `api_key = "env:NAME"`, `"keyring"`, `"vault"`, or `"cmd:COMMAND"`
for a command that prints it. With nothing set, the provider's usual variables are looked at in turn, then the OS
keyring, then the vault. `dragoman auth login anthropic` checks a key and stores it. A place that is locked is not
waited for: the request goes to a provider that has what it needs. Your editor must see the variable: one that is
started from the desktop often does not have those of your shell. More in [keys.md](keys.md).

## An example

```toml
[routing]
prefer_local_for = ["code", "regex", "tests"]
[routing.intents]
explanation = ["anthropic", "ollama"]

[providers.ollama]
endpoints = ["http://localhost:11434", "http://gpu-box:11434"]
model = "qwen2.5-coder:7b"
timeouts.first_token = 60

[providers.anthropic]
api_key = "env:ANTHROPIC_API_KEY"

[providers.my-server]          # any server that speaks one of the dialects
dialect = "openai"
base_url = "http://127.0.0.1:8080/v1"
local = true
```
"""


def main() -> int:
    """Writes the documents, or checks them. Returns the exit code."""
    stale = [path for path, text in documents().items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(DOCS.parent)} is stale: run scripts/generate", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(documents()[path], "utf-8")
        print(f"wrote {path.relative_to(DOCS.parent)}")
    return 0


def documents() -> dict[Path, str]:
    """Every generated file with its content."""
    return {
        DOCS / "settings.md": "\n".join(settings_page()),
        DOCS / "settings.schema.json": json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n",
        PACKAGE: package_json(PACKAGE),
    }


def settings_page() -> Iterator[str]:
    """The lines of docs/settings.md."""
    yield INTRODUCTION
    yield "Intents are " + _list_of(intent.value for intent in Intent) + ".\n"
    yield "## All settings\n\n### Above all tables\n"
    yield from _table([key for key in keys() if len(key.path) == 1], ())
    for name, field in Settings.model_fields.items():
        section = section_in(field.annotation)
        if section is not None:
            yield from _section(section, [key for key in keys() if key.path[0] == name])
    yield "## Providers that need no more than their name\n"
    yield "| name | | dialect | address | key |\n|---|---|---|---|---|"
    for preset in PRESETS.values():
        variables = _list_of(preset.key_variables) or "none"
        key = (
            variables
            if preset.needs_key
            else f"{variables}, if the server wants one"
            if variables != "none"
            else "none"
        )
        key += "; asked only with `enabled = true`" if preset.opt_in else ""
        address = f"`{preset.base_url}`" if preset.base_url else f"the one that `{preset.address_variable}` holds"
        yield f"| `{preset.name}` | {preset.title} | {preset.dialect} | {address} | {key} |"
    yield f"\nThe dialects are {_list_of(sorted(DIALECTS))}.\n"


def _section(section: type[Section], rows: list[Key]) -> Iterator[str]:
    head = rows[0].path[:2] if rows[0].path[1] == "*" else rows[0].path[:1]
    yield f"\n### `[{_spelt(head)}]`\n\n{section.__doc__}\n"
    yield from _table(rows, head)


def _table(rows: list[Key], head: tuple[str, ...]) -> Iterator[str]:
    yield "| key | default | wants | meaning |\n|---|---|---|---|"
    for row in rows:
        key = _spelt(row.path[len(head) :])
        yield f"| `{key}` | {_default(row)} | {row.wants} | {row.description} |"
    yield ""


def _spelt(path: tuple[str, ...]) -> str:
    return ".".join(path).replace("*", "NAME")


def _default(key: Key) -> str:
    value = key.default
    if key.path[0] == "providers" and "timeouts" in key.path:
        return "as in `[timeouts]`"
    if value is None or value in ((), {}):
        return ""
    if isinstance(value, dict):
        return "<br>".join(f"`{key} = {json.dumps(list(inner))}`" for key, inner in value.items())
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value)}`"


def _list_of(values: Any) -> str:
    return ", ".join(f"`{value}`" for value in values)


if __name__ == "__main__":
    sys.exit(main())
