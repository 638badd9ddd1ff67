"""What makes two requests the same: the digests of the cache."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from dragoman.core.cache_key import Circumstances, cache_key, fingerprint, near_key, owner
from dragoman.core.chat import Request, assistant, system, user
from dragoman.core.intent import Intent
from dragoman.core.route import Place
from dragoman.providers.base import Options

PLACE = Place("ollama", "ollama", "http://localhost:11434", "small", local=True)
HERE = Circumstances(PLACE, Options(), None, Intent.CODE, {}, "me")


def asked(text):
    """A request with that text after the instructions."""
    return Request((system("be brief"), user(text)))


def test_a_digest_holds_no_word_of_what_it_is_made_of():
    """It is a SHA-256 in hexadecimal, whatever was asked."""
    key = cache_key(asked("secret plans"), HERE)
    assert len(key) == 64
    assert set(key) <= set("0123456789abcdef")


def test_where_a_text_ends_matters():
    """The same characters, parted otherwise, are another request."""
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert cache_key(Request((user("a"), user("b"))), HERE) != cache_key(Request((user("ab"),)), HERE)
    assert cache_key(Request((user("a"),)), HERE) != cache_key(Request((assistant("a"),)), HERE)


def test_the_order_of_a_mapping_does_not_matter():
    """Settings and schemas are the same in any order."""
    assert fingerprint({"a": 1, "b": 2}) == fingerprint(MappingProxyType({"b": 2, "a": 1}))
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})


def test_what_is_not_understood_is_refused():
    """A value of a kind nobody thought of is a mistake, rather than left out."""
    with pytest.raises(TypeError):
        fingerprint(object())
    with pytest.raises(TypeError):
        cache_key(asked("x"), Circumstances(PLACE, lambda: 1, None, Intent.CODE, {}, "me"))


def test_half_a_character_has_a_digest_too():
    """A lone surrogate, which an editor may send, stops nothing."""
    assert cache_key(asked("\ud83d"), HERE) != cache_key(asked("\ud83e"), HERE)


def test_owners():
    """Another key or another salt is another owner; the key itself is nowhere to be seen."""
    owners = [owner(None, b""), owner("", b""), owner("sk-1", b""), owner("sk-1", b"salt"), owner("sk-2", b"salt")]
    assert len(set(owners)) == len(owners)
    assert owner("sk-1", b"salt") == owners[3]
    assert owner("=a", b"s") != owner("a", b"s=")
    assert not any("sk-1" in text for text in owners)


def test_a_question_may_be_worded_otherwise():
    """Only the question is left out of the nearness digest; what it is about, and for whom, is not."""
    key = near_key(asked("code: x = 1\n\nTask: what is it?"), "what is it?", HERE)
    assert key == near_key(asked("code: x = 1\n\nTask: what's this"), "what's this", HERE)
    assert key != near_key(asked("code: x = 2\n\nTask: what is it?"), "what is it?", HERE)
    other = Circumstances(PLACE, Options(), None, Intent.CODE, {}, "another")
    assert key != near_key(asked("code: x = 1\n\nTask: what is it?"), "what is it?", other)
    assert key != cache_key(asked("code: x = 1\n\nTask: what is it?"), HERE)


def test_only_the_last_words_are_the_question():
    """A question that stands in the code too does not make other code the same."""
    one = near_key(asked("count(x)\nTask: count"), "count", HERE)
    other = near_key(asked("sum(x)\nTask: sum"), "sum", HERE)
    assert one != other


@pytest.mark.parametrize(
    ("request_", "question"),
    [(asked("Task: this"), "that"), (asked("Task: this"), ""), (Request(()), "this")],
    ids=["not in it", "none", "nothing asked"],
)
def test_without_a_question_nothing_is_near(request_, question):
    """Where the question can't be found in what is sent, nothing may differ."""
    assert near_key(request_, question, HERE) is None
