"""dragoman providers and dragoman route: who can be asked, whether they answer, who would be asked."""

from __future__ import annotations

import pytest

from dragoman.simulator import Fault, Reply, closed_url

SECRET = "sk-verysecret0123456789"


def rows(ran) -> dict[str, dict]:
    """The JSON's rows by provider."""
    return {row["provider"]: row for row in ran.json["providers"]}


def test_how_each_one_stands(dragoman, play, monkeypatch):
    """The list says of every provider whether it answers, where its key is and what to do; it never holds a key."""
    monkeypatch.setenv("GROQ_API_KEY", SECRET)
    with closed_url() as nobody:
        simulator = play(
            extra=f'[providers.groq]\nbase_url = "{nobody}"\n[providers.xai]\nenabled = false\n'
            '[providers.mistral]\nmodel = "m"\n'
        )
        ran = dragoman("providers", "--json")
    found = rows(ran)
    assert found["ollama"] | {"seconds": 0} == {
        "provider": "ollama",
        "state": "ready",
        "enabled": True,
        "endpoint": simulator.url,
        "local": True,
        "model": "scripted-coder",
        "key": {"found": False, "where": "none needed"},
        "reachable": True,
        "problem": "",
        "seconds": 0,
        "models": ["scripted-coder", "scripted-chat"],
    }
    assert (found["groq"]["state"], found["groq"]["reachable"]) == ("fails", False)
    assert found["groq"]["key"] == {"found": True, "where": "environment variable GROQ_API_KEY"}
    assert "nothing answers" in found["groq"]["problem"]
    assert (found["xai"]["state"], found["xai"]["enabled"], found["xai"]["reachable"]) == ("off", False, None)
    assert found["mistral"]["state"] == "no key"
    assert "MISTRAL_API_KEY" in found["mistral"]["problem"]
    assert found["deepseek"]["state"] == "not set up"
    text = dragoman("providers").out
    assert len(text.splitlines()) == len(found)
    assert SECRET not in ran.out + text


def test_one_alone(dragoman, play):
    """A name shows that provider alone; a wrong one is answered with the nearest."""
    play()
    assert list(rows(dragoman("providers", "list", "ollama", "--json"))) == ["ollama"]
    ran = dragoman("providers", "list", "olama")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "did you mean ollama?" in ran.err


def test_models(dragoman, play):
    """`models` prints every model in the form that --model takes, one a line, with what is known of it."""
    play(models=("small:1b", "large:70b", "scripted-coder"))
    lines = dragoman("providers", "models").out.splitlines()
    assert [line.split()[0] for line in lines] == ["ollama/small:1b", "ollama/large:70b", "ollama/scripted-coder"]
    assert all("33k" in line and "tools" in line and line.endswith("free") for line in lines)


def test_models_for_a_script(dragoman, play, monkeypatch):
    """As JSON each model has its window, abilities and price; what is not known is null, never 0."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    simulator = play(models=("claude-sonnet-4-5", "somebodys-own"))
    ran = dragoman(
        "providers", "models", "anthropic", "--json", "--set", f"providers.anthropic.base_url={simulator.url}"
    )
    (server,) = ran.json["providers"]
    known, unknown = server["models"]
    assert (known["name"], known["contextTokens"], known["vision"]) == ("claude-sonnet-4-5", 200_000, True)
    assert (known["inputUsdPerMillion"], known["outputUsdPerMillion"], known["cachedUsdPerMillion"]) == (3, 15, 0.3)
    assert unknown["name"] == "somebodys-own"
    assert {value for key, value in unknown.items() if key != "name"} == {None}


def test_a_price_of_the_persons_own_is_shown(dragoman, play):
    """`[prices]` stands over everything else."""
    play(models=("own:1b",), extra='[prices."own:1b"]\ninput_per_million = 0.5\noutput_per_million = 1.5\n')
    assert dragoman("providers", "models").out.endswith("0.5 in, 1.5 out\n")


@pytest.mark.parametrize(
    ("models", "said"),
    [((), "dragoman providers pull scripted-coder"), (("nomic-embed-text",), "dragoman providers pull")],
)
def test_a_missing_model_is_named(dragoman, play, models, said):
    """An Ollama that answers but has not the model is told apart from one that can be asked."""
    play(models=models)
    row = rows(dragoman("providers", "list", "ollama", "--json"))["ollama"]
    assert (row["state"], row["reachable"]) == ("fails", True)
    assert said in row["problem"]


def test_a_wrong_key_is_told(dragoman, play, monkeypatch):
    """A server that refuses the key is reachable in vain: the line says where the key goes, and not the key."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    simulator = play(key="another")
    ran = dragoman("providers", "list", "anthropic", "--json", "--set", f"providers.anthropic.base_url={simulator.url}")
    row = rows(ran)["anthropic"]
    assert row["state"] == "fails"
    assert "ANTHROPIC_API_KEY" in row["problem"]
    assert SECRET not in ran.out + ran.err


