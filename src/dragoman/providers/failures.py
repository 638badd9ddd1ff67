"""What a provider's refusal means: the vendors' error bodies, read leniently, sorted into the tree of `core.errors`.

It never repeats a key, and never guesses from the model's own words: only from what is sent as an error.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dragoman.core.errors import (
    Authentication,
    ContentFilter,
    ContextLength,
    InvalidRequest,
    ModelUnavailable,
    ProviderError,
    QuotaExceeded,
    RateLimit,
    ServerError,
    StreamingError,
    UnknownProviderError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Codes = Mapping[str, type[ProviderError]]
    """A vendor's own names for its errors (`code` or `type` in the body)."""

REASON_LENGTH = 300
"""Longest reason, in characters."""

_NESTING = 6
"""Gateways wrap errors in errors, some as JSON inside a string; deeper than this is no error body."""

_WRONG_PLACE = "this is no such API: check its base_url"

_STREAM_STARTS = ("data", "event", "id", "retry", ":", "{")

_HTML = re.compile(rb"\s*<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>([^<]*)</title>", re.IGNORECASE)

_SECRETS = re.compile(
    r"""(?P<scheme>\b(?:Bearer|Basic)\s+)\S+
    | \b(?:sk|pk|rk|xai|gsk|hf|csk|ghp|gho|github_pat)[-_][\w*.-]{3,}[\w*-]  # the vendors' prefixes
    | \b(?:AIza|AQ\.|ya29\.)[\w.-]{8,}
    | \b(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{24,}\b                   # keys without a prefix""",
    re.VERBOSE | re.IGNORECASE,
)

# The words decide before the codes: many vendors say `invalid_request_error`, or `rate_limit_exceeded` for a prompt
# that will never fit, and name the condition only in the sentence. Each row was taken from a vendor's real message.
_WORDS: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.VERBOSE), error)
    for pattern, error in (
        (
            r"""maximum\ (?:context|prompt|model)\ length
            | exceed\w*\b[^.]{0,60}\bcontext\ (?:length|size|window|limit)
            | context\ (?:length|size|window|limit)\b[^.]{0,40}\bexceed
            | context\ length\ (?:is|of)\ only
            | (?:prompt|input|request)\ (?:is\ |are\ )?too\ (?:long|large)
            | prompt\ is\ longer\ than
            | token\ count\b[^.]{0,40}\bexceeds
            | reduce\ the\ length\ of""",
            ContextLength,
        ),
        (r"content[ _-](?:management|filter|policy)|\bflagged\b|violates\ usage\ guidelines", ContentFilter),
        (
            r"""credit\ balance\ is\ too\ low
            | insufficient\ (?:balance|credit|fund|quota)
            | requires\ more\ credits
            | used\ all\ available\ credits
            | (?:spending|usage)\ limits?\b
            | out\ of\ credits""",
            QuotaExceeded,
        ),
        (
            r"""^model:[ ]
            | \bmodel\b.{0,120}\b(?:not\ found|not\ exist|decommissioned|not\ available|not\ loaded)\b
            | \b(?:invalid|unknown|no\ such)\ model\b
            | not\ a\ valid\ model
            | no\ models\ loaded
            | no\ endpoints\ found
            | does\ not\ support\ (?:chat|generate|insert|tools|thinking|embeddings?)\b
            | \bpull\ model\ manifest:\ file\ does\ not\ exist
            | requires\ more\ system\ memory""",
            ModelUnavailable,
        ),
        (
            r"""(?:incorrect|invalid|missing|no)\ (?:x-)?api[- ]key
            | api\ key\ (?:not\ valid|is\ invalid|expired)
            | no\ auth\ credentials""",
            Authentication,
        ),
    )
)

