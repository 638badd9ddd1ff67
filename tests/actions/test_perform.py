"""The one pipeline: what is told while it runs, what is asked, and what comes of failures."""

from __future__ import annotations

import pytest

from actions.fakes import FakeCompleter, FakeFiles, FakeRepository, FakeWorkers
from dragoman.actions import ACTIONS, action
from dragoman.actions.base import AnswerResult, EditResult, Scene
from dragoman.actions.perform import complete, perform
from dragoman.actions.prepare import prepare
from dragoman.actions.prepared import Preferences, Tools
from dragoman.core.chat import Stop, TextDelta, ThinkingDelta
from dragoman.core.errors import (
    AllCandidatesFailed,
    BadInput,
    Cancelled,
    ContextLength,
    DragomanError,
    NetworkError,
    UnusableReply,
)
from dragoman.core.events import Done, Notice, Reset, Routed
from dragoman.core.hints import Hints
from dragoman.core.intent import Intent
from dragoman.core.text import Position, Range, Snapshot

TEXT = "def f(a):\n    b = a\n    return b\n"
GOOD = "```python\ndef f(a):\n    return a\n```"
BAD = "```python\ndef f(a:\n    return a\n```"


def scene(text=TEXT, language="python", line=1, **more):
    """The moment before each test."""
    return Scene(Snapshot.of(text, language=language), Range(Position(line, 0), Position(line, 0)), **more)


async def performed(name, replies, *, of=None, stop=Stop.STOP, preferences=Preferences(), **more):  # noqa: B008 - immutable
    """The result or the error, the events told, and the model that was asked."""
    completer = FakeCompleter(replies, stop=stop)
    events = []

    async def on_event(event):
        events.append(event)

    tools = Tools(completer, FakeFiles(), FakeWorkers(), FakeRepository())
    try:
        result = await perform(action(name), of or scene(), tools, preferences, on_event, job_id="7", **more)
    except DragomanError as error:
        result = error
    assert completer.closed == len(completer.jobs)
    return result, events, completer


async def test_events_in_their_order():
    """The engine's events pass through, text as it comes, and Done last and once."""
    result, events, completer = await performed("refactor", [GOOD])
    assert isinstance(events[0], Routed)
    assert isinstance(events[-1], Done)
    assert sum(isinstance(event, Done) for event in events) == 1
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == GOOD
    assert result == EditResult(Range(Position(0, 0), Position(2, 12)), "def f(a):\n    return a")
    assert [job.id for job in completer.jobs] == ["7"]


async def test_inline_thinking_is_told_as_thinking():
    """Thinking that stands in the text reaches the person as thinking, and not as text."""
    result, events, _ = await performed("explain", ["<think>\nhm, hm\n</think>It is."])
    assert "".join(event.text for event in events if isinstance(event, ThinkingDelta)) == "\nhm, hm\n"
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "It is."
    assert result == AnswerResult("It is.\n")


async def test_a_reset_forgets_the_text():
    """After a failover only the new provider's text counts, though the first one broke off while it was thinking."""
    pieces = [TextDelta("<think>half of a"), Reset("cut"), TextDelta("A whole "), TextDelta("answer.")]
    result, events, _ = await performed("explain", [pieces])
    assert result == AnswerResult("A whole answer.\n")
    assert any(isinstance(event, Reset) for event in events)


async def test_a_syntax_error_is_sent_back_with_its_reason():
    """The model is told its own answer and the error; the person's view is reset; Done is told once."""
    result, events, completer = await performed("refactor", [BAD, GOOD])
    assert result.problem is None
    messages = completer.jobs[1].request.messages
    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[2].text == BAD
    assert "syntax error: line 1" in messages[3].text
    assert [type(event) for event in events if isinstance(event, Reset | Done)] == [Reset, Done]


async def test_a_second_question_wants_another_answer():
    """The first question may be answered from the cache; the one that sends an answer back may not."""
    _, _, completer = await performed("document", [BAD, GOOD])
    assert [job.cacheable for job in completer.jobs] == [True, False]


