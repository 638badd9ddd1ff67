"""dragoman providers: who can be asked, which models they have, whether they really answer; and getting a model."""

import asyncio
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dragoman.cli.options import AsJson
from dragoman.cli.output import out, print_json
from dragoman.cli.session import finish, opened, project_root
from dragoman.core.errors import BadInput

if TYPE_CHECKING:
    from dragoman.app import App
    from dragoman.cli.survey import Standing

NAME = "providers"
EXAMPLE = "dragoman providers test ollama"

_QUESTION = "Answer with the one word: ready"
_LONGEST_ANSWER_TOKENS = 256


class What(StrEnum):
    """What to do with the providers."""

    LIST = "list"
    MODELS = "models"
    TEST = "test"
    PULL = "pull"


def command(
    context: typer.Context,
    what: Annotated[
        What,
        typer.Argument(
            help="list: how each one stands. models: their models, with window, abilities and price in USD per million "
            "tokens. test: ask each for a word, which may cost a little. pull: have Ollama download a model."
        ),
    ] = What.LIST,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Only this provider; for pull, the model.")
    ] = None,
    provider: Annotated[
        str, typer.Option("--provider", "-p", metavar="NAME", help="pull: for this provider.")
    ] = "ollama",
    endpoint: Annotated[
        str | None, typer.Option(metavar="URL", help="pull: onto this endpoint only, else onto all of them.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show how every provider stands.

    Whether it is enabled, where its key is, whether it answers, which models it has. `pull MODEL` downloads one.
    """
    if what is What.PULL:
        if not (name or "").strip():
            raise typer.BadParameter("give the model to pull, for example qwen2.5-coder:7b")
        return finish(_pull(context, name or "", provider, endpoint, as_json=as_json))
    if endpoint is not None or provider != "ollama":
        raise BadInput("--provider and --endpoint are for pull: name the provider without them.")
    return finish(_providers(context, what, name, as_json=as_json))


async def _pull(context: typer.Context, model: str, provider: str, endpoint: str | None, *, as_json: bool) -> int:
    from dragoman.cli.pull import pull_model

    async with opened(context, project_root(Path.cwd())) as app:
        return await pull_model(app, model, provider, endpoint, as_json=as_json)


async def _providers(context: typer.Context, what: What, only: str | None, *, as_json: bool) -> int:
    from dragoman.cli.survey import State, survey

    async with opened(context, project_root(Path.cwd())) as app:
        standings = await survey(app, only, describe=what is What.MODELS)
        if what is What.TEST:
            return await _test(app, [item for item in standings if item.state is not State.UNUSED], as_json=as_json)
    if what is What.MODELS:
        _show_models(standings, as_json=as_json)
    elif as_json:
        print_json({"providers": [standing.json() for standing in standings]})
    else:
        for standing in standings:
            out(describe(standing), style=STYLES[standing.state.value])
    return 0


def _show_models(standings: "list[Standing]", *, as_json: bool) -> None:
    ready = [standing for standing in standings if standing.known]
    if as_json:
        models = [
            {"provider": item.provider, "endpoint": item.endpoint, "models": [model.json() for model in item.known]}
            for item in ready
        ]
        print_json({"providers": models})
        return
    rows = [(f"{item.provider}/{model.name}", model.words()) for item in ready for model in item.known]
    width = max((len(name) for name, _ in rows), default=0)
    for name, words in rows:
        out(f"{name:<{width}}  {words}".rstrip())


STYLES = MappingProxyType({"ready": "green", "fails": "red", "no key": "yellow", "off": "dim", "not set up": "dim"})
"""How a provider's state looks on a terminal."""


def describe(standing: "Standing") -> str:
    """One line on a provider."""
    from dragoman.cli.survey import State

    parts = [f"{standing.provider:<12} {standing.state.value:<10}"]
    if standing.state is State.READY:
        assert standing.seconds is not None
        listed = f"{len(standing.models)} model{'' if len(standing.models) == 1 else 's'}"
        model = standing.model or "its best model for the work"
        parts.append(f"{listed} in {standing.seconds * 1000:.0f} ms, {model},")
        parts.append(f"{standing.endpoint}, key: {standing.key}")
    elif standing.state is State.FAILS:
        parts.append(f"{standing.problem} ({standing.endpoint}, key: {standing.key})")
    else:
        parts.append(standing.problem)
    return " ".join(parts)


async def _test(app: "App", standings: "list[Standing]", *, as_json: bool) -> int:
    names = list(dict.fromkeys(standing.provider for standing in standings))
    results = await asyncio.gather(*(_ask(app, name) for name in names))
    if as_json:
        print_json({"providers": results})
    for result in results if not as_json else ():
        if result["ok"]:
            first, whole = result["firstTokenSeconds"], result["seconds"]
            text = f"answers: {result['model']}, first token after {first:.2f} s, whole after {whole:.2f} s"
        else:
            text = f"fails: {result['problem']}"
        out(f"{result['provider']:<12} {text}", style="green" if result["ok"] else "red")
    return 0 if results and all(result["ok"] for result in results) else 1


async def _ask(app: "App", provider: str) -> dict[str, Any]:
    """One word from the provider, and what it took."""
    from contextlib import aclosing

    from dragoman.core.chat import Request, user
    from dragoman.core.errors import DragomanError
    from dragoman.core.events import Done
    from dragoman.core.hints import Hints
    from dragoman.core.intent import Intent, LabelledIntent
    from dragoman.core.ports import Job

    job = Job(
        id=f"test-{provider}",
        request=Request((user(_QUESTION),), max_output_tokens=_LONGEST_ANSWER_TOKENS),
        intent=LabelledIntent(Intent.GENERAL, "action", "a test"),
        hints=Hints(provider=provider),
        action="test",
    )
    done: Done | None = None
    try:
        async with aclosing(app.completer.stream(job)) as events:
            async for event in events:
                done = event if isinstance(event, Done) else done
    except DragomanError as error:
        return {"provider": provider, "ok": False, "problem": str(error)}
    assert done is not None
    return {
        "provider": provider,
        "ok": True,
        "model": done.model,
        "seconds": round(done.seconds, 3),
        "firstTokenSeconds": round(done.first_token_seconds, 3),
        "inputTokens": done.usage.input_tokens,
        "outputTokens": done.usage.output_tokens,
        "costUsd": done.cost_usd,
    }
