"""The routing policy's table: each failure, what follows, and what the person reads."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from dragoman.core.errors import (
    AttemptTimeout,
    Authentication,
    ContentFilter,
    ContextLength,
    InvalidRequest,
    ModelUnavailable,
    NetworkError,
    QuotaExceeded,
    RateLimit,
    ServerError,
    StreamingError,
    UnknownProviderError,
)
from dragoman.core.failover import (
    Step,
    Verdict,
    after_failure,
    all_failed,
    is_billed,
    is_unhealthy,
    nobody_to_ask,
    one_line,
    rest_seconds,
)
from dragoman.core.route import LeftOut, Place


@dataclass(frozen=True)
class Limits:
    max_retries: int = 3
    base_delay_ms: int = 1000
    max_delay_ms: int = 60_000
    max_retry_after_s: float = 5.0


OLLAMA = Place("ollama", "ollama", "http://localhost:11434", "qwen2.5-coder:7b", True)
CLOUD = Place("anthropic", "anthropic", "https://api.anthropic.com", "claude", False)
AGAIN = Verdict(Step.AGAIN, 0.5)
NEXT, STOP = Verdict(Step.NEXT), Verdict(Step.STOP)

TABLE = [
    (NetworkError("refused"), AGAIN, True),
    (ServerError("500"), AGAIN, True),
    (StreamingError("cut"), AGAIN, True),
    (RateLimit("429"), AGAIN, True),
    (RateLimit("429", retry_after=2.0), Verdict(Step.AGAIN, 2.0), False),
    (RateLimit("429", retry_after=5.0), Verdict(Step.AGAIN, 5.0), False),
    (RateLimit("429", retry_after=5.1), NEXT, False),
    (ServerError("503", retry_after=60.0), NEXT, True),
    (AttemptTimeout("no connection", limit="connect"), AGAIN, True),
    (AttemptTimeout("silent", limit="headers"), NEXT, True),
    (AttemptTimeout("silent", limit="first_token"), NEXT, True),
    (AttemptTimeout("silent", limit="silence"), NEXT, True),
    (AttemptTimeout("long", limit="total"), NEXT, True),
    (Authentication("401"), NEXT, False),
    (QuotaExceeded("402"), NEXT, False),
    (ModelUnavailable("404"), NEXT, False),
    (ContextLength("long"), NEXT, False),
    (UnknownProviderError("?"), NEXT, True),
    (InvalidRequest("400"), STOP, False),
    (ContentFilter("no"), STOP, False),
]


@pytest.mark.parametrize(("error", "verdict", "unhealthy"), TABLE)
def test_each_failure_has_its_consequence(error, verdict, unhealthy):
    """What follows from the first failure, and whether it counts against the provider's health."""
    assert after_failure(error, 0, Limits(), 0.5) == verdict
    assert is_unhealthy(error) is unhealthy


@pytest.mark.parametrize(
    ("error", "billed"),
    [
        (None, True),
        (AttemptTimeout("silent", limit="first_token"), True),
        (AttemptTimeout("no way there", limit="connect"), False),
        (ServerError("500"), False),
        (RateLimit("429"), False),
        (NetworkError("refused"), False),
    ],
)
def test_who_has_read_a_request_bills_it(error, billed):
    """An attempt that was given up, by the person or a time limit, is billed; one that was refused is not."""
    assert is_billed(error) is billed


@pytest.mark.parametrize("error", [row[0] for row in TABLE if row[1].step is Step.AGAIN])
def test_retries_end(error):
    """After the last retry it is the next candidate's turn, without any wait."""
    assert after_failure(error, 3, Limits(), 0.5) == NEXT
    assert after_failure(error, 0, Limits(max_retries=0), 0.5) == NEXT


def test_an_absurd_rest_is_cut():
    """A provider can't put itself out of use for longer than an hour."""
    assert rest_seconds(RateLimit("x", retry_after=1e9)) == 3600
    assert rest_seconds(RateLimit("x", retry_after=7)) == 7
    assert rest_seconds(ServerError("x")) == 0


@pytest.mark.parametrize(
    ("error", "place", "advice"),
    [
        (NetworkError("nothing answers at http://localhost:11434"), OLLAMA, "`ollama serve`"),
        (ModelUnavailable("no such model"), OLLAMA, "`dragoman providers pull qwen2.5-coder:7b`"),
        (ModelUnavailable("no such model"), CLOUD, "providers.anthropic.model"),
        (Authentication("wrong key"), CLOUD, "set ANTHROPIC_API_KEY"),
        (QuotaExceeded("no money"), CLOUD, "balance"),
        (ContextLength("too long"), CLOUD, "select less"),
        (AttemptTimeout("slow", limit="headers"), CLOUD, "timeouts.first_token"),
        (AttemptTimeout("slow", limit="silence"), CLOUD, "timeouts.silence"),
        (RateLimit("slow down", retry_after=30), CLOUD, "in 30 s"),
    ],
)
def test_the_person_reads_what_to_do(error, place, advice):
    """One line: who, the provider's reason, and what to do."""
    line = one_line(error, place, "set ANTHROPIC_API_KEY")
    assert line.startswith(f"{place.provider} ({place.model}): {error.reason}")
    assert advice in line
    assert "\n" not in line


def test_all_failures_are_told_in_order():
    """Each candidate has one sentence with its different reasons; who only rests is told as well."""
    message = all_failed(
        [
            (OLLAMA, ServerError("a")),
            (OLLAMA, ServerError("a")),
            (OLLAMA, NetworkError("b")),
            (CLOUD, ServerError("c")),
        ],
        {},
        [LeftOut("openai", "m", "rests for 9 s: 429", until=9.0), LeftOut("groq", "m", "no key")],
    )
    assert "ollama (qwen2.5-coder:7b): a, then b; " in message
    assert message.index("a, then b") < message.index("anthropic (claude): c") < message.index("openai rests for 9 s")
    assert "groq" not in message


def test_nobody_to_ask_names_everybody_and_the_cure():
    """Without a candidate every provider's reason is told; without any provider, how to get one."""
    message = nobody_to_ask([LeftOut("anthropic", "m", "no key: set ANTHROPIC_API_KEY")])
    assert "anthropic: no key: set ANTHROPIC_API_KEY" in message
    assert "ANTHROPIC_API_KEY" in nobody_to_ask([])
