"""What is read in a document that holds a conversation, and what is written at its end."""

from __future__ import annotations

import pytest

from dragoman.core.context import piece
from dragoman.core.conversation import continued, gather, read
from dragoman.core.errors import BadInput
from dragoman.core.text import Snapshot

TALK = "# Trees\n\nBe brief.\n\n## You\n\nWhat is a B-tree?\n\n## Dragoman\n\nA wide tree.\n\n## You\n\nWhy wide?\n"


def talk(text):
    """The conversation in a text."""
    return read(Snapshot.of(text).lines)


def turns(text):
    """Who says what in a text."""
    return [(turn.role, turn.text) for turn in talk(text).turns]


def grown(text, answer, question="", note=""):
    """The document after one more answer."""
    return text + continued(Snapshot.of(text, language="markdown"), answer, question, note)


def test_a_document():
    """Headings part the turns; what stands before the first one are notes."""
    found = talk(TALK)
    assert found.notes == "# Trees\n\nBe brief."
    assert turns(TALK) == [("user", "What is a B-tree?"), ("assistant", "A wide tree."), ("user", "Why wide?")]
    assert [(turn.first, turn.last) for turn in found.turns] == [(5, 8), (9, 12), (13, 16)]
    assert found.question == "Why wide?"


@pytest.mark.parametrize(
    ("heading", "role"),
    [
        ("# You", "user"),
        ("###### you", "user"),
        ("## **You**", "user"),
        ("## You:", "user"),
        ("## *User*:", "user"),
        ("## 🧑 Me", "user"),
        ("## You ##", "user"),
        ("## Human  ", "user"),
        ("## Question", "user"),
        ("## Dragoman", "assistant"),
        ("## Dragoman (ollama, qwen2.5-coder:7b)", "assistant"),
        ("## 🤖 Assistant:", "assistant"),
        ("## AI", "assistant"),
        ("## ChatGPT [4o]", "assistant"),
        ("## _Claude_", "assistant"),
        ("## System", "system"),
        ("## You and me", None),
        ("## You: why?", None),
        ("##You", None),
        ("    ## You", None),
        (" ## You", None),
        ("####### You", None),
        ("You", None),
        ("\\## You", None),
        ("## Why AI", None),
        ("## A", None),
        ("##", None),
        ("## ", None),
    ],
)
def test_headings(heading, role):
    """Who speaks is read tolerantly, and never out of a heading that says more."""
    _, *found = turns(f"## You\n\nWhy?\n\n{heading}\n\ntext\n")
    assert found == ([(role, "text")] if role else [])


@pytest.mark.parametrize(
    "block",
    [
        "```\n## Dragoman\n```",
        "~~~md\n## Dragoman\n```\n## You\n~~~",
        "````md\n```\n## Dragoman\n```\n````",
        "- a list\n  ```\n  code\n## Dragoman\n  ```",
        "> ```\n> ## Dragoman\n> ```",
        "```py\n## Dragoman\n``` not the end\n## You\n```",
    ],
)
def test_what_stands_in_fences_is_text(block):
    """No heading inside a code block begins a turn, and those behind it do."""
    text = f"## You\n\n{block}\n\n## Dragoman\n\nYes.\n"
    assert turns(text) == [("user", block), ("assistant", "Yes.")]


@pytest.mark.parametrize("text", ["`## x`", "a ```b``` c", "```a`b"])
def test_what_is_no_fence(text):
    """Backticks inside a line open nothing."""
    assert turns(f"## You\n\n{text}\n\n## Dragoman\n\nYes.\n") == [("user", text), ("assistant", "Yes.")]


def test_a_document_without_headings_is_a_question():
    """What stands in a scratch document is asked, and is the first turn once there is an answer."""
    assert talk("Why?\n").question == "Why?"
    assert turns(grown("Why?\n", "So.")) == [("user", "Why?"), ("assistant", "So."), ("user", "")]
    assert talk("# Title\n\nText.\n").turns == ()
    assert talk("\n").turns == ()


@pytest.mark.parametrize("text", [TALK, TALK.rstrip("\n"), TALK + "\n", TALK + "\n\n\n"])
def test_an_answer_is_appended(text):
    """One empty line parts the turns, however the document ends; the next question has its heading."""
    document = grown(text, "Pages are read in one go.\n")
    assert document == TALK.rstrip("\n") + document[len(TALK.rstrip("\n")) :]
    assert "Why wide?\n\n" in document
    assert document.endswith("## Dragoman\n\nPages are read in one go.\n\n## You\n\n")


