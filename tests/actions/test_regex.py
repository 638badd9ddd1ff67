"""Where patterns are offered, and which texts count as examples."""

from __future__ import annotations

import time
import timeit

import pytest

from actions.fakes import FakeCompleter, FakeFiles, FakeRepository, FakeWorkers
from dragoman.actions import action
from dragoman.actions.base import AnswerResult, EditResult, Scene
from dragoman.actions.perform import perform
from dragoman.actions.prepared import Preferences, Tools
from dragoman.actions.regex import REGEX
from dragoman.actions.regex_examples import Example, examples_in, examples_of
from dragoman.core.events import Reset
from dragoman.core.ports import Observed
from dragoman.core.text import Position, Range, Snapshot


def scene(line, language="python", instruction=""):
    """A line with the cursor at `|`, or a selection between two of them."""
    first = line.index("|")
    last = line.rindex("|")
    start, end = Position(0, first), Position(0, max(first, last - 1))
    return Scene(Snapshot.of(line.replace("|", "") + "\n", language=language), Range(start, end), (), instruction)


@pytest.mark.parametrize(
    ("language", "line", "titles"),
    [
        ("python", r'x = r"\d|+"', ["Regex: explain"]),
        ("python", r"x = re.compile('a|b')", ["Regex: explain"]),
        ("python", "x = 'a|b'", []),
        ("python", "x = re.compile('a number| in hex')", ["Regex: write “a number in hex”"]),
        ("python", "x = print('a number| in hex')", []),
        ("python", "# r'\\d|+'", []),
        ("python", "x| = 1", []),
        ("python", "|x = re.compile(r'a')", ["Regex: explain"]),
        ("python", "|x = re.sub(r'a', 'b', c)", []),
        ("python", "|x = re.sub(r'a', |'b', c)", ["Regex: explain"]),
        ("python", "|x = f('a')|", []),
        ("markdown", "|x = re.compile(r'a')", []),
        ("javascript", "const x = /a|b/", ["Regex: explain"]),
        ("javascript", "const x = a / b| / c", []),
        ("php", "preg_match('/a|/', $x)", ["Regex: explain"]),
        ("plaintext", r"see |^\d+$| there", ["Regex: explain"]),
        ("plaintext", "see |2024-01-31| there", ["Regex: match the selected lines"]),
        ("python", "x = |y| + 1", []),
    ],
)
def test_offers(language, line, titles):
    """The menu speaks of patterns where one plainly stands, or is plainly wanted."""
    assert [offer.title for offer in REGEX.offer(scene(line, language))] == titles


def test_what_an_offer_carries():
    """The offer to write one carries the words that stand there, and the whole literal."""
    (offer,) = REGEX.offer(scene("x = re.compile('a number| in hex')"))
    assert offer.arguments == {"instruction": "a number in hex"}
    assert offer.selection == Range(Position(0, 15), Position(0, 32))


@pytest.mark.parametrize(
    ("instruction", "yes", "no"),
    [
        ("integers, matches: 12, -7; not: x, 1.5", ["12", "-7"], ["x", "1.5"]),
        ("integers\nmatch: 12\nno match: x\nmatch: -7", ["12", "-7"], ["x"]),
        ("integers. Matches: 12, -7, not: x", ["12", "-7"], ["x"]),
        ('names, matches: "a, b", "c"', ["a, b", "c"], []),
        ('dates like "2024-01-31" and "1999-12-01", but not "24-1-1"', ["2024-01-31", "1999-12-01"], ["24-1-1"]),
        ("dates such as `2024-01-31`; never `x` or `y`", ["2024-01-31"], ["x", "y"]),
        ('words that begin with "un"', [], []),
        ('lines without "foo"', [], []),
        ("note: this is about dates", [], []),
        ("anything", [], []),
        (f"like {'“x”'} and like “{'y' * 500}”", ["x"], []),
    ],
)
def test_examples_in_an_instruction(instruction, yes, no):
    """What is named as an example counts, and nothing else that stands in quotes."""
    found = examples_in(instruction)
    assert [each.text for each in found if each.matches] == yes
    assert [each.text for each in found if not each.matches] == no
    assert all(each.given for each in found)


