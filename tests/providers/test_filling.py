"""Which models fill gaps, and how those are asked whose server has no place for a suffix."""

from __future__ import annotations

import json

import pytest

from dragoman.core.chat import FillRequest
from dragoman.core.errors import InvalidRequest
from dragoman.providers import DIALECTS, PRESETS, ollama, openai
from dragoman.providers.base import Options, Target

CODER = "qwen2.5-coder:1.5b"
GAP = FillRequest("def f(", "): pass", max_output_tokens=64, temperature=0.0, stop=("\n",))
TEMPLATED = "<|fim_prefix|>def f(<|fim_suffix|>): pass<|fim_middle|>"


def target(name, model):
    """A model at a provider of the table."""
    preset = PRESETS[name]
    return Target(name, preset.base_url, model, None, Options(quirks=preset.quirks))


@pytest.mark.parametrize(
    ("name", "model", "told", "can"),
    [
        ("ollama", CODER, None, True),
        ("ollama", CODER, True, True),
        ("ollama", CODER, False, False),
        ("ollama", "llama3.1:8b", None, False),
        ("mistral", "codestral-latest", None, True),
        ("mistral", "mistral-small-latest", None, False),
        ("mistral", "some-model", True, True),
        ("deepseek", "deepseek-chat", None, True),
        ("llamacpp", CODER, None, True),
        ("llamacpp", "some-model", None, False),
        ("vllm", CODER, None, True),
        ("vllm", "some-model", True, False),
        ("together", CODER, False, False),
        ("groq", CODER, True, False),
        ("openai", "gpt-5-mini", None, False),
    ],
)
def test_who_fills_gaps(name, model, told, can):
    """It takes a server with a way to say it, and a model that is known to do it, by what is told or by its family."""
    at = target(name, model)
    assert DIALECTS[PRESETS[name].dialect].can_fill(at, told) is can


def test_a_template_goes_as_a_plain_completion():
    """Where a server takes bare text alone, the family's template holds both sides, and its tokens are stops."""
    body = json.loads(openai.fill_call(GAP, target("vllm", CODER)).body)
    assert body["prompt"] == TEMPLATED
    assert body["stop"][:2] == ["\n", "<|endoftext|>"]
    assert "suffix" not in body


def test_ollama_takes_a_template_as_it_is():
    """A model whose template on the server has no place for a suffix is asked past it."""
    call = ollama.raw_fill_call(GAP, target("ollama", CODER))
    body = json.loads(call.body)
    assert call.url.endswith("/api/generate")
    assert (body["prompt"], body["raw"]) == (TEMPLATED, True)
    assert body["options"]["stop"][:2] == ["\n", "<|endoftext|>"]
    assert "suffix" not in body


def test_ollama_is_never_given_an_empty_suffix():
    """At a document's end a line feed stands for what follows: without a suffix the text would be taken for a chat."""
    body = json.loads(ollama.fill_call(FillRequest("a", ""), target("ollama", CODER)).body)
    assert body["suffix"] == "\n"


@pytest.mark.parametrize("call", [ollama.raw_fill_call, openai.fill_call])
def test_without_a_family_there_is_no_template(call):
    """No model is given another family's tokens by guess."""
    name = "ollama" if call is ollama.raw_fill_call else "vllm"
    with pytest.raises(InvalidRequest):
        call(GAP, target(name, "some-model"))
