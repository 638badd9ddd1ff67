"""dragoman providers pull: has Ollama download a model. Ctrl-C stops it; the next try goes on where it stopped."""

import sys
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any

from dragoman.cli.output import console, fail, note, out, print_json, printable
from dragoman.cli.session import check_provider
from dragoman.core.errors import BadInput, ProviderError

if TYPE_CHECKING:
    from dragoman.app import App
    from dragoman.engine.places import Endpoint
    from dragoman.providers.base import PullProgress

Show = Callable[["PullProgress"], None]


async def pull_model(app: "App", model: str, provider: str, endpoint: str | None, *, as_json: bool) -> int:
    """Onto every endpoint of the provider, or the one that is named, in turn. Returns the exit code."""
    from dragoman.core.failover import one_line

    results: list[dict[str, Any]] = []
    for server in servers(app, provider, endpoint):
        place, problem = server.place, ""
        try:
            await _pull(app, server, model)
        except ProviderError as error:
            problem = one_line(error, place, server.key_help)
            fail(problem)
        results.append({"provider": provider, "endpoint": place.endpoint, "model": model, "problem": problem})
        if not problem and not as_json:
            out(f"{provider} has {model} ({place.endpoint})", style="green")
    if as_json:
        print_json({"pulled": [{**row, "ok": not row["problem"]} for row in results]})
    return 1 if any(row["problem"] for row in results) else 0


def servers(app: "App", provider: str, endpoint: str | None) -> "list[Endpoint]":
    """The provider's endpoints that are meant. Raises `BadInput` where there is none."""
    from dragoman.core.intent import Intent
    from dragoman.engine.places import endpoints
    from dragoman.engine.pull import can_pull

    check_provider(app, provider)
    found = [item for item in endpoints(app.settings, Intent.CODE, (provider,)) if item.place.provider == provider]
    for item in found:
        if item.obstacle is not None:
            raise BadInput(f"{provider} can't be asked: {item.obstacle}.")
        if not can_pull(item.place.dialect):
            raise BadInput(f"{provider} takes no orders to download a model: only Ollama does.")
    named = [item for item in found if endpoint is None or item.place.endpoint.rstrip("/") == endpoint.rstrip("/")]
    if not named:
        raise BadInput(f"{provider} has no such endpoint: it has {', '.join(item.place.endpoint for item in found)}.")
    return named


async def _pull(app: "App", server: "Endpoint", model: str) -> None:
    from dragoman.engine.pull import pull
    from dragoman.providers.base import Target

    place = server.place
    secret = await app.keys.secret(place.provider)
    target = Target(place.provider, place.endpoint, model, secret, server.options)
    progress = pull(place.dialect, target, app.transport, connect_seconds=server.timeouts.connect)
    with _shown(model) as show:
        async with aclosing(progress) as steps:
            async for step in steps:
                show(step)


@contextmanager
def _shown(model: str) -> Iterator[Show]:
    """Shows progress on stderr: a bar on a terminal, elsewhere a line for each new status."""
    if not sys.stderr.isatty():
        seen: set[str] = set()

        def line(step: "PullProgress") -> None:
            if step.status not in seen:
                seen.add(step.status)
                note(f"{model}: {step.status}")

        yield line
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    layers: dict[str, PullProgress] = {}
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(printable(model), total=None)

        def show(step: "PullProgress") -> None:
            if step.total is not None:
                layers[step.layer] = step
            total = sum(layer.total or 0 for layer in layers.values()) or None
            completed = sum(layer.completed or 0 for layer in layers.values())
            bar.update(task, description=printable(f"{model}: {step.status}"), total=total, completed=completed)

        yield show
