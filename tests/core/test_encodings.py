"""Which encoding a model counts in, and about how many tokens a text is."""

from __future__ import annotations

import pytest
import tiktoken.model
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.encodings import encoding_of, estimate_tokens, for_model

SHIPPED = {"o200k_base": "o200k_base", "o200k_harmony": "o200k_base", "cl100k_base": "cl100k_base"}
"""tiktoken's name -> ours: the harmony format has the same tokens, and special ones that no text has."""

NOT_CHATTING = ("davinci-002", "babbage-002")
"""Base models of old."""


def named_by_tiktoken():
    """Every model that tiktoken's own table names, and a version of every beginning that it names."""
    whole = tiktoken.model.MODEL_TO_ENCODING
    begun = {f"{start.rstrip('-')}-2026-01-01": name for start, name in tiktoken.model.MODEL_PREFIX_TO_ENCODING.items()}
    return {model: name for model, name in (whole | begun).items() if not any(old in model for old in NOT_CHATTING)}


@pytest.mark.parametrize(("model", "theirs"), named_by_tiktoken().items())
def test_a_models_encoding_is_the_one_that_tiktoken_names(model, theirs):
    """Where it is one of those that are still in use; those of retired models are not known."""
    assert encoding_of(model) == SHIPPED.get(theirs)


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("openai/gpt-4o-mini", "o200k_base"),
        ("GPT-4.1", "o200k_base"),
        ("gpt-5.4-mini", "o200k_base"),
        ("gpt-oss:20b", "o200k_base"),
        ("accounts/fireworks/models/gpt-oss-120b", "o200k_base"),
        ("gpt-4-turbo", "cl100k_base"),
        ("text-embedding-3-small", "cl100k_base"),
        ("gpt-4x", None),
        ("gpt-6-sol", None),
        ("claude-opus-5", None),
        ("llama3.1:8b", None),
        ("", None),
    ],
)
def test_a_model_is_known_by_its_name_alone(model, encoding):
    """Whoever sells it, and whatever stands behind the name; nothing is guessed of a name like it."""
    assert encoding_of(model) == encoding


@given(st.text(), st.text(), st.sampled_from(("", "gpt-4o", "claude-opus-5")))
def test_estimates_add_up(one, other, model):
    """More text never counts less, and parts never count less than the whole."""
    first, second, both = (estimate_tokens(text, model) for text in (one, other, one + other))
    assert max(first, second) <= both <= first + second


def test_estimates_are_about_right():
    """English code has about four characters to a token, Chinese rather less than one; nothing is no token."""
    assert 15 <= estimate_tokens("def total(self):\n    return sum(item.price for item in self.items)\n") <= 26
    assert 6 <= estimate_tokens("这是一个测试程序") <= 10
    assert estimate_tokens("") == 0


def test_an_estimate_knows_the_vendor():
    """Claude makes more tokens of the same text than Gemini, newer Claude still more, and OpenAI's models fewest."""
    text = "for each of the items there is a price\n" * 100
    models = ("gpt-5", "gemini-2.5-pro", "claude-sonnet-4-5", "claude-opus-4-7")
    counts = [estimate_tokens(text, model) for model in models]
    assert counts == sorted(set(counts))
    assert estimate_tokens(text, "claude-sonnet-5") == estimate_tokens(text, "anthropic/claude-opus-4.7") == counts[-1]
    assert counts[0] < estimate_tokens(text, "somebodys-model") == estimate_tokens(text) < counts[2]


@pytest.mark.parametrize("model", ["", "gpt-5", "claude-opus-5", "llama3.1:8b"])
def test_one_estimate_serves_for_every_model(model):
    """An estimate for any model becomes that of one model, without the text."""
    text = "def total(self):\n    return sum(self.items)\n" * 50
    assert for_model(estimate_tokens(text), model) == pytest.approx(estimate_tokens(text, model), abs=2)