def test_a_real_question(dragoman, play):
    """`test` asks for a word and tells what it took; exit code 0 says that everyone asked did answer."""
    simulator = play(Reply(text=("ready",)))
    ran = dragoman("providers", "test", "ollama", "--json")
    row = rows(ran)["ollama"]
    assert (ran.code, row["ok"], row["model"], row["outputTokens"]) == (0, True, "scripted-coder", 5)
    assert len(simulator.completions) == 1
    assert "first token after" in dragoman("providers", "test", "ollama").out


def test_a_question_in_vain(dragoman, play):
    """`test` ends with exit code 1 and the reason where a provider lists its models but does not answer."""
    play(Reply(fault=Fault.QUOTA))
    ran = dragoman("providers", "test", "ollama")
    assert ran.code == 1
    assert "ollama       fails: " in ran.out


def test_route_of_a_text(dragoman, play):
    """The intent with its reason, the candidates in their order, and those left out with what to do."""
    simulator = play()
    decision = dragoman("route", "write a unit test for this", "--json").json
    assert decision["intent"] == "tests"
    assert decision["candidates"] == [
        {
            "provider": "ollama",
            "model": "scripted-coder",
            "endpoint": simulator.url,
            "local": True,
            "reason": "tests goes to local providers first",
            "health": "unknown",
            "latencySeconds": None,
            "reliability": None,
            "estimatedCostUsd": 0.0,
        }
    ]
    assert decision["plan"]["dispatch"] == "single"
    assert {left["provider"] for left in decision["leftOut"]} == {"anthropic", "openai"}
    assert all("_API_KEY" in left["reason"] for left in decision["leftOut"])
    text = dragoman("route", "write a unit test for this").out.splitlines()
    assert text[1] == "ordered by priority, asked one after the other"
    assert text[2].startswith("1. ollama · scripted-coder")
    assert [line.split(":")[0] for line in text[3:]] == ["not anthropic", "not openai"]
    assert simulator.calls == []


def test_route_of_an_intent_and_a_provider(dragoman, play):
    """--intent replaces the text, and an explicit provider is the only candidate."""
    play()
    decision = dragoman("route", "--intent", "analysis", "--provider", "ollama", "--json").json
    assert (decision["intent"], [row["provider"] for row in decision["candidates"]]) == ("analysis", ["ollama"])


def test_route_to_nobody(dragoman, settings):
    """Where nobody can be asked, the exit code says so."""
    ran = dragoman("route", "why?")
    assert ran.code == 1
    assert "nobody can be asked" in ran.out


@pytest.mark.parametrize("arguments", [(), ("  ",), ("x", "--provider", "nobody-at-all")])
def test_route_wants_something_to_go_by(dragoman, settings, arguments):
    """Neither a text nor an intent, or an unknown provider, is refused in one line."""
    ran = dragoman("route", *arguments)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
