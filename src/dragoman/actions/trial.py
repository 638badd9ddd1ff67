"""New tests are tried: run by the project's own runner before anybody is shown them.

Asks no model, and nobody for leave.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeGuard

from dragoman.actions.base import EditResult, FileResult
from dragoman.actions.testcalls import test_call
from dragoman.actions.testnames import new_tests
from dragoman.actions.testruns import tried, trouble
from dragoman.core.errors import BadInput
from dragoman.core.events import Notice, Waiting
from dragoman.core.syntax import parse
from dragoman.core.text import Snapshot, TextEdit, apply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dragoman.actions.base import Result, Scene
    from dragoman.actions.testfiles import TestPlan
    from dragoman.core.events import Event
    from dragoman.core.ports import Files, TestRunner, Workers
    from dragoman.core.syntax import Syntax
    from dragoman.core.testrun import TestReport


def is_sound(result: Result | None) -> TypeGuard[EditResult | FileResult]:
    """Whether it is a text that could be put in its place."""
    return isinstance(result, EditResult | FileResult) and result.problem is None


@dataclass(frozen=True, slots=True)
class Trial:
    """What it takes to try the new tests of one request."""

    scene: Scene
    plan: TestPlan
    files: Files
    workers: Workers
    runner: TestRunner
    on_event: Callable[[Event], Awaitable[None]]

    async def run(
        self, result: EditResult | FileResult, *, mended: bool = False
    ) -> tuple[EditResult | FileResult, TestReport | None]:
        """The result with how its tests went, and the report where they have failed, and not their surroundings."""
        before, after = await self.workers.run(lambda: self._texts(result))
        names = await self.workers.run(lambda: new_tests(self._parsed(before), self._parsed(after)))
        try:
            call = await test_call(self.scene, self.plan, after, names, self.files)
        except BadInput as error:
            await self.on_event(Notice(str(error)))
            return result, None
        await self.on_event(Waiting(0.0, f"running the new tests: {call}"))
        report = await self.runner.run(call)
        fails = report.failed and not trouble(report, self.plan.framework)
        told = tried(call, report, self.plan.framework, mended=mended)
        report = replace(report, output=report.output.replace(f"{call.root}/", "").replace(call.root, "."))
        return replace(result, tried=told), report if fails else None

    def _texts(self, result: EditResult | FileResult) -> tuple[str, str]:
        """The tests' file as it was, and as it will be."""
        if isinstance(result, FileResult):
            return result.before or "", result.text
        snapshot = self.scene.snapshot
        return snapshot.text, apply(snapshot.lines, [TextEdit(result.target, result.text)])

    def _parsed(self, text: str) -> Syntax:
        return parse(Snapshot.of(text, language=self.plan.language))
