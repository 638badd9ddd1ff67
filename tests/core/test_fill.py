"""How models are asked for what belongs into a gap."""

import pytest

from dragoman.core.chat import FillRequest
from dragoman.core.completion import Gap
from dragoman.core.errors import InvalidRequest
from dragoman.core.fill import (
    CURSOR,
    FAMILIES,
    chat_request,
    family_of,
    fill_request,
    from_chat,
    is_clear,
    templated,
)

TEMPLATES = [
    ("qwen2.5-coder:7b", "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>"),
    ("Qwen/Qwen3-Coder-30B-A3B-Instruct", "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>"),
    ("codeqwen:7b", "<fim_prefix>P<fim_suffix>S<fim_middle>"),
    ("deepseek-coder-v2:16b", "<｜fim▁begin｜>P<｜fim▁hole｜>S<｜fim▁end｜>"),
    ("codellama:13b-code", "<PRE> P <SUF>S <MID>"),
    ("starcoder2:3b", "<fim_prefix>P<fim_suffix>S<fim_middle>"),
    ("bigcode/starcoderbase-1b", "<fim_prefix>P<fim_suffix>S<fim_middle>"),
    ("codestral-latest", "[SUFFIX]S[PREFIX]P"),
    ("granite-code:8b", "<fim_prefix>P<fim_suffix>S<fim_middle>"),
    ("ibm-granite/granite-3b-code-base", "<fim_prefix>P<fim_suffix>S<fim_middle>"),
    ("granite3.3:8b", "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>"),
    ("granite4:micro", "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>"),
    ("codegemma:2b-code", "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>"),
]


def gap(prefix="def f():\n    ", suffix="\n", *, several=True, language="python"):
    """A gap in a file called a.py."""
    return Gap(language, prefix, suffix, several, name="a.py")


@pytest.mark.parametrize(("model", "prompt"), TEMPLATES)
def test_a_model_is_asked_by_its_familys_template(model, prompt):
    """A model's name tells its family, and the family's template holds both texts."""
    asked, request = templated(FillRequest("P", "S", stop=("\n",)), model)
    assert asked == prompt
    assert request.stop[0] == "\n"
    assert request.stop[1:] == family_of(model).stops


@pytest.mark.parametrize(
    "model",
    [
        "llama3.1:8b",
        "gpt-5-mini",
        "claude-sonnet-5-5",
        "codegemma:7b-it",
        "mistral-small",
        "qwen3:8b",
        "granite3.1-dense:8b",
        "",
    ],
)
def test_other_models_have_no_template(model):
    """A model of no family that fills gaps is not given a template by guess."""
    assert family_of(model) is None
    with pytest.raises(InvalidRequest):
        templated(FillRequest("P", "S"), model)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_text_with_a_familys_token_is_not_put_into_its_template(family):
    """Code that holds a family's own token would be cut there by the model; it is said to be so."""
    model = next(model for model, _ in TEMPLATES if family_of(model) is family)
    for token in family.tokens:
        assert not is_clear(FillRequest(f"a {token}", ""), model)
        assert not is_clear(FillRequest("", f"{token} b"), model)
    assert is_clear(FillRequest("a < b | c > d", "[]"), model)


def test_one_line_ends_at_its_end():
    """The rest of a line is asked for with the line's end as stop, and with few tokens."""
    one, several = fill_request(gap(several=False)), fill_request(gap())
    assert one.stop == ("\n",)
    assert several.stop == ()
    assert one.max_output_tokens < several.max_output_tokens


def test_a_chat_is_shown_the_place():
    """A chat model sees the file's name and its text with a mark at the cursor, in a fence that the text can't end."""
    request = chat_request(gap("x = '''\n```\n", "\n'''"))
    text = request.messages[-1].text
    assert "a.py" in text
    assert f"```\n{CURSOR}\n'''" in text
    assert "````python" in text


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("```python\nreturn 1\n```", "return 1"),
        ("Here you go:\n\n```python\nreturn 1\n```\n\nThat returns one.", "return 1"),
        ("<think>hm\n</think>\n```\nreturn 1\n```", "return 1"),
        ("return 1", "return 1"),
        ("```python\nif x:\n    return 1\nreturn 2\n```", "if x:\n        return 1\n    return 2"),
        ("```python\nif x:\n        return 1\n    return 2\n```", "if x:\n        return 1\n    return 2"),
        (f"```python\n{CURSOR}return 1\n```", "return 1"),
        ("```python\n\n```", ""),
    ],
)
def test_what_a_chat_wants_inserted(reply, text):
    """Of a chat's answer its block is taken, and lines that lost the cursor's indentation get it back."""
    assert from_chat(reply, gap()) == text
