"""What the live page holds, and what those who watch it are sent."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing

from dragoman.core.chat import Stop, TextDelta, ThinkingDelta, Usage
from dragoman.core.events import Done, Reset, Routed, UsageReport, Waiting
from dragoman.engine.page import LONGEST, MOST, LivePage
from engine.virtual import virtual_time

OLLAMA = Routed("ollama", "small", "http://localhost:11434", True, "explanation", "first", 1)
CLAUDE = Routed("anthropic", "large", "https://x", False, "explanation", "next", 2, after="ollama cut the answer off")


class Inline:
    """Workers that work at once, or as slowly as they are told."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds
        self.worked = 0

    async def run(self, function):
        self.worked += 1
        await asyncio.sleep(self.seconds)
        return function()


async def first(events):
    """The next thing that a watcher is sent."""
    data = await anext(events)
    assert data.startswith(b"data: ")
    assert data.endswith(b"\n\n")
    return json.loads(data[6:])


async def state(page, sheet, *told):
    """What a watcher is shown of a sheet that was told these events."""
    for event in told:
        sheet.tell(event)
    async with aclosing(page.events()) as events:
        return await first(events)


@virtual_time
async def test_it_is_shown_as_it_is_written():
    """Each piece of an answer comes to the watcher as HTML of the whole so far, and the end with what it took."""
    page = LivePage(Inline())
    async with aclosing(page.events()) as events:
        sheet = page.begin("Explain")
        assert await first(events) == {
            "id": 1,
            "title": "Explain",
            "who": "",
            "state": "waiting",
            "note": "",
            "html": "",
        }
        sheet.tell(OLLAMA)
        sheet.tell(TextDelta("It **ad"))
        shown = await first(events)
        assert (shown["who"], shown["state"], shown["html"]) == ("ollama · small", "writing", "<p>It **ad</p>\n")
        sheet.tell(TextDelta("ds**"))
        assert (await first(events))["html"] == "<p>It <strong>adds</strong></p>\n"
        sheet.finish("It **adds** up.", "ollama · small: 7 tokens")
        shown = await first(events)
        assert shown["html"] == "<p>It <strong>adds</strong> up.</p>\n"
        assert (shown["state"], shown["note"]) == ("done", "ollama · small: 7 tokens")


@virtual_time
async def test_who_comes_late_sees_all():
    """A page that is opened in mid-answer, or after it, shows everything from the beginning, oldest first."""
    page = LivePage(Inline())
    page.begin("Explain").finish("One.", "")
    page.begin("Ask").tell(TextDelta("Two"))
    async with aclosing(page.events()) as events:
        assert [(await first(events))["html"] for _ in range(2)] == ["<p>One.</p>\n", "<p>Two</p>\n"]


@virtual_time
async def test_thinking_is_told_once():
    """While a model thinks the page says so, and is not sent its thoughts."""
    page = LivePage(Inline())
    sheet = page.begin("Explain")
    shown = await state(page, sheet, OLLAMA, *[ThinkingDelta("secretly hmm")] * 50)
    assert (shown["state"], shown["note"]) == ("thinking", "thinking")
    assert "hmm" not in json.dumps(shown)
    assert sheet.version == 2
    shown = await state(page, sheet, TextDelta("So."))
    assert (shown["state"], shown["note"]) == ("writing", "")


@virtual_time
async def test_a_failover():
    """What is thrown away goes from the page too, and it says who writes now, and why."""
    page = LivePage(Inline())
    sheet = page.begin("Explain")
    shown = await state(page, sheet, OLLAMA, TextDelta("It a"), Reset("again"), CLAUDE)
    assert (shown["html"], shown["who"], shown["note"]) == ("", "anthropic · large", "ollama cut the answer off")
    assert (await state(page, sheet, TextDelta("New")))["html"] == "<p>New</p>\n"


@virtual_time
async def test_a_pause_says_why():
    """While nothing is sent because a provider wants it so, the page says so; of usage it says nothing."""
    page = LivePage(Inline())
    sheet = page.begin("Explain")
    assert (await state(page, sheet, Waiting(3.0, "ollama is busy, 3 s")))["note"] == "ollama is busy, 3 s"
    version = sheet.version
    sheet.tell(UsageReport("ollama", "small", Usage(1, 1)))
    sheet.tell(Done("ollama", "small", Stop.STOP, Usage(1, 1), 1.0, 0.5, 1))
    assert sheet.version == version


@virtual_time
async def test_a_failure_leaves_what_was_written():
    """An answer that fails keeps its text, and says how it ended."""
    page = LivePage(Inline())
    sheet = page.begin("Explain")
    sheet.tell(TextDelta("It a"))
    sheet.finish(None, "the line is dead")
    shown = await state(page, sheet)
    assert (shown["html"], shown["state"], shown["note"]) == ("<p>It a</p>\n", "failed", "the line is dead")


@virtual_time
async def test_old_answers_are_forgotten():
    """Only the newest answers are held, and none once the session ends."""
    page = LivePage(Inline())
    for number in range(MOST + 5):
        page.begin(f"Ask {number}")
    async with aclosing(page.events()) as events:
        titles = [(await first(events))["title"] for _ in range(MOST)]
    assert titles == [f"Ask {number}" for number in range(5, MOST + 5)]
    await page.close()
    assert not page._sheets


@virtual_time
async def test_a_very_long_answer():
    """Of an endless answer the page holds the beginning, and says that there is more."""
    page = LivePage(Inline())
    sheet = page.begin("Explain")
    shown = await state(page, sheet, *[TextDelta("word " * 200)] * 1000)
    assert len(shown["html"]) < LONGEST + 100
    assert len(sheet._text) < LONGEST + 1001
    sheet.finish("word " * 200_000, "done")
    shown = await state(page, sheet)
    assert len(shown["html"]) < LONGEST + 100
    assert shown["note"] == "done The rest is too long for this page."


@virtual_time
async def test_nobody_watches():
    """While nobody watches nothing is rendered."""
    workers = Inline()
    page = LivePage(workers)
    sheet = page.begin("Explain")
    for _ in range(100):
        sheet.tell(TextDelta("word "))
    sheet.finish("word", "")
    assert workers.worked == 0


@virtual_time
async def test_a_slow_look_is_rare():
    """Rendering takes a twentieth of the time at most, and a watcher that reads late gets the newest state only."""
    page = LivePage(Inline(seconds=0.1))
    sheet = page.begin("Explain")
    loop = asyncio.get_running_loop()
    async with aclosing(page.events()) as events:
        await first(events)
        began = loop.time()
        for _ in range(10):
            sheet.tell(TextDelta("a"))
        assert (await first(events))["html"] == "<p>aaaaaaaaaa</p>\n"
        assert loop.time() - began >= 2.0


@virtual_time
async def test_whether_it_is_watched():
    """It is watched while somebody is sent events, and not before and after."""
    page = LivePage(Inline())
    assert not page.watched
    page.begin("Explain")
    async with aclosing(page.events()) as events:
        await first(events)
        assert page.watched
    assert not page.watched
