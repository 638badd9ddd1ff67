"""dragoman route: who would be asked, and why. Asks nobody."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dragoman.cli.options import AsJson, ModelName, ProviderName
from dragoman.cli.output import out, print_json
from dragoman.cli.session import check_provider, finish, opened, project_root
from dragoman.core.classifier import classify
from dragoman.core.intent import Intent, LabelledIntent

if TYPE_CHECKING:
    from dragoman.core.route import Decision

NAME = "route"
EXAMPLE = 'dragoman route "why is this loop slow?"'


def command(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="What would be asked.")] = "",
    intent: Annotated[Intent | None, typer.Option(help="The kind of work, instead of a text.")] = None,
    provider: ProviderName = None,
    model: ModelName = None,
    as_json: AsJson = False,
) -> int:
    """Show who would be asked, and why.

    Every candidate in its order, then those who would not be asked. Exit code 1 where nobody can be.
    """
    if not text.strip() and intent is None:
        raise typer.BadParameter("give a text, or --intent")
    return finish(_route(context, text, intent, provider, model, as_json=as_json))


async def _route(
    context: typer.Context, text: str, intent: Intent | None, provider: str | None, model: str | None, *, as_json: bool
) -> int:
    from dragoman.core.chat import Request, user
    from dragoman.core.ports import Job
    from dragoman.core.route import Hints

    label = LabelledIntent(intent, "hint", "asked for") if intent else classify(text)
    job = Job("route", Request((user(text),)), label, Hints(provider, model))
    async with opened(context, project_root(Path.cwd())) as app:
        check_provider(app, provider)
        decision = await app.completer.decide(job)
    if as_json:
        print_json(_json(decision))
    else:
        _show(decision)
    return 0 if decision.candidates else 1


def _json(decision: "Decision") -> dict[str, Any]:
    return {
        "intent": decision.intent.intent.value,
        "intentReason": decision.intent.reason,
        "candidates": [
            {
                "provider": candidate.place.provider,
                "model": candidate.place.model,
                "endpoint": candidate.place.endpoint,
                "local": candidate.place.local,
                "reason": candidate.reason,
            }
            for candidate in decision.candidates
        ],
        "leftOut": [
            {"provider": left.provider, "model": left.model, "reason": left.reason} for left in decision.left_out
        ],
    }


def _show(decision: "Decision") -> None:
    out(f"{decision.intent.intent}: {decision.intent.reason}", style="bold")
    for number, candidate in enumerate(decision.candidates, 1):
        place = candidate.place
        who = f"{place.provider} · {place.model or 'its best model for the work'}"
        out(f"{number}. {who} ({place.endpoint}): {candidate.reason}", style="green" if number == 1 else None)
    if not decision.candidates:
        out("nobody can be asked", style="red")
    for left in decision.left_out:
        out(f"not {left.provider or left.model}: {left.reason}", style="dim")
