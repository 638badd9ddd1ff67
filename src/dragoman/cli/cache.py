"""dragoman cache: how many answers are kept, and keeping none any more. Shows no answer."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from dragoman.cli.options import AsJson
from dragoman.cli.output import out, print_json
from dragoman.cli.session import finish, opened, project_root
from dragoman.core.errors import DragomanError

if TYPE_CHECKING:
    from dragoman.engine.cache import Cache

T = TypeVar("T")


def build() -> typer.Typer:
    """The subcommands."""
    app = typer.Typer(rich_markup_mode=None, no_args_is_help=False)
    app.callback(invoke_without_command=True, epilog="Example: dragoman cache stats")(_root)
    app.command("stats", epilog="Example: dragoman cache stats --json")(stats)
    app.command("clear", epilog="Example: dragoman cache clear")(clear)
    return app


def _root(context: typer.Context) -> None:
    """Show or clear the answers that are kept for when the same is asked again."""
    if context.invoked_subcommand is None:
        out(context.get_help())


def stats(context: typer.Context, as_json: AsJson = False) -> int:
    """Show how many answers are kept, what room they take, and how often one was given again."""
    return finish(_stats(context, as_json=as_json))


def clear(context: typer.Context, as_json: AsJson = False) -> int:
    """Delete every answer that is kept, for all windows; in Redis, for the team."""
    return finish(_clear(context, as_json=as_json))


async def _stats(context: typer.Context, *, as_json: bool) -> int:
    async with opened(context, project_root(Path.cwd())) as app:
        settings, kind = app.settings.cache, app.cache.kind
        kept = await _told(app.cache, app.cache.stats)
    value: dict[str, Any] = {
        "store": kind,
        "enabled": settings.enabled,
        "entries": kept.entries,
        "bytes": kept.size,
        "hits": kept.hits,
        "maxEntries": settings.max_entries,
        "maxBytes": settings.max_bytes,
        "ttlSeconds": settings.ttl_s,
    }
    if as_json:
        print_json(value)
        return 0
    where = _WHERE.get(kind, kind) if settings.enabled else "switched off by the setting cache.enabled"
    out(f"cache: {where}", style="bold")
    out(
        f"  {kept.entries} of at most {settings.max_entries} answers, {kept.size} of at most {settings.max_bytes} bytes"
    )
    out(f"  given again {kept.hits} times; an answer is kept for {settings.ttl_s} s")
    return 0


async def _clear(context: typer.Context, *, as_json: bool) -> int:
    async with opened(context, project_root(Path.cwd())) as app:
        entries = await _told(app.cache, app.cache.clear)
    if as_json:
        print_json({"cleared": entries})
    else:
        out(f"{entries} answers deleted")
    return 0


async def _told(cache: "Cache", work: Callable[[], Awaitable[T]]) -> T:
    """What the cache says. Raises a `DragomanError` where it is lost."""
    from dragoman.engine.store import StoreLost

    try:
        return await work()
    except StoreLost as lost:
        raise DragomanError(f"The cache ({cache.kind}): {lost}.") from None


_WHERE = MappingProxyType(
    {
        "memory": "in each window's memory alone",
        "sqlite": "a file for all windows",
        "redis": "for the whole team, in Redis",
        "rediss": "for the whole team, in Redis",
    }
)
