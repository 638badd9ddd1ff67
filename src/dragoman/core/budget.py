"""How much may be spent, has been spent, and is reserved: values that several processes can share.

Which budgets there are, and which of them an attempt touches, is decided here too. Reads no clock and no store.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

LEASE_SECONDS = 600.0
"""What was not settled for so long belonged to a process that is gone; an attempt takes less by the usual limits."""

ROUNDING_USD = 1e-9
"""Sums of many small amounts are that far off."""

_written = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Purse:
    """What was spent of one budget in one period, in USD. Times are the store's.

    reserved: (lease, USD, until). Whoever holds a lease that has run out has crashed: it was probably billed, so that
    counts as spent. warned: the person was told in this period.
    """

    spent: float = 0.0
    reserved: tuple[tuple[str, float, float], ...] = ()
    warned: bool = False

    @classmethod
    def read(cls, text: str | None, now: float = 0.0) -> Purse:
        """The purse that `text` writes down, as of now; an untouched one where there is none that can be read."""
        try:
            spent, reserved, warned = json.loads(text) if text else (0.0, (), False)
            leases = tuple((str(lease), float(usd), float(until)) for lease, usd, until in reserved)
        except (ValueError, TypeError):
            return cls()
        lost = sum(usd for _, usd, until in leases if until <= now)
        return cls(float(spent) + lost, tuple(lease for lease in leases if lease[2] > now), bool(warned))

    def text(self) -> str:
        """The purse as a text."""
        return _written([self.spent, self.reserved, self.warned])

    @property
    def taken(self) -> float:
        """What is spent or may be."""
        return self.spent + sum(usd for _, usd, _ in self.reserved)

    def with_lease(self, lease: str, usd: float, now: float, seconds: float = LEASE_SECONDS) -> Purse:
        """With so much reserved, for so long."""
        return replace(self, reserved=(*self.reserved, (lease, usd, now + seconds)))

    def grown(self, lease: str, usd: float) -> Purse:
        """With so much more in that reservation; as it is, where there is none of that name any more."""
        grown = tuple((name, held + usd if name == lease else held, until) for name, held, until in self.reserved)
        return replace(self, reserved=grown)

    def settled(self, lease: str, usd: float) -> Purse:
        """With the lease given back, and so much spent."""
        left = tuple(entry for entry in self.reserved if entry[0] != lease)
        return replace(self, spent=self.spent + usd, reserved=left)


class Limits(Protocol):
    """The person's budgets, in USD; 0 is none. `core.settings.Budget` is one."""

    @property
    def daily_usd(self) -> float:
        """A calendar day's."""
        ...

    @property
    def monthly_usd(self) -> float:
        """A calendar month's."""
        ...

    @property
    def total_usd(self) -> float:
        """All that is ever spent."""
        ...


@dataclass(frozen=True, slots=True)
class Budget:
    """One budget that an attempt touches: the key of its purse, its limit (0: only counted), and its setting."""

    key: str
    limit: float
    name: str
    setting: str
    until: str = ""

    def left(self, purse: Purse) -> float:
        """What is neither spent nor reserved of it; infinite where there is no limit."""
        return max(0.0, self.limit - purse.taken) if self.limit else inf

    def refusal(self, purse: Purse, estimate: float) -> str | None:
        """Why so much more can't be spent, and what to do; None where it can."""
        if not self.limit or purse.taken + estimate <= self.limit + ROUNDING_USD:
            return None
        pending = f", {purse.taken - purse.spent:.4f} reserved" if purse.taken > purse.spent else ""
        return (
            f"the {self.name} of {self.limit:g} USD is used up ({purse.spent:.4f} spent{pending}; this would be about "
            f"{estimate:.4f}): raise {self.setting}{self.until}, or let a local provider answer"
        )

    def warning(self, purse: Purse, threshold: float) -> str | None:
        """What to tell the person once most of it is spent; None before that, and after it was told."""
        if not self.limit or purse.warned or purse.spent < threshold * self.limit:
            return None
        return (
            f"{purse.spent:.2f} of the {self.name} of {self.limit:g} USD are spent ({self.setting}). "
            "When it is used up, local providers go on alone."
        )


def budgets(limits: Limits, provider_daily: Mapping[str, float], provider: str, today: date) -> Iterator[Budget]:
    """Every budget that an attempt at the provider touches today. Periods are the person's calendar."""
    day, month = today.isoformat(), today.strftime("%Y-%m")
    wait = ", wait until tomorrow"
    yield Budget(f"budget/day/{day}", limits.daily_usd, "daily budget", "budget.daily_usd", wait)
    yield Budget(f"budget/month/{month}", limits.monthly_usd, "monthly budget", "budget.monthly_usd")
    yield Budget("budget/total", limits.total_usd, "total budget", "budget.total_usd")
    setting = f"providers.{provider}.daily_budget_usd"
    limit = provider_daily.get(provider, 0.0)
    yield Budget(f"budget/provider/{day}/{provider}", limit, f"daily budget for {provider}", setting, wait)