@pytest.mark.parametrize(
    ("name", "cacheable", "question"),
    [
        ("explain", True, "why?"),
        ("ask", True, "why?"),
        ("document", True, ""),
        ("tests", True, ""),
        ("refactor", False, ""),
        ("edit", False, ""),
        ("fix", False, ""),
    ],
)
async def test_what_an_earlier_answer_will_do_for(name, cacheable, question):
    """Answers, comments and tests may be what was said before; only questions may be worded otherwise."""
    of = scene(instruction="why?", path="/project/a.py")
    job = (await performed(name, [GOOD], of=of))[2].jobs[0]
    assert (job.cacheable, job.question) == (cacheable, question)
    assert not job.question or job.request.messages[-1].text.endswith(job.question)


async def test_no_second_question_where_text_cannot_be_taken_back():
    """An asker that can't reset gets the first answer with its problem."""
    result, events, completer = await performed("refactor", [BAD], can_reset=False)
    assert "syntax error" in result.problem
    assert len(completer.jobs) == 1
    assert not any(isinstance(event, Reset) for event in events)


async def test_a_second_question_that_fails_leaves_the_first_answer():
    """When nobody answers again, the first answer is offered with its problem."""
    result, _, _ = await performed("refactor", [BAD, NetworkError("gone")])
    assert "syntax error" in result.problem


async def test_a_second_answer_that_is_useless_leaves_the_first():
    """When the second answer is a refusal, the first one is offered with its problem."""
    result, _, _ = await performed("refactor", [BAD, "I'm sorry, I can't."])
    assert "syntax error" in result.problem


async def test_cancelling_the_second_question_cancels_all():
    """Cancel is no failure to be made the best of."""
    result, _, _ = await performed("refactor", [BAD, Cancelled("stopped")])
    assert isinstance(result, Cancelled)


async def test_a_refusal_is_not_asked_again():
    """A model that declines is not pressed."""
    result, _, completer = await performed("refactor", ["I'm sorry, I can't."])
    assert isinstance(result, UnusableReply)
    assert len(completer.jobs) == 1


async def test_the_check_can_be_switched_off():
    """With edits.check_syntax off the answer comes as it is."""
    result, _, completer = await performed("refactor", [BAD], preferences=Preferences(check_syntax=False))
    assert (result.problem, len(completer.jobs)) == (None, 1)


@pytest.mark.parametrize("reply", ["```python\ndef f(a):\n    re", "def f(a):\n  # ...", "<think>and so on"])
async def test_a_cut_answer_says_which_setting(reply):
    """Whatever is left of an answer cut at its length limit, the person reads which setting to raise."""
    result, _, completer = await performed("refactor", [reply], stop=Stop.LENGTH)
    text = str(result) if isinstance(result, Exception) else result.problem
    assert "providers.ollama.max_tokens" in text
    assert len(completer.jobs) == 1


async def test_a_filtered_answer_is_not_applied():
    """An answer that a provider's filter stopped is not whole."""
    result, _, _ = await performed("refactor", [GOOD], stop=Stop.CONTENT_FILTER)
    assert "cut the answer off for its content" in result.problem


async def test_errors_of_the_engine_pass():
    """Where no answer can be had, the engine's own error reaches the caller."""
    result, _, _ = await performed("explain", [NetworkError("nothing answers")])
    assert isinstance(result, NetworkError)


@pytest.mark.parametrize(
    ("name", "instruction", "hints", "intent", "origin"),
    [
        ("refactor", "", Hints(), Intent.CODE, "action"),
        ("explain", "", Hints(intent=Intent.GENERAL), Intent.GENERAL, "hint"),
        ("ask", "write a regex for dates", Hints(), Intent.REGEX, "classifier"),
    ],
)
async def test_intent(name, instruction, hints, intent, origin):
    """The hint wins, then the action's own intent; a free instruction is classified."""
    _, _, completer = await performed(name, [GOOD], of=scene(instruction=instruction), hints=hints)
    label = completer.jobs[0].intent
    assert (label.intent, label.origin) == (intent, origin)
    assert completer.jobs[0].hints == hints


