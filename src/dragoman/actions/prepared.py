"""What a performance needs of the world, what the person prefers, and what is known before a model is asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dragoman.actions.base import AnswerResult, FindingsResult, ResultKind
from dragoman.actions.hiding import Hidden, hide
from dragoman.core.chat import Request
from dragoman.core.parsed import Parsed
from dragoman.core.ports import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from dragoman.actions.base import Action, Result, Scene
    from dragoman.actions.testfiles import TestPlan
    from dragoman.core.chat import Message
    from dragoman.core.context import Context
    from dragoman.core.hints import Hints
    from dragoman.core.intent import LabelledIntent
    from dragoman.core.ports import Completer, Files, Patterns, Repository, TestRunner, Workers
    from dragoman.core.settings import Settings
    from dragoman.core.syntax import Syntax
    from dragoman.core.text import Range, Snapshot


def time_stands_still() -> float:
    """The clock of those who mind no time."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Tools:
    """What a performance needs of the world. `known_secrets` are hidden wherever they stand; `patterns` is None where
    none can be tried. `parsed` is what earlier ones have parsed; `now` gives the seconds of any clock. `test_runner` is
    there where new tests are to be run, and the person has allowed it.
    """

    completer: Completer
    files: Files
    workers: Workers
    repository: Repository
    known_secrets: Collection[str] = field(default=(), repr=False)
    patterns: Patterns | None = None
    parsed: Parsed = field(default_factory=Parsed, repr=False)
    now: Callable[[], float] = time_stands_still
    test_runner: TestRunner | None = None


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the settings say. `instructions` are the paths of the project's own ones, inside its folder."""

    max_context_tokens: int = 6000
    check_syntax: bool = True
    instructions: tuple[str, ...] = ()
    redact: bool = True

    @classmethod
    def of(cls, settings: Settings) -> Preferences:
        """Those of the settings."""
        return cls(
            settings.context.max_tokens,
            settings.edits.check_syntax,
            settings.context.instructions,
            settings.privacy.redact,
        )


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that is known before a model is asked.

    subject: what is asked about. target: what in the document will be replaced; None where the document stays as it is.
    hidden: what will be sent, and what was hidden in it. local_only: a part of it may go to local providers alone.
    reviewed: the texts that findings are about, by path.
    """

    action: Action
    scene: Scene
    subject: Range
    target: Range | None
    original: str
    syntax: Syntax
    context: Context
    hidden: Hidden
    intent: LabelledIntent
    preferences: Preferences
    plan: TestPlan | None = None
    local_only: bool = False
    reviewed: Mapping[str, Snapshot] = field(default_factory=dict)

    def job(self, job_id: str, hints: Hints, *, can_reset: bool = True) -> Job:
        """The job that asks for it: for `Completer.decide`, or to be streamed. A document's chat is one session."""
        answers = self.action.result is ResultKind.ANSWER
        return Job(
            job_id,
            Request(self.messages),
            self.intent,
            _wishes(self.action, hints),
            can_reset,
            session=self.scene.snapshot.uri if self.action.result is ResultKind.TURN else "",
            action=self.action.name,
            local_only=self.local_only,
            sources=self.sources,
            cacheable=self.action.cacheable and not self.local_only,
            question=self.hidden.concealed(self.scene.instruction) if answers else "",
        )

    @property
    def messages(self) -> tuple[Message, ...]:
        """Exactly what will be sent."""
        return self.hidden.messages

    def asked(self) -> tuple[Message, ...]:
        """The messages for a log: without secrets, even where they are sent."""
        return self.messages if self.preferences.redact else hide(self.messages).messages

    def told(self, result: Result) -> str:
        """The result's text for a log: without the secrets that were put back."""
        if isinstance(result, FindingsResult):
            return self.hidden.concealed("\n".join(map(str, result.findings)))
        return self.hidden.concealed(result.markdown if isinstance(result, AnswerResult) else result.text)

    def concealed(self, text: str, known_secrets: Collection[str]) -> str:
        """A text that is to be sent after the messages, as it may be."""
        return self.hidden.concealed(text, known_secrets) if self.preferences.redact else text

    @property
    def sources(self) -> tuple[str, ...]:
        """The files that are quoted, with their lines where they are known."""
        pieces = (piece.source for piece in self.context.pieces if piece.kind != "framework")
        return tuple(dict.fromkeys(pieces))


def _wishes(action: Action, hints: Hints) -> Hints:
    """The request's wishes, else whom the action names."""
    if hints.provider or hints.model or hints.providers:
        return hints
    return replace(hints, provider=action.provider, model=action.model)
