"""Everything that can go wrong, as nouns of the condition. Each says: retry? next provider? what the person reads.

DragomanError
├── BadInput                     what the person gave can't be worked with; nothing was sent
├── SettingsError                settings that leave nothing to do
├── UnusableReply                a model answered, but not with what was asked for; nothing was changed
├── Cancelled                    the person, or the editor, no longer wants the answer
├── NothingToAsk                 no provider is configured, enabled and allowed for this request
├── AllCandidatesFailed          every candidate was asked in vain; one sentence each
├── VaultError                   the vault can't give or take what it was asked to; the message says what to do
│   ├── VaultMissing             there is none
│   ├── VaultLocked              nothing has unlocked it in this login session
│   ├── WrongPassphrase          it does not open with what was given
│   ├── VaultDamaged             its file is cut, changed, or nothing that this version can read
│   ├── VaultReplaced            its file is older than, or another than, the one last seen
│   └── VaultBusy                another process has held it for too long
└── ProviderError                one attempt at one provider failed
    ├── Authentication           401, 403: no retry; next
    │   └── GrantRefused         a short-lived login ended early: retry with a new one
    ├── RateLimit                429, or 503 with Retry-After: wait if short, else next
    ├── QuotaExceeded            the account is used up: no retry; next
    ├── InvalidRequest           400, 422: the person gets the provider's reason; no failover
    ├── ModelUnavailable         no such model there: next
    ├── ContextLength            too long for this model: next one, never the same again
    ├── ContentFilter            refused: the person gets the reason; no failover
    ├── ServerError              5xx, 529: retry, then next
    ├── NetworkError             refused, DNS, TLS, reset: retry, then next
    ├── AttemptTimeout           one of the time limits ran out: next, not asked again on this route
    ├── StreamingError           cut, shortened or garbled answer: retry, then next
    ├── BudgetExceeded           it would cost more than may be spent, or the answer grew to do so: next
    └── UnknownProviderError     anything else a provider answers: next
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class DragomanError(Exception):
    """The root. `str(error)` is one line for the person that says what to do; it never holds a secret or code."""

    kind: ClassVar[str] = "unknown"


class BadInput(DragomanError):  # noqa: N818 - errors are nouns of the condition
    """What the person gave can't be worked with; nothing was sent anywhere."""

    kind = "invalid_request"


class UnusableReply(DragomanError):  # noqa: N818
    """A model answered, but not with what was asked for; nothing was changed.

    `follow_up` is what to tell the model if it is asked once more; empty where that would be in vain.
    """

    kind = "unusable_reply"

    def __init__(self, reason: str, *, follow_up: str = "") -> None:
        super().__init__(reason)
        self.follow_up = follow_up


class SettingsError(DragomanError):
    """Settings that leave nothing to do; the message names the key."""

    kind = "settings"


class Cancelled(DragomanError):  # noqa: N818
    """The person, or the editor, no longer wants the answer."""

    kind = "cancelled"