def test_a_question_is_appended_too():
    """A question that came with the command stands in the document; a heading that waits for one is used."""
    first = grown("", "So.", "Why?")
    assert first == "## You\n\nWhy?\n\n## Dragoman\n\nSo.\n\n## You\n\n"
    second = grown(first, "Thus.", "And why that?")
    assert turns(second)[2:] == [("user", "And why that?"), ("assistant", "Thus."), ("user", "")]
    assert "## You\n\n## You" not in second


def test_the_documents_own_words_are_kept():
    """The headings that are written are like those that stand there."""
    assert grown("# Me\n\na\n\n# AI\n\nb\n\n# Me\n\nc\n", "d").endswith("c\n\n# AI\n\nd\n\n# Me\n\n")


def test_line_ends_are_those_of_the_document():
    """In a document with CRLF every line that is written has it, and the turns are read without."""
    document = grown("## You\r\n\r\nWhy?\r\nSay.\r\n", "So.\n\nThus.\n")
    assert document.replace("\r\n", "") == document.replace("\r", "").replace("\n", "")
    assert turns(document) == [("user", "Why?\nSay."), ("assistant", "So.\n\nThus."), ("user", "")]


def test_blocks_that_were_left_open_are_closed():
    """Neither the person's nor the model's open code block swallows the turns that follow."""
    document = grown("## You\n\nWhat is this?\n\n~~~~py\nx = 1", "It is\n\n```py\nx", note="Cut off.")
    assert document.endswith("x = 1\n~~~~\n\n## Dragoman\n\nIt is\n\n```py\nx\n```\n\n*Cut off.*\n\n## You\n\n")
    assert turns(document)[1] == ("assistant", "It is\n\n```py\nx\n```\n\n*Cut off.*")


def test_an_answer_with_headings_of_turns():
    """A line of an answer that would begin a turn does not, and is read as it was."""
    answer = "Write:\n\n## You\n\nor\n\n\\## You\n\n### Assistant\n\n## Other"
    document = grown("Why?", answer)
    assert "\n\\## You\n" in document
    assert "\n## Other" in document
    assert turns(document)[1] == ("assistant", answer)


LONG = "".join(f"## You\n\nquestion {n} {'word ' * 50}\n\n## AI\n\nanswer {n} {'word ' * 50}\n\n" for n in range(9))


def test_the_oldest_turns_are_left_out():
    """As many of the last turns as fit are shown, without a gap, and the question always is."""
    text = f"Be brief.\n\n## System\n\nIn French.\n\n{LONG}## You\n\nlast\n"
    everything = gather(talk(text), "", max_tokens=100_000, path="a.md")
    assert [own.kind for own in everything.pieces] == ["user", "notes", "system", *["assistant", "user"] * 9]
    half = gather(talk(text), "", max_tokens=everything.tokens // 2, path="a.md")
    assert half.tokens <= everything.tokens // 2
    assert half.pieces == everything.pieces[: len(half.pieces)]
    assert len(half.pieces) > 6
    assert [own.source for own in (*half.pieces, *half.left_out)] == [own.source for own in everything.pieces]
    assert {own.text for own in half.left_out} == {""}
    least = gather(talk(text), "", max_tokens=everything.pieces[0].tokens, path="a.md")
    assert [own.text for own in least.pieces] == ["last"]


def test_a_question_that_is_too_long():
    """A question above the budget is refused with the setting that says so."""
    with pytest.raises(BadInput, match=r"context\.max_tokens allows 10"):
        gather(talk("word " * 100), "", max_tokens=10, path="")


def test_instructions_of_the_project_take_a_share():
    """The project's own instructions take no more than a part of the budget."""
    others = [
        piece("instructions", "AGENTS.md", "own", "word " * 100),
        piece("instructions", "B.md", "own", "Be kind."),
    ]
    found = gather(talk(TALK), "", max_tokens=200, path="", others=others)
    assert [own.source for own in found.pieces if own.kind == "instructions"] == ["B.md"]
    assert [own.source for own in found.left_out] == ["AGENTS.md"]
