"""dragoman status: how every provider stands for all windows together, and what was asked. Asks nobody."""

from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from dragoman.cli.options import AsJson
from dragoman.cli.output import out, print_json
from dragoman.cli.session import finish, opened, project_root
from dragoman.core.metrics import By

NAME = "status"
EXAMPLE = "dragoman status --days 7 --by model"


def command(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="Of the last so many days.")] = 1,
    by: Annotated[str, typer.Option(metavar="WHAT", help=f"One of {', '.join(get_args(By))}.")] = "provider",
    as_json: AsJson = False,
) -> int:
    """Show how providers stand and what was asked.

    Breakers, rests, usual times and health as all windows know them; requests, errors, tokens and costs.
    """
    if by not in get_args(By):
        raise typer.BadParameter(f"--by wants one of {', '.join(get_args(By))}")
    return finish(_status(context, days, cast("By", by), as_json=as_json))


async def _status(context: typer.Context, days: int, by: By, *, as_json: bool) -> int:
    async with opened(context, project_root(Path.cwd())) as app:
        status = await app.status(days, by)
    if as_json:
        print_json(status)
        return 0
    shared = "for this process alone" if status["store"] == "memory" else "for all windows"
    out(f"store: {status['store']}, {shared}", style="bold")
    if status["storeProblem"]:
        out(f"  {status['storeProblem']}", style="yellow")
    for place in status["places"]:
        _show_place(place)
    if not status["places"]:
        out("  nobody was asked yet")
    since = "today" if days == 1 else f"in the last {days} days"
    out(f"\nasked {since}, by {by}:", style="bold")
    for name, counters in status["metrics"].items():
        out(f"  {name:<24} {_words(counters)}")
    out(f"  {'in all':<24} {_words(status['total'])}")
    return 0


def _show_place(place: dict[str, Any]) -> None:
    facts = [f"health {place['health']}", f"breaker {place['breaker']}"]
    if place["restsForSeconds"]:
        facts.append(f"rests for {place['restsForSeconds']:g} s: {place['reason']}")
    if place["firstTokenSeconds"] is not None:
        facts.append(f"usually {place['firstTokenSeconds']:g} s to the first token")
    if place["reliability"] is not None:
        facts.append(f"{place['reliability']:.0%} of its answers whole")
    resting = place["restsForSeconds"] or place["health"] == "unhealthy"
    name = f"{place['provider']} · {place['model'] or 'its best model'} ({place['endpoint']})"
    out(f"  {name}: {', '.join(facts)}", style="yellow" if resting else None)


def _words(counters: dict[str, Any]) -> str:
    """Counters in one line; nothing of what did not happen."""
    errors = ", ".join(f"{number} {kind}" for kind, number in counters["errors"].items())
    more = " and more of unknown price" if counters["attemptsOfUnknownPrice"] else ""
    half = counters["firstTokenSecondsP50"]
    parts = [
        f"{counters['requests']} request{'s' if counters['requests'] != 1 else ''}, {counters['successes']} answered",
        f"{counters['cancelled']} cancelled" if counters["cancelled"] else "",
        f"errors: {errors}" if errors else "",
        f"{counters['retries']} retries" if counters["retries"] else "",
        f"{counters['failovers']} failovers" if counters["failovers"] else "",
        f"tokens {counters['inputTokens']} in, {counters['outputTokens']} out",
        f"{counters['costUsd']:.4f} USD{more}",
        f"first token within {half:g} s for half" if half else "",
        f"{counters['tokensPerSecond']:.0f} tokens/s" if counters["tokensPerSecond"] else "",
    ]
    return "; ".join(filter(None, parts))
