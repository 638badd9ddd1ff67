"""dragoman usage: what was spent, on whom and for what, and what the budgets have left. Asks nobody."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from dragoman.cli.options import AsJson
from dragoman.cli.output import console, out, print_json
from dragoman.cli.session import finish, opened, project_root
from dragoman.core.usage import By

NAME = "usage"
EXAMPLE = "dragoman usage --month --by model"

_BAR_WIDTH = 24


def command(
    context: typer.Context,
    only_today: Annotated[bool, typer.Option("--today", help="Of today; so it is without an option.")] = False,
    month: Annotated[bool, typer.Option("--month", help="Of this calendar month.")] = False,
    first: Annotated[str | None, typer.Option("--from", metavar="DATE", help="From that day on: YYYY-MM-DD.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DATE", help="To the end of that day.")] = None,
    by: Annotated[str, typer.Option(metavar="WHAT", help=f"One of {', '.join(get_args(By))}.")] = "provider",
    as_json: AsJson = False,
) -> int:
    """Show what was spent, and what the budgets have left.

    Every attempt of all windows on this machine, failed and cancelled ones too. ~ marks estimates.
    """
    from dragoman.engine.usage import today

    if by not in get_args(By):
        raise typer.BadParameter(f"--by wants one of {', '.join(get_args(By))}")
    if only_today + month + (first is not None or last is not None) > 1:
        raise typer.BadParameter("give one of --today, --month, or --from and --to")
    now = today()
    earliest = date.min if last else now.replace(day=1) if month else now
    start = earliest if first is None else _date("--from", first)
    end = now if last is None else _date("--to", last)
    if start > end:
        raise typer.BadParameter(f"--from {start} is after {'--to' if last else 'today,'} {end}")
    when = "today" if start == end == now else f"to {end}" if start == date.min else f"from {start} to {end}"
    return finish(_usage(context, start, end, cast("By", by), when, as_json=as_json))


def _date(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option} wants a day as YYYY-MM-DD, not {text[:40]!r}") from None


async def _usage(context: typer.Context, first: date, last: date, by: By, when: str, *, as_json: bool) -> int:
    async with opened(context, project_root(Path.cwd())) as app:
        usage = await app.usage(first, last, by)
        in_memory = app.store.kind == "memory"
    if as_json:
        print_json(usage)
        return 0
    if in_memory:
        out('Nothing is kept from one process to the next: the setting `store` is "memory"; set "sqlite".')
    elif not usage["total"]["attempts"]:
        out(f"Nothing was asked {when}: `dragoman run explain FILE` asks, and --from DATE looks further back.")
    else:
        _show(usage, when)
    if usage["budgets"]:
        out("\nbudgets:", style="bold")
    for budget in usage["budgets"]:
        _show_budget(budget)
    return 0


def _show(usage: dict[str, Any], when: str) -> None:
    out(f"spent {when}, by {usage['by']}:", style="bold")
    rows = [*usage["usage"].items(), ("in all", usage["total"])]
    width = max(len(name) for name, _ in rows)
    measure = _cost if usage["total"]["costUsd"] else _tokens
    most = max(measure(sums) for sums in usage["usage"].values())
    for name, sums in rows:
        bar = "" if name == "in all" else _bar(measure(sums) / most if most else 0.0)
        out(f"  {name:<{width}} {_money(sums):>12} {bar:<{_BAR_WIDTH}} {_words(sums)}")
    if usage["total"]["estimatedUsd"]:
        out("  ~ some of it estimated: where a provider gave no count, tokens were counted here", style="dim")
    if usage["total"]["attemptsOfUnknownPrice"]:
        out("  ? and more of unknown price: set [prices] for the model to have it counted", style="dim")


def _show_budget(budget: dict[str, Any]) -> None:
    share = min(1.0, 1 - budget["leftUsd"] / budget["limitUsd"])
    reserved = f", {budget['reservedUsd']:.4f} reserved" if budget["reservedUsd"] else ""
    text = f"{budget['spentUsd']:.4f} of {budget['limitUsd']:g} USD spent{reserved}, {budget['leftUsd']:.4f} left"
    used_up = not budget["leftUsd"]
    out(f"  {budget['name']} {_bar(share)} {text} ({budget['setting']})", style="yellow" if used_up else None)


def _cost(sums: dict[str, Any]) -> float:
    return float(sums["costUsd"])


def _tokens(sums: dict[str, Any]) -> float:
    return float(sums["inputTokens"] + sums["outputTokens"])


def _bar(share: float) -> str:
    terminal = console()
    block = "█" if terminal.is_terminal and not terminal.options.ascii_only else "#"
    return block * (round(share * _BAR_WIDTH) or int(share > 0))


def _money(sums: dict[str, Any]) -> str:
    marks = ("~" if sums["estimatedUsd"] else "") + ("?" if sums["attemptsOfUnknownPrice"] else "")
    return f"{marks}{sums['costUsd']:.4f} USD"


def _words(sums: dict[str, Any]) -> str:
    """Sums in one line; nothing of what did not happen."""
    kinds = ("answered", "failed", "cancelled", "lost", "running")
    cached = f" ({sums['cachedTokens']} cached)" if sums["cachedTokens"] else ""
    reasoning = f" ({sums['reasoningTokens']} reasoning)" if sums["reasoningTokens"] else ""
    parts = [
        f"{sums['attempts']} attempt{'s' if sums['attempts'] != 1 else ''}: "
        + ", ".join(f"{sums[kind]} {kind}" for kind in kinds if sums[kind]),
        f"tokens {sums['inputTokens']} in{cached}, {sums['outputTokens']} out{reasoning}",
        f"{sums['attemptsOfUnknownPrice']} of unknown price" if sums["attemptsOfUnknownPrice"] else "",
    ]
    return "; ".join(filter(None, parts))
