"""What one attempt came to, as a value and as a line in the log. Holds no word of what was asked or answered."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from dragoman.core.chat import Usage

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """What one attempt came to. `outcome` is done, cancelled or the error's kind; times are in seconds.

    `cost_usd` is None where the model's price is not known. `follows` says that it came after a failure of the same
    request: `retry` at the same place, `failover` at another one, or "". `id` and `began` (seconds since the epoch)
    are the ledger's, which also knows attempts that are `running`, with what they are expected to take, and `lost`.
    """

    request: str
    provider: str
    model: str
    endpoint: str
    intent: str
    outcome: str
    seconds: float
    first_token_seconds: float | None
    usage: Usage
    cost_usd: float | None = None
    follows: Literal["", "retry", "failover"] = ""
    action: str = ""
    id: str = ""
    began: float = 0.0


def log(record: AttemptRecord) -> None:
    """One line in the log."""
    logger.info(
        "request %s: %s %s %s in %.3f s, first token %s, tokens %d in %d out%s, %s",
        record.request,
        record.provider,
        record.model or "-",
        record.outcome,
        record.seconds,
        "-" if record.first_token_seconds is None else f"{record.first_token_seconds:.3f} s",
        record.usage.input_tokens,
        record.usage.output_tokens,
        " (estimated)" if record.usage.estimated else "",
        "cost unknown" if record.cost_usd is None else f"{record.cost_usd:.6f} USD",
    )


def log_notes(request: str, provider: str, notes: tuple[str, ...]) -> None:
    """What a provider's dialect had to leave out of the request."""
    for note in notes:
        logger.info("request %s: %s: %s", request, provider, note)
