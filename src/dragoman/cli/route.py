"""dragoman route: who would be asked, and why. Asks nobody."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dragoman.cli import hint_options
from dragoman.cli.options import AsJson, ModelName, ProviderName
from dragoman.cli.output import out, print_json
from dragoman.cli.session import check_provider, finish, opened, project_root
from dragoman.core.classifier import classify
from dragoman.core.intent import Intent, LabelledIntent

if TYPE_CHECKING:
    from dragoman.core.hints import Hints
    from dragoman.core.route import Decision, Plan

NAME = "route"
EXAMPLE = 'dragoman route "why is this loop slow?"'


def command(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="What would be asked.")] = "",
    intent: Annotated[Intent | None, typer.Option(help="The kind of work, instead of a text.")] = None,
    provider: ProviderName = None,
    model: ModelName = None,
    strategy: hint_options.Strategy = None,
    k: hint_options.K = None,
    providers: hint_options.Providers = None,
    budget_usd: hint_options.BudgetUsd = None,
    max_latency_ms: hint_options.MaxLatencyMs = None,
    stickiness: hint_options.Stickiness = None,
    priority_weights: hint_options.PriorityWeights = None,
    min_useful_tokens: hint_options.MinUsefulTokens = None,
    as_json: AsJson = False,
) -> int:
    """Show who would be asked, and why.

    Every candidate in its order, then those who would not be asked. Exit code 1 where nobody can be.
    """
    if not text.strip() and intent is None:
        raise typer.BadParameter("give a text, or --intent")
    hints = hint_options.hints_of(
        provider=provider,
        model=model,
        strategy=strategy,
        k=k,
        providers=providers,
        budget_usd=budget_usd,
        max_latency_ms=max_latency_ms,
        stickiness=stickiness,
        priority_weights=priority_weights,
        min_useful_tokens=min_useful_tokens,
    )
    return finish(_route(context, text, intent, hints, as_json=as_json))


async def _route(context: typer.Context, text: str, intent: Intent | None, hints: "Hints", *, as_json: bool) -> int:
    from dragoman.core.chat import Request, user
    from dragoman.core.ports import Job
    from dragoman.core.route_report import report

    label = LabelledIntent(intent, "hint", "asked for") if intent else classify(text)
    job = Job("route", Request((user(text),)), label, hints)
    async with opened(context, project_root(Path.cwd())) as app:
        for name in (hints.provider, *hints.providers):
            check_provider(app, name)
        decision = await app.completer.decide(job)
    if as_json:
        print_json(report(decision))
    else:
        _show(decision)
    return 0 if decision.candidates else 1


def _show(decision: "Decision") -> None:
    out(f"{decision.intent.intent}: {decision.intent.reason}", style="bold")
    out(_plan(decision.plan), style="dim")
    for number, candidate in enumerate(decision.candidates, 1):
        place = candidate.place
        who = f"{place.provider} · {place.model or 'its best model for the work'}"
        out(f"{number}. {who} ({place.endpoint}): {candidate.reason}", style="green" if number == 1 else None)
    if not decision.candidates:
        out("nobody can be asked", style="red")
    for left in decision.left_out:
        out(f"not {left.provider or left.model}: {left.reason}", style="dim")


def _plan(plan: "Plan") -> str:
    """How they would be asked, in one line."""
    how = {
        "single": "one after the other",
        "race": f"all at once; who first gives {plan.min_useful_tokens} tokens wins",
        "speculate_k": f"the best {plan.k}, each next one when those before are slow",
        "parallel_merge": f"{plan.k} whole answers, made into one",
    }[plan.dispatch]
    limits = [
        f"nothing useful within {plan.max_latency_ms} ms means the next one" if plan.max_latency_ms else "",
        f"at most {plan.budget_usd:g} USD" if plan.budget_usd else "",
    ]
    return "; ".join([f"ordered by {plan.selection}, asked {how}", *filter(None, limits)])
