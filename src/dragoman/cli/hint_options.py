"""The options of every command that asks, or says who would be asked: a request's hints by their own names."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dragoman.core.hints import Hints

PANEL = "Who is asked, and how"

Strategy = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="priority, round_robin, random, weighted, scored, cheapest or manual; or single, race, speculate_k or "
        "parallel_merge.",
        rich_help_panel=PANEL,
    ),
]
K = Annotated[
    int | None,
    typer.Option("--k", metavar="N", help="How many speculate_k and parallel_merge ask.", rich_help_panel=PANEL),
]
Providers = Annotated[str | None, typer.Option(metavar="A,B", help="Ask nobody but these.", rich_help_panel=PANEL)]
BudgetUsd = Annotated[
    float | None, typer.Option(metavar="USD", help="The whole request must not cost more.", rich_help_panel=PANEL)
]
MaxLatencyMs = Annotated[
    int | None, typer.Option(metavar="MS", help="Nothing useful by then: the next one.", rich_help_panel=PANEL)
]
Stickiness = Annotated[str | None, typer.Option(metavar="NAME", help="none, turn or session.", rich_help_panel=PANEL)]
PriorityWeights = Annotated[
    str | None, typer.Option(metavar="A=2,B=0.5", help="What scores are multiplied by.", rich_help_panel=PANEL)
]
MinUsefulTokens = Annotated[
    int | None, typer.Option(metavar="N", help="Who first gives so many wins a race.", rich_help_panel=PANEL)
]

NoCache = Annotated[
    bool, typer.Option("--no-cache", help="The answer is to be a new one, and is not kept.", rich_help_panel=PANEL)
]


def hints_of(**values: Any) -> "Hints":
    """The hints in the options' values; None is as left out. Raises `BadInput` that names the option's hint."""
    from dragoman.core.hints import read_hints

    given = {name: value for name, value in values.items() if value is not None and value is not False}
    if isinstance(given.get("providers"), str):
        given["providers"] = [name.strip() for name in given["providers"].split(",") if name.strip()]
    if isinstance(given.get("priority_weights"), str):
        pairs = (pair.partition("=") for pair in given["priority_weights"].split(",") if pair.strip())
        given["priority_weights"] = {name.strip(): _number(weight) for name, _, weight in pairs}
    return read_hints(given)


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text  # the reader says what it wants