async def test_prepare_shows_what_will_be_sent():
    """What is prepared is what is sent, to the letter, and says what will be replaced."""
    completer = FakeCompleter([GOOD])
    tools = Tools(completer, FakeFiles({"/project/AGENTS.md": "Be brief."}), FakeWorkers(), FakeRepository())
    preferences = Preferences(instructions=("AGENTS.md", "missing.md"))
    prepared = await prepare(
        action("refactor"), scene(path="/project/a.py", root="/project"), tools, preferences, Hints()
    )
    assert prepared.target == prepared.subject == Range(Position(0, 0), Position(2, 12))
    assert [own.source for own in prepared.context.pieces] == ["a.py:1-3", "AGENTS.md"]
    assert completer.jobs == []

    async def on_event(event):
        pass

    await complete(prepared, tools, on_event, job_id="1")
    assert completer.jobs[0].request.messages == prepared.messages


@pytest.mark.parametrize("name", [own.name for own in ACTIONS])
async def test_a_selection_past_the_end_is_clamped(name):
    """A range that does not exist gives a result or a message of one line, for every action."""
    wild = Scene(
        Snapshot.of(TEXT, language="python"),
        Range(Position(70, 3), Position(900, 1)),
        instruction="x",
        path="/p/a.py",
        root="/p",
    )
    result, _, _ = await performed(name, [GOOD, GOOD], of=wild)
    # These can't read the reply as findings, or as a pattern.
    allowed = (BadInput, UnusableReply) if name in {"review", "regex"} else BadInput
    assert not isinstance(result, Exception) or (isinstance(result, allowed) and "\n" not in str(result))


@pytest.mark.parametrize("name", [own.name for own in ACTIONS])
async def test_an_empty_document(name):
    """An empty document gives a result or a message of one line, for every action."""
    empty = Scene(
        Snapshot.of("", language="python"),
        Range(Position(0, 0), Position(0, 0)),
        instruction="x",
        path="/p/a.py",
        root="/p",
    )
    result, _, _ = await performed(name, [GOOD, GOOD], of=empty)
    # These can't read the reply as findings, or as a pattern.
    allowed = (BadInput, UnusableReply) if name in {"review", "regex"} else BadInput
    assert not isinstance(result, Exception) or (isinstance(result, allowed) and "\n" not in str(result))


def test_an_unknown_action_is_named():
    """An action that does not exist is answered with those that do."""
    with pytest.raises(BadInput, match=r"There is no action 'dance': there are .*refactor"):
        action("dance")


LONG = TEXT + "\n\n" + "".join(f"def g{number}(a):\n    return a + {number}\n\n\n" for number in range(40))


def sizes(completer):
    """How long each question was."""
    return [sum(len(message.text) for message in job.request.messages) for job in completer.jobs]


@pytest.mark.parametrize(
    "failure",
    [
        ContextLength("too long for its window"),
        AllCandidatesFailed("all failed", (("one", NetworkError("down")), ("two", ContextLength("too long")))),
    ],
)
async def test_too_long_for_everybody_is_asked_again_with_less(failure):
    """Less of what is around the target is sent, twice at most, and the person is told each time."""
    result, events, completer = await performed("refactor", [failure, failure, GOOD], of=scene(LONG))
    assert isinstance(result, EditResult)
    first, second, third = sizes(completer)
    assert first > second > third
    assert all("return b" in job.request.messages[-1].text for job in completer.jobs)
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert len(notices) == 2
    assert all("Too long for every model" in notice for notice in notices)


async def test_too_long_by_itself_is_an_error():
    """Where the target alone is too long, or has nothing around it, the person gets the provider's reason."""
    error = ContextLength("too long for its window")
    result, _, completer = await performed("refactor", [error, error, error], of=scene(LONG))
    assert result is error
    assert len(completer.jobs) == 3
    result, events, completer = await performed("refactor", [error, error])
    assert result is error
    assert len(completer.jobs) == 1
    assert not [event for event in events if isinstance(event, Notice)]
