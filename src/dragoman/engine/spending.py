"""Keeps spending within the person's budgets, over all windows on one store: reserve before, settle in every ending.

What costs nothing is never held up. Looking costs no I/O.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from dragoman.core.budget import LEASE_SECONDS, ROUNDING_USD, Budget, Purse, budgets
from dragoman.core.errors import BudgetExceeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.core.settings import Settings
    from dragoman.engine.store import Store, Values


@dataclass(frozen=True, slots=True)
class Reservation:
    """The right to spend so much at a provider, if the attempt costs it within so many seconds."""

    id: str
    budgets: tuple[Budget, ...]
    threshold: float
    seconds: float

    @property
    def limited(self) -> bool:
        """Whether anything of what it touches could be used up."""
        return any(budget.limit for budget in self.budgets)


def _today() -> datetime:
    return datetime.now(UTC).astimezone()


class Spending:
    """What is spent and may be. `today` tells the person's calendar."""

    def __init__(self, store: Store, today: Callable[[], datetime] = _today) -> None:
        self._store = store
        self._today = today

    def obstacle(self, settings: Settings, provider: str, estimate: float | None) -> str | None:
        """Why an attempt that is estimated to cost so much would overspend, and what to do; None where it would not.

        An unknown price is None: where there is a budget, nothing of unknown price can be held to it.
        """
        if estimate == 0.0 or not _has_limits(settings, provider):
            return None
        limited = [budget for budget in self._of(settings, provider) if budget.limit]
        if estimate is None and limited:
            return f"its price is not known, and {limited[0].setting} is set: set prices for its model"
        now = self._store.now()
        purses = ((budget, Purse.read(self._store.peek(budget.key), now)) for budget in limited)
        refusals = (budget.refusal(purse, estimate or 0.0) for budget, purse in purses)
        return next((refusal for refusal in refusals if refusal), None)

    async def reserve(self, settings: Settings, provider: str, estimate: float | None) -> Reservation | None:
        """The right to spend about so much; None where it costs nothing. Raises `BudgetExceeded`."""
        if estimate == 0.0:
            return None
        if estimate is None and (obstacle := self.obstacle(settings, provider, None)):
            raise BudgetExceeded(obstacle)
        reservation = Reservation(
            secrets.token_hex(6),
            self._of(settings, provider),
            settings.budget.alert_threshold,
            _longest_seconds(settings, provider),
        )
        keys = tuple(budget.key for budget in reservation.budgets)
        reserving = self._store.post(keys, partial(_reserved, reservation, estimate or 0.0))
        try:
            refusal = await asyncio.shield(reserving)
        except asyncio.CancelledError:
            reserving.add_done_callback(partial(self._give_back, reservation))
            raise
        if refusal is not None:
            raise BudgetExceeded(refusal)
        return reservation

    async def more(self, reservation: Reservation, usd: float) -> float:
        """The right to spend so much more, or as much of it as every budget has left. Raises `BudgetExceeded`."""
        keys = tuple(budget.key for budget in reservation.budgets)
        # Whoever stops waiting settles, and after that this change does nothing.
        granted, refusal = await asyncio.shield(self._store.post(keys, partial(_grown, reservation, usd)))
        if refusal is not None:
            raise BudgetExceeded(refusal)
        return granted

    def settle(self, reservation: Reservation, cost_usd: float | None, *, tells: bool) -> asyncio.Future[list[str]]:
        """What it came to; None where nobody knows. Begun at once, and done even if nobody waits.

        The result is what the person is to be told, once in a period; nothing unless the caller `tells` it.
        """
        keys = tuple(budget.key for budget in reservation.budgets)
        return self._store.post(keys, partial(_settled, reservation, cost_usd or 0.0, tells=tells))

    async def purses(self, settings: Settings) -> list[tuple[Budget, Purse]]:
        """Every budget that is set, with what is spent and reserved of it now, over all windows."""
        texts = await self._store.scan("budget/")
        set_ = {
            budget.key: budget
            for provider in ("", *settings.providers)
            for budget in self._of(settings, provider)
            if budget.limit
        }
        return [(budget, Purse.read(texts.get(key), self._store.now())) for key, budget in set_.items()]

    def _give_back(self, reservation: Reservation, reserving: asyncio.Future[str | None]) -> None:
        if not reserving.cancelled() and reserving.result() is None:
            self.settle(reservation, 0.0, tells=False)

    def _of(self, settings: Settings, provider: str) -> tuple[Budget, ...]:
        daily = {name: each.daily_budget_usd for name, each in settings.providers.items()}
        return tuple(budgets(settings.budget, daily, provider, self._today().date()))


def _has_limits(settings: Settings, provider: str) -> bool:
    """Whether anything could be used up at all; asked for every candidate of every decision."""
    limits, own = settings.budget, settings.providers.get(provider)
    return bool(limits.daily_usd or limits.monthly_usd or limits.total_usd or (own and own.daily_budget_usd))


def _longest_seconds(settings: Settings, provider: str) -> float:
    """How long an attempt may hold what it has reserved: who allows it hours is not taken for crashed after minutes."""
    own = settings.providers.get(provider)
    timeouts = (own.timeouts if own else None) or settings.timeouts
    return max(LEASE_SECONDS, 2 * timeouts.total)


def _reserved(reservation: Reservation, estimate: float, values: Values, now: float) -> tuple[Values, str | None]:
    """A `store.Change`: so much reserved in every purse, or the refusal of one that has not enough."""
    purses = [Purse.read(text, now) for text in values]
    for budget, purse in zip(reservation.budgets, purses, strict=True):
        if refusal := budget.refusal(purse, estimate):
            return values, refusal
    return tuple(purse.with_lease(reservation.id, estimate, now, reservation.seconds).text() for purse in purses), None


def _grown(reservation: Reservation, usd: float, values: Values, now: float) -> tuple[Values, tuple[float, str | None]]:
    """A `store.Change`: what is left, up to so much, reserved in every purse; or the refusal of one that is empty."""
    purses = [Purse.read(text, now) for text in values]
    pairs = list(zip(reservation.budgets, purses, strict=True))
    granted = min((usd, *(budget.left(purse) for budget, purse in pairs)))
    if granted <= ROUNDING_USD:
        refusals = (budget.refusal(purse, usd) for budget, purse in pairs)
        return values, (0.0, next((refusal for refusal in refusals if refusal), None))
    return tuple(purse.grown(reservation.id, granted).text() for purse in purses), (granted, None)


def _settled(
    reservation: Reservation, cost_usd: float, values: Values, now: float, *, tells: bool
) -> tuple[Values, list[str]]:
    """A `store.Change`: spent what it cost; and what the person is to be told, once in a period."""
    after, warnings = [], []
    for budget, text in zip(reservation.budgets, values, strict=True):
        purse = Purse.read(text, now).settled(reservation.id, cost_usd)
        if tells and (warning := budget.warning(purse, reservation.threshold)):
            warnings.append(warning)
            purse = replace(purse, warned=True)
        after.append(purse.text())
    return tuple(after), warnings