class ProviderError(DragomanError):
    """One attempt at one provider failed.

    `reason` is the provider's own words, shortened, without secrets. `retry_after` is in seconds from the
    response's arrival. `status` is HTTP's, where there was one.
    """

    retry: ClassVar[bool] = False
    """Worth asking the same endpoint again for the same request."""
    failover: ClassVar[bool] = True
    """Worth asking the next candidate."""

    def __init__(self, reason: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.retry_after = retry_after


class Authentication(ProviderError):  # noqa: N818
    """401 or 403: the key is missing, wrong or not allowed to do this."""

    kind = "authentication"


class GrantRefused(Authentication):
    """A short-lived token that worked is refused now; a new one is got for the next try."""

    retry = True


class RateLimit(ProviderError):  # noqa: N818
    """Too many requests or tokens for now."""

    kind = "rate_limit"
    retry = True


class QuotaExceeded(ProviderError):  # noqa: N818
    """The account's money or quota is used up; waiting seconds does not help."""

    kind = "quota_exceeded"


class InvalidRequest(ProviderError):  # noqa: N818
    """The provider refuses the request as wrong; another would be asked in vain."""

    kind = "invalid_request"
    failover = False


@dataclass(frozen=True, slots=True)
class Download:
    """A model that a server could download if it is told to."""

    provider: str
    endpoint: str
    model: str


class ModelUnavailable(ProviderError):  # noqa: N818
    """The provider has no such model, or not for this account. `download` is what would cure it, if anything."""

    kind = "model_unavailable"
    download: Download | None = None


class ContextLength(ProviderError):  # noqa: N818
    """The request is longer than the model's window."""

    kind = "context_length"


class ContentFilter(ProviderError):  # noqa: N818
    """The provider's filter refused the request or stopped the answer."""

    kind = "content_filter"
    failover = False


class ServerError(ProviderError):
    """The provider's side broke: 5xx, 529 overloaded."""

    kind = "server_error"
    retry = True


class NetworkError(ProviderError):
    """No usable connection: refused, DNS, TLS, reset."""

    kind = "network_error"
    retry = True


class AttemptTimeout(ProviderError):  # noqa: N818
    """A time limit of the attempt ran out; `limit` is connect, headers, first_token, silence or total.

    A provider that stays silent is not asked again on the same route. A connection that could not be made in
    time may be tried again: nothing was sent.
    """

    kind = "timeout"

    def __init__(self, reason: str, *, limit: str) -> None:
        super().__init__(reason)
        self.limit = limit


class StreamingError(ProviderError):
    """The answer broke off, was shortened, or can't be read."""

    kind = "streaming"
    retry = True


class BudgetExceeded(ProviderError):  # noqa: N818
    """It would cost more than may be spent: nothing was sent, or the answer was cut. A local one may be asked."""

    kind = "budget"


class UnknownProviderError(ProviderError):
    """An answer that fits no other class."""

    kind = "unknown"


class NothingToAsk(DragomanError):  # noqa: N818
    """No provider is configured, enabled and allowed for this request."""

    kind = "model_unavailable"


class AllCandidatesFailed(DragomanError):  # noqa: N818
    """Every candidate was asked in vain. `failures` holds (provider, error), in the order of asking."""

    def __init__(self, message: str, failures: tuple[tuple[str, ProviderError], ...]) -> None:
        super().__init__(message)
        self.failures = failures

    @property
    def retry_after(self) -> float | None:
        """Seconds until the first of them may be asked again, where they said so."""
        waits = [error.retry_after for _, error in self.failures if error.retry_after is not None]
        return min(waits, default=None)


class VaultError(DragomanError):
    """The vault can't give or take what it was asked to. `fault` goes behind a place's name: "is locked: run ..."."""

    kind = "authentication"

    def __init__(self, fault: str) -> None:
        super().__init__(f"the vault {fault}")
        self.fault = fault


class VaultMissing(VaultError):  # noqa: N818
    """There is no vault."""

    def __init__(self) -> None:
        super().__init__("is not there: `dragoman vault create` makes one")


class VaultLocked(VaultError):  # noqa: N818
    """Nothing has unlocked the vault in this login session."""

    def __init__(self) -> None:
        super().__init__("is locked: run `dragoman vault unlock`")


class WrongPassphrase(VaultError):  # noqa: N818
    """The vault does not open with this passphrase. One whose head was changed opens with none."""

    def __init__(self) -> None:
        super().__init__("does not open with this passphrase: try again, or `dragoman vault reset` to begin anew")


class VaultDamaged(VaultError):  # noqa: N818
    """The vault's file is cut, changed by somebody, or nothing that this version can read."""

    def __init__(self, what: str) -> None:
        super().__init__(f"can't be used, {what}: put a backup of it back, or `dragoman vault reset` to begin anew")


class VaultReplaced(VaultError):  # noqa: N818
    """The vault's file is not the one last seen here, nor one that came of it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: put the right one back, or take this one with `dragoman vault unlock --accept`")


class VaultBusy(VaultError):  # noqa: N818
    """Another process has held the vault for too long."""

    def __init__(self) -> None:
        super().__init__("is held by another process: try again")
