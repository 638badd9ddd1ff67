"""dragoman cache, and what `dragoman run` says of an answer that was there."""

from __future__ import annotations

from dragoman.simulator import Fault, Reply


def test_the_same_again_is_answered_from_the_cache(dragoman, play, sample):
    """A second process answers the same without asking anybody, says so, and is counted; clearing ends that."""
    simulator = play()
    first = dragoman("run", "explain", "sample.py", "--json").json
    assert first["cached"] is False
    again = dragoman("run", "explain", "sample.py", "--json").json
    assert (again["cached"], again["attempts"], again["outputTokens"]) == (True, 0, 0)
    assert again["markdown"] == first["markdown"]
    assert len(simulator.completions) == 1
    stats = dragoman("cache", "stats", "--json").json
    assert (stats["store"], stats["enabled"], stats["entries"], stats["hits"]) == ("sqlite", True, 1, 1)
    assert 0 < stats["bytes"] < stats["maxBytes"]
    assert "given again 1 times" in dragoman("cache", "stats").out
    assert dragoman("cache", "clear", "--json").json == {"cleared": 1}
    assert dragoman("cache", "clear").out == "0 answers deleted\n"
    assert dragoman("run", "explain", "sample.py", "--json").json["cached"] is False
    assert dragoman("status", "--json").json["total"]["requests"] == 2


def test_a_stream_says_that_it_is_from_the_cache(dragoman, play, sample):
    """Among the partial results the route says why, and the end that it has cost nothing."""
    play()
    dragoman("run", "explain", "sample.py")
    lines = dragoman("run", "explain", "sample.py", "--stream", "--json").out.splitlines()
    import json

    values = [json.loads(line) for line in lines]
    route = next(value for value in values if value["kind"] == "route")
    assert (route["attempt"], route["reason"]) == (0, "from the cache: the same was asked before")
    done = next(value for value in values if value["kind"] == "done")
    assert (done["cached"], done["costUsd"]) == (True, 0.0)


def test_when_it_is_not_used(dragoman, play, sample):
    """By option or by setting each run asks anew; so do actions of which a person wants another result each time."""
    simulator = play()
    dragoman("run", "explain", "sample.py")
    assert dragoman("run", "explain", "sample.py", "--no-cache", "--json").json["cached"] is False
    off = dragoman("--set", "cache.enabled=false", "run", "explain", "sample.py", "--json")
    assert off.json["cached"] is False
    assert len(simulator.completions) == 3
    for _ in range(2):
        assert dragoman("run", "refactor", "sample.py:1", "--json").json["cached"] is False
    assert "switched off" in dragoman("--set", "cache.enabled=false", "cache", "stats").out


def test_what_was_cut_is_not_kept(dragoman, play, sample):
    """Nothing is kept of an answer that broke off."""
    play(Reply(("half",), fault=Fault.SHORTENED))
    dragoman("run", "explain", "sample.py")
    assert dragoman("cache", "stats", "--json").json["entries"] == 0


def test_in_memory_nothing_is_kept_for_the_next_process(dragoman, play, sample):
    """With the store in memory every process begins with nothing, and there is no file."""
    play()
    for _ in range(2):
        ran = dragoman("--set", "store=memory", "run", "explain", "sample.py", "--json")
        assert ran.json["cached"] is False
    text = dragoman("--set", "store=memory", "cache", "stats").out
    assert "in each window's memory alone" in text
    assert "0 answers" in text


def test_a_cache_that_is_away_is_told_by_its_command_alone(dragoman, play, sample):
    """Requests go on without it; `dragoman cache` says in one line what is wrong, without the password."""
    play()
    away = ("--set", "store=redis://127.0.0.1:1/0")
    assert dragoman(*away, "run", "explain", "sample.py").code == 0
    for command in ("stats", "clear"):
        ran = dragoman(*away, "cache", command)
        assert ran.code == 1
        assert "The cache (redis): the store at 127.0.0.1:1 can't be used" in ran.err


def test_without_a_command_it_shows_its_help(dragoman):
    """`dragoman cache` alone lists what there is."""
    ran = dragoman("cache")
    assert ran.code == 0
    assert "clear" in ran.out
