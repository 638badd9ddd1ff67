"""What was asked and what came of it, in sums that can be added: by provider, model, kind of work and day.

Pure counting. Holds no word of what was asked, and no time finer than a day.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dragoman.core.chat import Usage

FIRST_TOKEN_BOUNDS = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 40.0, 80.0)
"""Upper bounds in seconds of the histogram's classes; one more is open above."""

CANCELLED, DONE, RATE_LIMIT = "cancelled", "done", "rate_limit"


@dataclass(slots=True)
class Counters:
    """Sums over attempts. Money is in USD, times in seconds; `errors` is by the error's kind.

    requests: attempts that were no repetition of a failed one. first_tokens: attempts by the class of their time to
    the first token. writing_seconds: from first token to the end, of whole answers. unpriced: attempts that cost
    something nobody knows the price of.
    """

    requests: int = 0
    successes: int = 0
    cancelled: int = 0
    retries: int = 0
    failovers: int = 0
    rate_limit_hits: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    written_tokens: int = 0
    writing_seconds: float = 0.0
    first_token_seconds: float = 0.0
    cost_usd: float = 0.0
    unpriced: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    first_tokens: list[int] = field(default_factory=lambda: [0] * (len(FIRST_TOKEN_BOUNDS) + 1))

    @classmethod
    def read(cls, text: str | None) -> Counters:
        """The sums that `text` writes down; none where there is none, or none that can be read."""
        try:
            values = json.loads(text) if text else {}
            known = {each.name for each in fields(cls)}
            return cls(**{name: value for name, value in values.items() if name in known})
        except (ValueError, TypeError, AttributeError):
            return cls()

    def text(self) -> str:
        """The sums as a text; zeros are left out."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return json.dumps({name: value for name, value in values.items() if value}, separators=(",", ":"))

    def count(
        self,
        outcome: str,
        follows: Literal["", "retry", "failover"],
        usage: Usage,
        cost_usd: float | None,
        seconds: float,
        first_token_seconds: float | None,
    ) -> None:
        """One attempt more."""
        self.requests += follows == ""
        self.retries += follows == "retry"
        self.failovers += follows == "failover"
        self.successes += outcome == DONE
        self.cancelled += outcome == CANCELLED
        self.rate_limit_hits += outcome == RATE_LIMIT
        if outcome not in (DONE, CANCELLED):
            self.errors[outcome] = self.errors.get(outcome, 0) + 1
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens
        self.cached_tokens += usage.cached_tokens
        self.cost_usd += cost_usd or 0.0
        self.unpriced += cost_usd is None
        if first_token_seconds is None:
            return
        self.first_tokens[bisect_left(FIRST_TOKEN_BOUNDS, first_token_seconds)] += 1
        self.first_token_seconds += first_token_seconds
        if outcome == DONE:
            self.written_tokens += usage.output_tokens
            self.writing_seconds += max(0.0, seconds - first_token_seconds)

    def add(self, other: Counters) -> None:
        """The other's sums too."""
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            if isinstance(mine, dict):
                for kind, number in theirs.items():
                    mine[kind] = mine.get(kind, 0) + number
            elif isinstance(mine, list):
                setattr(self, each.name, [a + b for a, b in zip(mine, theirs, strict=True)])
            else:
                setattr(self, each.name, mine + theirs)

    @property
    def tokens_per_second(self) -> float | None:
        """How fast whole answers were written; None where there is none."""
        return self.written_tokens / self.writing_seconds if self.writing_seconds else None

    def first_token_percentile(self, share: float) -> float | None:
        """The upper bound of the class in which that share (in [0, 1]) of the first tokens had come; None: of none."""
        answered = sum(self.first_tokens)
        reached = 0
        for number, bound in zip(self.first_tokens, (*FIRST_TOKEN_BOUNDS, float("inf")), strict=True):
            reached += number
            if answered and reached >= share * answered:
                return bound
        return None


@dataclass(frozen=True, slots=True)
class Sort:
    """What counters are kept apart by. `day` is an ISO date."""

    day: str
    provider: str
    model: str
    intent: str

    def key(self) -> str:
        """The store's key."""
        return f"metrics/{self.day}/" + "|".join(
            part.replace("|", "¦") for part in (self.provider, self.intent, self.model)
        )

    @classmethod
    def of(cls, key: str) -> Sort:
        """The sort that a store's key stands for."""
        _, day, rest = key.split("/", 2)
        provider, intent, model = rest.split("|", 2)
        return cls(day, provider, model, intent)


By = Literal["provider", "model", "intent", "day"]


def summed(counters: Iterable[tuple[Sort, Counters]], by: By) -> dict[str, Counters]:
    """The sums for each value of one property, the most asked first."""
    sums: dict[str, Counters] = {}
    for sort, counted in counters:
        sums.setdefault(getattr(sort, by), Counters()).add(counted)
    return dict(sorted(sums.items(), key=lambda entry: -entry[1].requests))
