"""Typing is never lost and no edit lands elsewhere, whatever the person does and however the editor answers."""

from __future__ import annotations

import asyncio

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lsp.desk import FULL, Bench, Desk
from lsp.typing_editor import NAMES, Glyph, TypingEditor
from virtual_time import VirtualTimeLoop

TEXT = st.text("abc \n😀é", min_size=1, max_size=4)
WAITS = st.sampled_from([0.0, 0.002, 0.01, 0.1, 0.3, 2.0])
FILE = "one\ntwo two\n  three 😀\nfour\nfive\nsix\n"


class TypingWhileModelsWrite(RuleBasedStateMachine):
    """One document, one person, any number of requests, one way of answering edits."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualTimeLoop()
        self.edits = 0

    @initialize(way=st.sampled_from(sorted(NAMES)))
    def open_a_file(self, way):
        async def start():
            capabilities = {**FULL, "window": {}}
            self.desk = Desk(Bench())
            await self.desk.start(capabilities, name=NAMES[way])
            uri = self.desk.open(FILE)
            self.editor = TypingEditor(self.desk, way, uri, [Glyph(character, "file") for character in FILE])

        self.loop.run_until_complete(start())

    def do(self, what, wait=0.0):
        async def doing():
            what()
            await asyncio.sleep(wait)

        self.loop.run_until_complete(doing())

    @rule(place=st.floats(0, 1), text=TEXT, wait=WAITS)
    def type(self, place, text, wait):
        self.do(lambda: self.editor.type(round(place * len(self.editor.glyphs)), text), wait)

    @rule(place=st.floats(0, 1), count=st.integers(1, 6), wait=WAITS)
    def delete(self, place, count, wait):
        self.do(lambda: self.editor.delete(round(place * len(self.editor.glyphs)), count), wait)

    @rule(wait=WAITS)
    def undo(self, wait):
        self.do(self.editor.undo, wait)

    @rule(wait=WAITS)
    def save(self, wait):
        self.do(self.editor.save, wait)

    @precondition(lambda self: len(self.editor.asked) < 4)
    @rule(place=st.floats(0, 1), lines=st.integers(1, 3), wait=WAITS, words=st.integers(1, 3))
    def ask(self, place, lines, wait, words):
        count = self.editor.line_count
        first = min(round(place * count), count - 1)
        last = min(first + lines - 1, count - 1)
        number = len(self.editor.asked)
        reply = "\n".join(f"reply {number} line {word}" for word in range(words))
        self.do(lambda: self.editor.ask(first, last, reply, number), wait)

    @precondition(lambda self: any(not asked.answered for asked in self.editor.asked))
    @rule(wait=WAITS)
    def model_answers(self, wait):
        self.answer_next(wait)

    def answer_next(self, wait):
        """The oldest request that waits gets its reply; one that never came to a model has been refused."""
        asked = next(asked for asked in self.editor.asked if not asked.answered)
        self.do(lambda: None, 0.05)
        asked.answered = True
        if not asked.response.done():
            number = sum(1 for one in self.editor.asked[: asked.job] if one.reached_a_model)
            self.do(lambda: self.desk.services.completer.say(f"```\n{asked.reply}\n```", number), wait)

    @invariant()
    def every_edit_belongs_where_it_landed(self):
        if hasattr(self, "editor"):
            assert not self.editor.faults

    def teardown(self):
        try:
            if hasattr(self, "editor"):
                self.everything_ends_as_it_said()
        finally:
            if hasattr(self, "desk"):
                self.loop.run_until_complete(self.desk.leave())
            self.loop.close()

    def everything_ends_as_it_said(self):
        """Every request has its one response, which tells the truth, and both sides hold the same text."""
        while any(not asked.answered for asked in self.editor.asked):
            self.answer_next(wait=0.0)
        self.do(lambda: None, 500.0)
        self.every_edit_belongs_where_it_landed()
        assert self.desk.lines_of(self.editor.uri) == self.editor.text, "the server's document is out of step"
        for asked in self.editor.asked:
            response = asked.response.result()
            if "error" in response:
                assert asked.landed == 0
            elif response["result"]["applied"]:
                assert asked.landed == 1 or self.editor.shows(asked)
            elif "kept" in response["result"]:
                assert asked.landed <= 1


TypingWhileModelsWrite.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=25,
    deadline=None,
    # Shrinking a whole afternoon of typing takes longer than reading it.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
TestTyping = TypingWhileModelsWrite.TestCase