@pytest.mark.parametrize(
    ("reply", "pattern", "expected"),
    [
        ("match: a b \nno match: c", "", [("a b", True), ("c", False)]),
        ("- **Match**: `a`\n- **No match:** `b` (too short)", "", [("a", True), ("b", False)]),
        ("matches: `a`, `b` and `c`", "", [("a", True), ("b", True), ("c", True)]),
        ('match: "a"\ndoes not match: "b"', "a", [("a", True), ("b", False)]),
        ('match: "a"\nno match: a', '"a"', [('"a"', True), ("a", False)]),
        ('match: "a"', r'"\w"x', [('"a"', True)]),
        ('match: ""\nno match: b', "", [("", True), ("b", False)]),
        ("match: `a`", "`.`", [("`a`", True)]),
        ("This will match anything.", "", []),
        ("match: a\nno match: a", "", [("a", True)]),
    ],
)
def test_examples_in_a_reply(reply, pattern, expected):
    """Examples are read as models write them; quotes that the pattern is about stay."""
    found, _ = examples_of(reply, pattern)
    assert found == tuple(Example(text, matches) for text, matches in expected)


def test_what_is_left_of_a_reply():
    """The lines with examples are no part of the explanation."""
    assert examples_of("One.\nmatch: a\nTwo.", "")[1] == "One.\nTwo."


@pytest.mark.parametrize("text", ["[a-a" * 5000, "(a|" * 5000, "'" * 9000, "/" * 900, "\\" * 9000, "r" * 9000])
def test_hostile_lines_cost_nothing(text):
    """Lines that no person wrote are passed over at once."""
    of = scene(f"x = |{text}|", "javascript")
    best = min(timeit.repeat(lambda: REGEX.offer(of), number=1, repeat=3, timer=time.process_time))
    assert best < 0.25


class Told:
    """A place to try patterns that says what it is told to say."""

    def __init__(self, *observed):
        self.observed = list(observed)

    async def tried(self, experiment):
        return self.observed.pop(0)


async def performed(of, replies, patterns):
    """The result of the action, its events and what was asked."""
    completer = FakeCompleter(replies)
    tools = Tools(completer, FakeFiles(), FakeWorkers(), FakeRepository(), patterns=patterns)
    events = []

    async def on_event(event):
        events.append(event)

    return await perform(action("regex"), of, tools, Preferences(), on_event, job_id="1"), events, completer


REPLY = "```regex\n(a+)+$\n```\nmatch: aaa\nno match: aab"
INTO = scene("x = re.compile(r'|')", instruction="some a's")


async def test_a_pattern_that_does_not_end_is_sent_back():
    """A pattern that ran into the time limit is sent back with the text it did so on, then shown as failing."""
    late = Observed(found=(True,), late=True)
    result, events, completer = await performed(INTO, [REPLY, REPLY], Told(late, late))
    assert isinstance(result, EditResult)
    assert "on `aab` it does not come to an end in time" in result.problem
    assert "on `aab` it does not come to an end in time" in completer.jobs[1].request.messages[-1].text
    assert any(isinstance(event, Reset) for event in events)


async def test_a_persons_own_pattern_that_does_not_end_is_told():
    """Of a pattern that is explained, the person reads that it does not end; the model is not asked to mend it."""
    of = scene("x = re.compile(r'(a+)+|$')")
    result, _, completer = await performed(
        of, ["Letters a.\nmatch: aaa\nno match: aab"], Told(Observed((), (True,), late=True))
    )
    assert isinstance(result, AnswerResult)
    assert "- ✗ on `aab` it does not come to an end in time\n- ✓ `aaa` matches" in result.markdown
    assert len(completer.jobs) == 1


@pytest.mark.parametrize("patterns", [None, Told(Observed(fault="no process could be started"))])
async def test_where_nothing_can_be_tried(patterns):
    """Where patterns can't be tried, the result comes all the same and says so."""
    result, _, completer = await performed(INTO, [REPLY], patterns)
    assert (result.text, result.problem) == ("r'(a+)+$'", None)
    assert "The pattern was not tried: no" in result.notes[0]
    assert len(completer.jobs) == 1
