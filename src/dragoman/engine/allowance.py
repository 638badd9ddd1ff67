"""How far one answer may grow: what is reserved for it, and more of what every budget has left. Cuts nothing itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dragoman.core.errors import BudgetExceeded
from dragoman.core.price import cost

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.core.chat import Usage
    from dragoman.core.price import Price
    from dragoman.engine.spending import Reservation, Spending

LOOK_CHARACTERS = 256
"""How often an answer that grows is counted."""

MORE_TOKENS = 500
"""For so many further tokens of an answer more is reserved at a time."""


@dataclass(slots=True)
class Allowance:
    """What an answer may cost, in USD: `reserved` so far, and never more than `most`, the request's own limit."""

    spending: Spending
    reservation: Reservation
    price: Price
    reserved: float
    most: float | None
    count_tokens: Callable[[str], int]
    _tokens: int = 0
    _pieces: list[str] = field(default_factory=list)
    _length: int = 0

    def said(self, text: str) -> bool:
        """A piece has come. Whether `renew` is to be asked before the next one is taken."""
        self._pieces.append(text)
        self._length += len(text)
        return self._length >= LOOK_CHARACTERS

    async def renew(self, known: Usage) -> None:
        """More is reserved where that is used up. Raises `BudgetExceeded` where there is no more to be had.

        `known` is what the provider has told of the tokens so far, or what they were expected to be.
        """
        self._tokens += self.count_tokens("".join(self._pieces))
        self._pieces, self._length = [], 0
        spent = cost(replace(known, output_tokens=self._tokens), self.price) or 0.0
        if self.most is not None and spent > self.most:
            raise BudgetExceeded(f"the answer grew beyond the request's budget ({self.most:.4f} USD were left of it)")
        if spent <= self.reserved or not self.reservation.limited:
            return
        wanted = cost(replace(known, output_tokens=self._tokens + MORE_TOKENS), self.price) or 0.0
        self.reserved += await self.spending.more(self.reservation, wanted - self.reserved)
