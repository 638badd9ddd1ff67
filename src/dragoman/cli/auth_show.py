"""dragoman auth list and status: where each provider's key is, and whether the provider takes it. Shows no key."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dragoman.cli.options import AsJson
from dragoman.cli.output import out, print_json
from dragoman.cli.session import check_provider, finish, opened, project_root

if TYPE_CHECKING:
    from dragoman.app import App

Name = Annotated[str | None, typer.Argument(metavar="[PROVIDER]", help="Only this provider.")]


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One provider's key. `where` is its place, or what to do for one. `works` is None where nobody was asked."""

    provider: str
    found: bool
    where: str
    works: bool | None = None
    problem: str = ""

    def json(self) -> dict[str, Any]:
        """For a script."""
        asked = {"works": self.works, "problem": self.problem} if self.works is not None else {}
        return {"provider": self.provider, "found": self.found, "where": self.where, **asked}


def list_keys(context: typer.Context, as_json: AsJson = False) -> int:
    """Show where the keys are, without asking any provider."""
    return finish(_show(context, None, ask=False, as_json=as_json))


def status(context: typer.Context, provider: Name = None, as_json: AsJson = False) -> int:
    """Ask each provider whether it takes its key. Exit code 1 where one does not."""
    return finish(_show(context, provider, ask=True, as_json=as_json))


async def _show(context: typer.Context, only: str | None, *, ask: bool, as_json: bool) -> int:
    async with opened(context, project_root(Path.cwd())) as app:
        check_provider(app, only)
        rows = await _rows(app, only)
        if ask:
            rows = list(await asyncio.gather(*(_asked(app, row) for row in rows)))
    if as_json:
        print_json({"keys": [row.json() for row in rows]})
    for row in rows if not as_json else ():
        out(_line(row), style="red" if row.works is False else "green" if row.found else "yellow")
    if not rows and not as_json:
        out("There is no key anywhere, and no setting that wants one: `dragoman auth login PROVIDER` stores one.")
    return 1 if any(row.works is False for row in rows) else 0


async def _rows(app: "App", only: str | None) -> list[KeyRow]:
    """The providers that have a key, that should have one, or that are asked for."""
    from dragoman.engine.logins import KEYLESS, login_kind
    from dragoman.providers import PRESETS

    rows = []
    for name in (only,) if only else dict.fromkeys((*app.settings.providers, *PRESETS)):
        own, preset = app.settings.providers.get(name), PRESETS.get(name)
        kind = login_kind(own, preset)
        if kind in KEYLESS:
            rows.append(KeyRow(name, True, f"none needed: logs in by {kind}"))
            continue
        found, where = await app.keys.describe(name)
        wanted = own is not None and own.enabled and bool(own.api_key or (preset and preset.needs_key))
        if found or wanted or only or app.keys.fault(name):
            rows.append(KeyRow(name, found, where))
    return rows


async def _asked(app: "App", row: KeyRow) -> KeyRow:
    from dragoman.cli.auth_check import check_key, checked_endpoint
    from dragoman.core.errors import BadInput, ProviderError

    if not row.found:
        return KeyRow(row.provider, False, row.where, False, "there is no key")
    try:
        await check_key(app, checked_endpoint(app, row.provider), await app.keys.secret(row.provider))
    except ProviderError as error:
        return KeyRow(row.provider, True, row.where, False, error.reason)
    except BadInput as error:
        return KeyRow(row.provider, True, row.where, False, str(error))
    return KeyRow(row.provider, True, row.where, True)


def _line(row: KeyRow) -> str:
    verdict = {None: "", True: "works  ", False: "fails  "}[row.works]
    problem = f" ({row.problem})" if row.problem and row.found else ""
    return f"{row.provider:<12} {verdict}{row.where}{problem}"
