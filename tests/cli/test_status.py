"""dragoman status: what all windows know together, from one process to the next."""

from __future__ import annotations

from dragoman.simulator import Fault, Reply


def test_what_was_asked_is_there_for_the_next_process(dragoman, play, sample):
    """An answer and a failure stand in the metrics of the day, and the place has its usual time."""
    play()
    before = dragoman("status", "--json").json
    assert (before["store"], before["storeProblem"], before["places"]) == ("sqlite", None, [])
    assert before["total"]["requests"] == 0
    assert dragoman("run", "explain", "sample.py").code == 0
    after = dragoman("status", "--json").json
    assert after["total"]["requests"] == after["total"]["successes"] == 1
    assert list(after["metrics"]) == ["ollama"]
    (place,) = after["places"]
    assert (place["provider"], place["breaker"], place["health"]) == ("ollama", "closed", "healthy")
    assert place["firstTokenSeconds"] is not None
    text = dragoman("status", "--by", "intent").out
    assert "store: sqlite, for all windows" in text
    assert "1 request, 1 answered" in text
    assert "explanation" in text


def test_a_resting_provider_says_why(dragoman, play, sample):
    """A provider that wants to be left alone stands there with the reason and for how long."""
    play(Reply(fault=Fault.RATE_LIMIT_SECONDS, retry_after=600))
    assert dragoman("run", "explain", "sample.py").code == 1
    (place,) = dragoman("status", "--json").json["places"]
    assert 500 < place["restsForSeconds"] <= 600
    assert dragoman("status", "--json").json["total"]["rateLimitHits"] == 1
    text = dragoman("status").out
    assert "rests for" in text
    assert "errors: 1 rate_limit" in text


def test_a_wrong_question_is_told(dragoman, play):
    """`--by` takes what there is, and says what."""
    play()
    ran = dragoman("status", "--by", "colour")
    assert ran.code == 2
    assert "provider, model, intent, day" in ran.err


def test_memory_is_for_one_process(dragoman, play, sample):
    """With the store in memory nothing is shared, and it says so."""
    play()
    assert "for this process alone" in dragoman("--set", "store=memory", "status").out


def test_hints_on_the_command_line(dragoman, play):
    """Each hint has its option; a wrong value is named by the hint's own name."""
    play()
    decision = dragoman(
        "route", "hello", "--strategy", "race", "--k", "3", "--providers", "ollama", "--max-latency-ms", "900",
        "--stickiness", "turn", "--min-useful-tokens", "7", "--budget-usd", "0.5",
        "--priority-weights", "ollama=2,openai=0.5", "--json",
    ).json  # fmt: skip
    assert decision["plan"] == {
        "selection": "priority",
        "dispatch": "race",
        "k": 3,
        "minUsefulTokens": 7,
        "maxLatencyMs": 900,
        "budgetUsd": 0.5,
        "stickiness": "turn",
    }
    assert [candidate["provider"] for candidate in decision["candidates"]] == ["ollama"]
    ran = dragoman("route", "hello", "--strategy", "fastest")
    assert ran.code == 2
    assert '"strategy" wants one of priority' in ran.err
    assert '"priority_weights" wants' in dragoman("route", "x", "--priority-weights", "ollama=much").err
    assert "There is no provider" in dragoman("route", "x", "--providers", "olama").err


def test_a_store_that_is_away_is_said_in_one_line(dragoman, play, sample):
    """With nobody at the store's address the answer comes all the same, and one line says that nothing is shared."""
    play()
    ran = dragoman("--set", "store=redis://127.0.0.1:1/0", "run", "explain", "sample.py")
    assert ran.code == 0
    assert ran.out
    (line,) = [line for line in ran.err.splitlines() if "store" in line]
    assert "127.0.0.1:1 can't be used" in line
    assert "this window's alone" in line
