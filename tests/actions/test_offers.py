"""What the menu holds, and that it comes at once."""

from __future__ import annotations

import time

import pytest

from dragoman.actions import ACTIONS
from dragoman.actions.base import Diagnostic, Scene
from dragoman.actions.instructions import instruction_at
from dragoman.core.languages import LANGUAGES
from dragoman.core.text import Position, Range, Snapshot

PYTHON = "import os\n\n\ndef f(a):\n    return a\n\n\nx = 1\n"


def scene(text, start, end=None, *, language="python", diagnostics=(), path="/p/a.py"):
    """A moment, given by places."""
    return Scene(
        Snapshot.of(text, language=language),
        Range(Position(*start), Position(*(end or start))),
        tuple(diagnostics),
        "",
        path,
    )


def titles(of):
    """The titles of all offers."""
    return [offer.title for action in ACTIONS for offer in action.offer(of)]


def problem(line, message):
    """A diagnostic on a line."""
    return Diagnostic(Range(Position(line, 0), Position(line, 1)), message)


def test_in_a_function():
    """In a function everything that works on a definition is offered, under short and stable titles."""
    assert titles(scene(PYTHON, (4, 4))) == [
        "Explain",
        "Refactor",
        "Refactor: simplify",
        "Refactor: optimise",
        "Refactor: add types",
        "Document",
        "Write tests",
        "Review",
    ]


def test_on_a_selection():
    """A selection inside a function can be extracted as well."""
    assert "Refactor: extract" in titles(scene(PYTHON, (4, 0), (4, 12)))


def test_outside_of_everything():
    """On a plain line of a small file only what makes sense there is offered."""
    assert titles(scene(PYTHON, (7, 0))) == ["Explain", "Review file"]


def test_an_empty_document_offers_nothing():
    """Where there is nothing, nothing is offered."""
    assert titles(scene("", (0, 0))) == []
    assert titles(scene("\n\n", (1, 0))) == []


def test_no_tests_without_a_file_or_a_framework():
    """Tests need a place and a language that they are known in."""
    assert "Write tests" not in titles(scene(PYTHON, (4, 4), path=""))
    assert "Write tests" not in titles(scene("function f()\n  x()\nend\n", (1, 2), language="lua"))


def test_diagnostics():
    """Each problem has its fix, the same one once, and several have one together."""
    many = [problem(4, "a is unused"), problem(4, "b is unknown"), problem(5, "a is unused")]
    offers = [offer for action in ACTIONS for offer in action.offer(scene(PYTHON, (4, 4), diagnostics=many))]
    fixes = [offer for offer in offers if offer.kind == "quickfix"]
    assert [offer.title for offer in fixes] == ["Fix: a is unused", "Fix: b is unknown", "Fix all 3 problems here"]
    assert fixes[0].diagnostics == (many[0],)
    assert fixes[2].diagnostics == tuple(many)
    assert "Explain: a is unused" in [offer.title for offer in offers]


def test_a_long_message_is_cut():
    """A title stays in one short line however long the problem's message is."""
    (offer, *_) = (
        offer
        for action in ACTIONS
        for offer in action.offer(scene(PYTHON, (4, 4), diagnostics=[problem(4, "very long\n" * 50)]))
    )
    assert len(offer.title) <= 66
    assert "\n" not in offer.title


def test_kinds():
    """Every kind is one of those that the protocol page names."""
    offers = [
        offer
        for action in ACTIONS
        for offer in action.offer(scene("# do it AI!\n" + PYTHON, (0, 0), (4, 0), diagnostics=[problem(1, "x")]))
    ]
    assert {offer.kind for offer in offers} <= {
        "quickfix",
        "refactor.rewrite",
        "source.dragoman.explain",
        "source.dragoman.tests",
        "source.dragoman.ask",
        "source.dragoman.review",
    }


@pytest.mark.parametrize(
    ("language", "line", "text"),
    [
        ("python", "    # use a set AI!", "use a set"),
        ("python", "x = 1  # use a set, AI!", "use a set"),
        ("rust", "// use a set AI!", "use a set"),
        ("lua", "-- use a set AI!", "use a set"),
        ("sql", "-- use a set AI!", "use a set"),
        ("erlang", "%% use a set AI!", "use a set"),
        ("clojure", ";; use a set AI!", "use a set"),
        ("c", "/* use a set AI! */", "use a set"),
        ("html", "<!-- use a set AI! -->", "use a set"),
        ("ocaml", "(* use a set AI! *)", "use a set"),
        ("frob", "% use a set AI!", "use a set"),
        ("frob", "# use a set AI!", "use a set"),
        ("plaintext", "// use a set AI!", "use a set"),
        ("python", "# use a set: AI!  ", "use a set"),
        ("python", "# AI!", None),
        ("python", "# the BRAI!", None),
        ("python", "# use a set AI! or not", None),
        ("python", "print('AI!')", None),
        ("rust", "# use a set AI!", None),
        ("python", "# why AI?", None),
    ],
)
def test_instructions_in_comments(language, line, text):
    """A comment that ends in `AI!` is an instruction in every language; other text is none."""
    found = instruction_at(scene(f"a\n{line}\nb\n", (1, 0), language=language), "!")
    assert (found.text if found else None) == text


def test_an_instruction_in_a_block_of_several_lines():
    """A block comment gives its whole text, from any of its lines."""
    text = "a\n/**\n * Use a set\n * and sort it AI!\n */\nb\n"
    for line in (1, 2, 3, 4):
        found = instruction_at(scene(text, (line, 0), language="typescript"), "!")
        assert found.text == "Use a set and sort it"
        assert found.range == Range(Position(1, 0), Position(5, 0))
    assert instruction_at(scene(text, (5, 0), language="typescript"), "!") is None


def test_edit_and_ask_are_offered_from_comments_alone():
    """Without a prompt box the comment carries the instruction into the command's arguments."""
    (offer,) = next(action for action in ACTIONS if action.name == "ask").offer(
        scene("# why is it slow AI?\nx = 1\n", (0, 3))
    )
    assert (offer.title, offer.arguments) == ("Ask: why is it slow", {"instruction": "why is it slow"})
    (offer,) = next(action for action in ACTIONS if action.name == "edit").offer(
        scene("# make it fast AI!\nx = 1\n", (0, 3))
    )
    assert (offer.title, offer.arguments) == ("Edit: make it fast", {"instruction": "make it fast"})


def test_offers_come_at_once_in_a_long_file():
    """All offers together cost a fraction of a millisecond, wherever the cursor is in a long file of any language."""
    body = "".join(f"    value_{number} = compute(value, {number})  # step\n" for number in range(5000))
    slowest = 0.0
    for language in (*LANGUAGES, "nobody-knows"):
        of = scene(body, (4990, 10), language=language)
        wide = scene(body, (10, 0), (4990, 0), language=language)
        titles(of)  # patterns are compiled once
        best = []
        for _ in range(3):
            start = time.thread_time()
            titles(of)
            titles(wide)
            best.append(time.thread_time() - start)
        slowest = max(slowest, min(best))
    assert slowest < 0.01


def test_what_git_follows():
    """Changes are offered for review and for a message only where git follows the folder."""
    followed = Scene(Snapshot.of(PYTHON, language="python"), Range(Position(7, 0), Position(7, 0)), in_repository=True)
    assert titles(followed) == ["Explain", "Review file", "Review changes", "Write commit message"]
