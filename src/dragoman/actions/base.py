"""What an action is: data and pure functions. Where the text comes from and where the result goes is not its
business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dragoman.core.chat import Message
    from dragoman.core.context import Context, Piece
    from dragoman.core.gitdiff import FileDiff
    from dragoman.core.intent import Intent
    from dragoman.core.ports import Experiment, Observed
    from dragoman.core.syntax import Syntax
    from dragoman.core.text import Range, Snapshot, TextEdit


class Severity(StrEnum):
    """How bad a diagnostic is (LSP's DiagnosticSeverity)."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What another language server, or a compiler, found."""

    range: Range
    message: str
    severity: Severity = Severity.ERROR
    source: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell of a notebook: its place among all cells, from one, and its text."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What an action is shown of the moment it is asked for.

    `path` is the document's absolute path, or "" for one that has none yet; `root` is the workspace folder that holds
    it, or "". `diagnostics` are those at the selection. `in_repository` says that git follows the folder; `changes`
    are what git knows of, for an action that asks for them, with paths relative to `root`. `runs_tests`: new tests may
    be run here.

    `origin`: for a document without a path, that of the file which its text is from, or "". `cell`: which cell of that
    notebook it is, from one, else 0; `cells` are the notebook's other code cells in its language, in their order.
    """

    snapshot: Snapshot
    selection: Range
    diagnostics: tuple[Diagnostic, ...] = ()
    instruction: str = ""
    path: str = ""
    root: str = ""
    in_repository: bool = False
    changes: tuple[FileDiff, ...] = ()
    runs_tests: bool = False
    origin: str = ""
    cell: int = 0
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry of the editor's code-action menu.

    `kind` is LSP's CodeActionKind. `arguments` are the command's own (`instruction`, …); `selection` is what it is
    about, where that is not the person's selection.
    """

    title: str
    kind: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    selection: Range | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


class ResultKind(StrEnum):
    """What becomes of a model's reply."""

    EDIT = "edit"
    ANSWER = "answer"
    TEST_FILE = "test_file"
    FINDINGS = "findings"
    TURN = "turn"
    """An edit too: an answer that stands in the document, below what was asked there."""

    @property
    def is_edit(self) -> bool:
        """Whether it changes the document that was asked about."""
        return self in {ResultKind.EDIT, ResultKind.TURN}


class Changes(StrEnum):
    """Which changes an action is about."""

    WORKING_TREE = "working tree"
    STAGED = "staged"
    """What is in the index, or all of it where nothing is."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can ask for.

    name: the command is `dragoman.<name>`.
    intent: None where the instruction is classified.
    needs_instruction: it can't run without one.
    offer: entries for the menu; milliseconds, no model, no disk, no parse of the whole text.
    target: what will be replaced, or is asked about. Raises `BadInput` where there is nothing of the kind.
    prompt: the messages for a model, from the scene and the context that was gathered around the target.
    original: the target's text as the model is shown it, where that is not the document's own.
    cacheable: a person who asks for the same again, on the same text, is content with the same answer. Whoever wants
    an edit again on a text that is still the same has refused the first one, and wants another.
    read: the text in a reply, where it is neither the target's new text nor Markdown as it stands.
    changes: it is about what has changed since the last commit, which the scene then holds.
    variant: what the action is in this scene, where that depends on it.
    gather: what the model is shown within so many tokens besides the caller's pieces, where that is not the target and
    what is around it. Raises `BadInput` where it does not fit.
    tidied: last touches to the target's new text.
    provider, model: who is asked, unless the request says otherwise.
    proposal: what a reply proposes about the target, where that is tried before it is shown. Raises `UnusableReply`.
    """

    name: str
    title: str
    result: ResultKind
    intent: Intent | None
    offer: Callable[[Scene], Sequence[Offer]]
    target: Callable[[Scene, Syntax], Range]
    prompt: Callable[[Scene, Context], tuple[Message, ...]]
    needs_instruction: bool = False
    original: Callable[[Scene, Range], str] | None = None
    cacheable: bool = False
    read: Callable[[str], str] | None = None
    changes: Changes | None = None
    variant: Callable[[Scene], Action] | None = None
    gather: Callable[[Scene, int, Sequence[Piece]], Context] | None = None
    tidied: Callable[[Scene, str], str] | None = None
    provider: str | None = None
    model: str | None = None
    proposal: Callable[[Scene, Range, str], Proposal] | None = None

    @property
    def command(self) -> str:
        """The command's name in LSP's workspace/executeCommand."""
        return f"dragoman.{self.name}"


@dataclass(frozen=True, slots=True)
class Tried:
    """How new tests went when they were run: in one line, and in Markdown with what the runner printed."""

    passed: bool
    line: str
    markdown: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class EditResult:
    """New text for the target. `problem` names a syntax error that was not there before: offer, don't apply.

    `notes` say in a line each what of the reply was not used. `tried`: they are tests, and were run.
    """

    target: Range
    text: str
    problem: str | None = None
    notes: tuple[str, ...] = ()
    tried: Tried | None = None


@dataclass(frozen=True, slots=True)
class AnswerResult:
    """Markdown for the person."""

    markdown: str


@dataclass(frozen=True, slots=True)
class FileResult:
    """A file's new content. `before` is its present text, or None where it does not exist yet.

    `tried`: they are tests, and were run.
    """

    path: str
    before: str | None
    text: str
    problem: str | None = None
    tried: Tried | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a review found.

    path: the file, relative to the workspace folder, or "" for the document that was asked about. quote: the text of
    the first line, by which it is found again. fix: new text for some lines of that file. `code` is a short slug.
    """

    range: Range
    message: str
    severity: Severity
    code: str = ""
    fix: TextEdit | None = None
    path: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class FindingsResult:
    """What a review found, in the order of files and lines. `seen` are the texts that it speaks of, by path.

    `problem` says why there may be more.
    """

    findings: tuple[Finding, ...]
    seen: Mapping[str, Snapshot] = field(default_factory=dict)
    problem: str | None = None


class Proposal(Protocol):
    """What a reply proposes. Nothing may be known of how it went (None): then nothing could be tried."""

    @property
    def experiment(self) -> Experiment | None:
        """What to try; None where nothing can be."""
        ...

    def failure(self, observed: Observed | None) -> str:
        """What to tell the model that wrote it; "" where it holds, as far as is known."""
        ...

    def result(self, observed: Observed | None) -> Result:
        """What the person gets."""
        ...


Result = EditResult | AnswerResult | FileResult | FindingsResult
