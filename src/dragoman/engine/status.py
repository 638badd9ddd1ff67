"""How everything stands, as plain values for a status line and for scripts. Asks no provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.core.health import ServerState
from dragoman.core.metrics import Counters, summed
from dragoman.core.standing import PlaceState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dragoman.core.metrics import By
    from dragoman.engine.metrics import Metrics
    from dragoman.engine.stores import ChosenStore


async def status(store: ChosenStore, metrics: Metrics, days: int = 1, by: By = "provider") -> dict[str, Any]:
    """The store, every place that was ever asked, and what was asked in the last so many days, today included."""
    counted = await metrics.of_days(days)
    places, servers = await store.scan("place/"), await store.scan("server/")
    now = store.now()
    return {
        "store": store.kind,
        "storeProblem": store.fault or None,
        "places": [_place(key, text, servers, now) for key, text in sorted(places.items())],
        "days": days,
        "by": by,
        "total": _counters(_total(counters for _, counters in counted)),
        "metrics": {name or "-": _counters(counters) for name, counters in summed(counted, by).items()},
    }


def _place(key: str, text: str, servers: Mapping[str, str], now: float) -> dict[str, Any]:
    provider, endpoint, model = key.removeprefix("place/").split("|", 2)
    state = PlaceState.read(text)
    server = ServerState.read(servers.get(f"server/{provider}|{endpoint}"))
    due, reason = state.due(now)
    breaker = "closed" if state.breaker.closed else "half-open" if not due else "open"
    return {
        "provider": provider,
        "endpoint": endpoint,
        "model": model,
        "health": server.health.value,
        "probeSeconds": server.seconds,
        "breaker": breaker,
        "restsForSeconds": round(due - now, 1) if due else 0,
        "reason": reason or None,
        "firstTokenSeconds": _rounded(state.first_token.mean if state.first_token.weight else None),
        "reliability": _rounded(state.success.mean if state.success.weight else None),
    }


def _total(counters: Iterable[Counters]) -> Counters:
    total = Counters()
    for each in counters:
        total.add(each)
    return total


def _counters(counters: Counters) -> dict[str, Any]:
    return {
        "requests": counters.requests,
        "successes": counters.successes,
        "cancelled": counters.cancelled,
        "retries": counters.retries,
        "failovers": counters.failovers,
        "rateLimitHits": counters.rate_limit_hits,
        "errors": counters.errors,
        "inputTokens": counters.input_tokens,
        "outputTokens": counters.output_tokens,
        "cachedTokens": counters.cached_tokens,
        "costUsd": round(counters.cost_usd, 6),
        "attemptsOfUnknownPrice": counters.unpriced,
        "firstTokenSecondsP50": counters.first_token_percentile(0.5),
        "firstTokenSecondsP95": counters.first_token_percentile(0.95),
        "tokensPerSecond": _rounded(counters.tokens_per_second),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
