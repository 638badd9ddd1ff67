"""What was spent, summed from the ledger, and what the budgets have left, as plain values. Asks no provider."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from dragoman.core.usage import Sums, summed

if TYPE_CHECKING:
    from dragoman.core.budget import Budget, Purse
    from dragoman.core.settings import Settings
    from dragoman.core.usage import By
    from dragoman.engine.ledger import Ledger
    from dragoman.engine.spending import Spending

_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(9000, 1, 1)
"""Days whose midnight every platform can tell."""


def today() -> date:
    """The day on the person's calendar."""
    return datetime.now(UTC).astimezone().date()


async def usage(
    ledger: Ledger, spending: Spending, settings: Settings, first: date, last: date, by: By
) -> dict[str, Any]:
    """What was spent from the first day to the last, by one property and in all, and the budgets as they are now."""
    records = await ledger.records(_midnight(first), _midnight(last, 1))
    total = Sums()
    for record in records:
        total.add(record)
    sums = summed((_day(record.began) if by == "day" else getattr(record, by), record) for record in records)
    return {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "by": by,
        "total": _values(total),
        "usage": {name or "-": _values(sums[name]) for name in (sorted(sums) if by == "day" else sums)},
        "budgets": [_standing(budget, purse) for budget, purse in await spending.purses(settings)],
        "ledgerProblem": ledger.fault or None,
    }


def _values(sums: Sums) -> dict[str, Any]:
    return {
        "attempts": sums.attempts,
        "answered": sums.answered,
        "failed": sums.failed,
        "cancelled": sums.cancelled,
        "lost": sums.lost,
        "running": sums.running,
        "inputTokens": sums.input_tokens,
        "outputTokens": sums.output_tokens,
        "cachedTokens": sums.cached_tokens,
        "cacheWriteTokens": sums.cache_write_tokens,
        "reasoningTokens": sums.reasoning_tokens,
        "costUsd": round(sums.cost_usd, 6),
        "estimatedUsd": round(sums.estimated_usd, 6),
        "attemptsOfUnknownPrice": sums.unpriced,
    }


def _standing(budget: Budget, purse: Purse) -> dict[str, Any]:
    return {
        "name": budget.name,
        "setting": budget.setting,
        "limitUsd": budget.limit,
        "spentUsd": round(purse.spent, 6),
        "reservedUsd": round(purse.taken - purse.spent, 6),
        "leftUsd": round(max(0.0, budget.limit - purse.taken), 6),
    }


def _day(began: float) -> str:
    return datetime.fromtimestamp(began, UTC).astimezone().date().isoformat()


def _midnight(day: date, later: int = 0) -> float:
    """When the day, or one so many days later, begins here, in seconds since the epoch."""
    known = min(max(day, _FIRST_DAY), _LAST_DAY) + timedelta(days=later)
    return datetime.combine(known, time()).astimezone().timestamp()