_WRONG_PATH = re.compile(r"unexpected endpoint|invalid url|unknown request url|page not found", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Report:
    """An error body: the vendor's words, its codes, and a status that stands inside the body."""

    words: str
    codes: tuple[str, ...]
    status: int | None


def of_response(status: int, headers: Mapping[str, str], body: bytes, codes: Codes) -> ProviderError:
    """The error that a response means, which is not the stream that was asked for.

    `headers` has lower-case names. `retry_after` is read from `retry-after-ms` and `retry-after` (seconds, or an HTTP
    date, RFC 9110 10.2.3, against the response's own `date`).
    """
    wait = retry_after(headers)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return UnknownProviderError(_redirect(status, headers.get("location", "")), status=status)
    web_page = "text/html" in headers.get("content-type", "") or _HTML.match(body) is not None
    report = _Report(_title(body), (), None) if web_page else _read(body)
    kind = _by_words(report.words) or _by_codes(report.codes, codes) or _by_status(status, wait)
    if web_page and kind in (InvalidRequest, UnknownProviderError):
        return UnknownProviderError(_web_page(report.words), status=status)
    reason = one_line(report.words) or _phrase(status)
    if kind is UnknownProviderError:
        reason = f"{reason}: {_WRONG_PLACE}"
    return kind(reason, status=status, retry_after=wait)


def in_stream(event: Mapping[str, Any], codes: Codes) -> ProviderError:
    """The error that a provider reports inside a stream that began well."""
    report = _report(event)
    kind = _by_words(report.words) or _by_codes(report.codes, codes)
    if kind is None and report.status is not None:
        kind = _by_status(report.status, None)
    if kind is None:
        kind = InvalidRequest if "invalid_request_error" in report.codes else ServerError
    return kind(one_line(report.words) or "reported an error without a word about it", status=report.status)


def not_a_stream(opening: bytes, codes: Codes) -> ProviderError:
    """The error where a stream holds nothing of the dialect, by its first bytes: a web page, a JSON error, nothing."""
    if not opening.strip():
        return StreamingError("closed the connection without an answer")
    if _HTML.match(opening):
        return UnknownProviderError(_web_page(_title(opening)))
    text = opening.decode("utf-8", "replace").lstrip("\ufeff \r\n")
    event = _json(text)
    if isinstance(event, dict) and event.get("error"):
        if _WRONG_PATH.search(_report(event).words):
            return UnknownProviderError(f"{one_line(_report(event).words)}: {_WRONG_PLACE}")
        return in_stream(event, codes)
    if event is None and text.startswith(_STREAM_STARTS):
        return StreamingError("broke off before the answer began")
    return StreamingError(f"answered with something that is no stream; {_WRONG_PLACE}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from the response's arrival, or None. A date is measured from the response's `date` header."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    due, now = _http_date(headers.get("retry-after", "")), _http_date(headers.get("date", ""))
    return max(0.0, (due - now).total_seconds()) if due and now else None


def one_line(text: str) -> str:
    """The text on one line, shortened, with everything that looks like a key masked."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: REASON_LENGTH * 20]).split())
    line = _SECRETS.sub(lambda match: f"{match['scheme'] or ''}***", line)
    return line if len(line) <= REASON_LENGTH else line[: REASON_LENGTH - 1].rstrip() + "…"


def _by_words(words: str) -> type[ProviderError] | None:
    words = words[: REASON_LENGTH * 20]
    return next((error for pattern, error in _WORDS if pattern.search(words)), None)


def _by_codes(reported: tuple[str, ...], codes: Codes) -> type[ProviderError] | None:
    return next((codes[code] for code in reported if code in codes), None)


def _by_status(status: int, wait: float | None) -> type[ProviderError]:
    match status:
        case 401 | 403:
            return Authentication
        case 402:
            return QuotaExceeded
        case 413:
            return ContextLength
        case 429:
            return RateLimit
        case 503 if wait is not None:
            return RateLimit
        case 408 | 409 | 425:
            return ServerError
        case 404 | 405:
            return UnknownProviderError
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerError
    return InvalidRequest if status >= HTTPStatus.BAD_REQUEST else UnknownProviderError


def _read(body: bytes) -> _Report:
    text = body.decode("utf-8", "replace")
    value = _json(text)
    return _Report(text, (), None) if value is None else _report(value)


def _report(value: Any) -> _Report:
    named = tuple(_codes(value, 0))
    statuses = (int(code) for code in named if code.isdecimal() and len(code) == len("404"))
    return _Report(_words(value, 0), named, next((code for code in statuses if 400 <= code < 600), None))


def _words(value: Any, depth: int) -> str:
    """The sentence in an error body of any of the vendors' shapes; "" where there is none."""
    if depth > _NESTING:
        return ""
    match value:
        case str():
            inner = _json(value) if value.lstrip().startswith(("{", "[")) else None
            return _words(inner, depth + 1) or value if inner is not None else value
        case {"metadata": {"raw": str() as raw}} if raw.strip():  # OpenRouter: what the provider behind it said
            return _words(raw, depth + 1)
        case {"msg": str() as message, "loc": list() as place}:  # pydantic's, as Mistral and vLLM send them
            return f"{'.'.join(map(str, place))}: {message}"
        case dict():
            inner = value.get("error") or value.get("message") or value.get("detail")
            return _words(inner, depth + 1)
        case list():
            return "; ".join(filter(None, (_words(item, depth + 1) for item in value[:3])))
    return ""


def _codes(value: Any, depth: int) -> Iterator[str]:
    """Everything that an error body calls its code or type, outermost error first."""
    if depth > _NESTING:
        return
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = _json(value)
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict):
        return
    for name in ("code", "type", "status"):  # Google's status is its code
        if isinstance(value.get(name), str | int):
            yield str(value[name]).lower()
    for name in ("error", "message", "metadata", "raw"):
        yield from _codes(value.get(name), depth + 1)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _title(body: bytes) -> str:
    found = _TITLE.search(body[:20_000].decode("utf-8", "replace"))
    return one_line(found[1]) if found else ""


def _web_page(title: str) -> str:
    page = f"a web page (“{title}”)" if title else "a web page"
    return f"answered with {page}, not an API: check its base_url, and whether the network asks for a login"


def _redirect(status: int, location: str) -> str:
    try:
        parts = urlsplit(location)
        target = f" to {parts.scheme}://{parts.hostname}" if parts.scheme and parts.hostname else ""
    except ValueError:
        target = ""
    return f"{status}: redirects{target}, which is not followed: check its base_url"


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP status {status}"


def _http_date(text: str) -> datetime | None:
    """RFC 9110 5.6.7, the one form that is still sent."""
    try:
        return datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT")  # noqa: DTZ007 - only differences are taken
    except ValueError:
        return None
