"""What the rooms above need from each other, as Protocols. `app` brings the implementations together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from dragoman.core.hints import Hints

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence

    from dragoman.core.chat import FillRequest, Request
    from dragoman.core.completion import Question
    from dragoman.core.editor_settings import EditorSettings
    from dragoman.core.errors import Download
    from dragoman.core.events import Downloading, Event
    from dragoman.core.intent import LabelledIntent
    from dragoman.core.route import Decision
    from dragoman.core.settings import Settings
    from dragoman.core.settings_layers import Problem
    from dragoman.core.testrun import TestCall, TestReport
    from dragoman.core.trust import Foreign, Seal

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job:
    """A request on its way: what is asked, which kind of work it is, and what the asker wants otherwise.

    `can_reset` says that the asker can throw away text it was shown, so that a failover may start over. Jobs of one
    conversation bear the same `session`. `action` names what the person asked for; "" where it was no action.
    `local_only`: a part of it may go to local providers alone. `sources`: the files that it quotes, with their lines.
    `cacheable`: an earlier answer to the same will do. `question`: the part of
    the request that may be worded otherwise for the same answer; "" where nothing may. `fill`: the gap that the request
    is about, for those who can fill one without a chat.
    """

    id: str
    request: Request
    intent: LabelledIntent
    hints: Hints = field(default_factory=Hints)
    can_reset: bool = True
    session: str = ""
    action: str = ""
    local_only: bool = False
    sources: tuple[str, ...] = ()
    cacheable: bool = False
    question: str = field(repr=False, default="")
    fill: FillRequest | None = None


class Completer(Protocol):
    """Asks models: routing, retries, failover and limits lie behind it."""

    def stream(self, job: Job) -> AsyncGenerator[Event, None]:
        """The job's events as they happen. Closing the generator closes the provider's connection at once.

        Raises a `DragomanError` where no answer can be had.
        """
        ...

    async def decide(self, job: Job) -> Decision:
        """Who would be asked, and why. Calls no model."""
        ...


@dataclass(frozen=True, slots=True)
class Filled:
    """What is proposed for a gap, with line feeds alone; "" where nothing is. Whose it is."""

    text: str = field(repr=False)
    provider: str
    model: str


class Filler(Protocol):
    """Asks for what belongs at the cursor: behind it lies the same as behind `Completer`."""

    async def fill(self, question: Question, *, invoked: bool) -> Filled:
        """The proposal. `invoked`: the person asked for it in so many words; else only those are asked who are
        local, or meant for this by the settings.

        Cancelling it closes the provider's connection at once. Raises a `DragomanError` where nobody can be asked.
        """
        ...


class Secrets(Protocol):
    """Where keys come from. Values never leave the engine."""

    async def secret(self, provider: str) -> str | None:
        """The provider's key, or None where there is none. Never blocks the loop; never raises for a locked keyring."""
        ...

    def fault(self, provider: str) -> str:
        """What is wrong with a key that is there and can't be used, in one line without it; "" where nothing is."""
        ...


class Tokens(Protocol):
    """How long texts are in tokens. Nothing here waits, or holds the loop for longer than a moment."""

    def estimate(self, text: str, model: str = "") -> int:
        """About how many the model counts; without a model, about how many any model does."""
        ...

    def count(self, text: str, model: str) -> int:
        """How many the model counts, exactly where that can be had at once, else about."""
        ...

    def begin(self, text: str, model: str) -> Callable[[], int]:
        """What `count` will say of a text that may be long, counted meanwhile."""
        ...


class Clock(Protocol):
    """Time, so that tests can turn it."""

    def now(self) -> float:
        """Seconds of a clock that never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Where a file's text may go. `withheld`: why to no model, in one line, or "". `local_only`: to local ones."""

    withheld: str = ""
    local_only: bool = False


class Files(Protocol):
    """The project's files, read off the loop, confined to the workspace's folders."""

    async def read_text(self, path: str) -> str | None:
        """The file's text (UTF-8), or None where there is no such readable text file of a sensible size.

        None too where the text may go to no model.
        """
        ...

    async def disclosures(self, paths: Iterable[str]) -> Mapping[str, Disclosure]:
        """Where the texts of the files at these absolute paths may go, there or not."""
        ...

    def last_disclosure(self, path: str) -> Disclosure:
        """The same as far as it is known, without a look at the disk."""
        ...

    async def existing(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of the absolute paths that are files or folders."""
        ...

    async def inside(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of the absolute paths that lie below the folders with every link followed, whatever is there."""
        ...

    async def listed(self, folder: str) -> Sequence[str]:
        """The names of the files right in the folder, in order; none for one outside. Not all where there are many."""
        ...

    def recent(self) -> Sequence[str]:
        """The absolute paths of files that the person has open, or has edited, the last one first."""
        ...


class Workers(Protocol):
    """A place for work that would hold the event loop for milliseconds."""

    async def run(self, function: Callable[[], T]) -> T:
        """The function's result, computed off the loop."""
        ...


@dataclass(frozen=True, slots=True)
class Experiment:
    """A regular expression to be tried on texts: engine, pattern and flags as `core.pattern_translation` has them."""

    engine: str
    pattern: str
    flags: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Observed:
    """What came of it. `error`: why it is no pattern. `found`: whether it is found in each of the texts, as far as the
    time went; `late` says that it did not go to the end. `fault`: why nothing could be tried.
    """

    error: str = ""
    found: tuple[bool, ...] = ()
    late: bool = False
    fault: str = ""


class Patterns(Protocol):
    """Where regular expressions are tried: in a place that can be stopped whatever they do."""

    async def tried(self, experiment: Experiment) -> Observed:
        """What comes of the experiment. Takes a few seconds at most; never raises."""
        ...


class Repository(Protocol):
    """The git repository that a folder is in."""

    async def holds(self, folder: str) -> bool:
        """Whether the folder is inside a repository's working tree."""
        ...

    async def changes(self, folder: str, *, staged: bool = False) -> str:
        """The unified diff since the last commit; `staged` takes only what is in the index, if anything is.

        Raises `BadInput` where there is no repository, or git can't tell.
        """
        ...


class TestRunner(Protocol):
    """Runs a project's tests. Whoever has one has asked the person."""

    async def run(self, call: TestCall) -> TestReport:
        """Run them to the end, or to the time limit. Nothing that was started goes on after this, or after a cancel.

        The project's own folder is not written to, but by what its own tests and runner write.
        """
        ...


class Answers(Protocol):
    """Where finished answers stand as Markdown files, for editors that can open one."""

    async def keep(self, title: str, markdown: str) -> str:
        """The absolute path of a new file that only the person can read. Old ones are cleared away."""
        ...


class Sheet(Protocol):
    """One answer on the live page, while it is written and after."""

    def tell(self, event: Event) -> None:
        """What happens to it."""
        ...

    def finish(self, markdown: str | None, message: str) -> None:
        """It is as it stays: the whole answer, or None where there is none; `message` is one line on how it ended."""
        ...


class Page(Protocol):
    """A page on loopback that shows the session's last answers while they are written, to the person alone."""

    @property
    def watched(self) -> bool:
        """Whether a browser shows it, or is just about to."""
        ...

    def begin(self, title: str) -> Sheet:
        """An answer that is about to be written."""
        ...

    async def address(self) -> str:
        """A URL that opens the page once, for a short time; the page is served from now on. Raises `OSError`."""
        ...


class Services(Protocol):
    """Everything that one connection works with; settings may change under it at any time."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        ...

    @property
    def completer(self) -> Completer:
        """Who asks models."""
        ...

    @property
    def filler(self) -> Filler:
        """Who asks models for inline completions."""
        ...

    @property
    def workers(self) -> Workers:
        """Where long computations go."""
        ...

    @property
    def known_secrets(self) -> Collection[str]:
        """Texts that are to be hidden wherever they stand in what is sent."""
        ...

    @property
    def repository(self) -> Repository:
        """What git knows."""
        ...

    @property
    def test_runner(self) -> TestRunner:
        """Who runs a project's tests. It asks nobody: that is for whoever takes it."""
        ...

    @property
    def patterns(self) -> Patterns:
        """Where regular expressions are tried."""
        ...

    @property
    def answers(self) -> Answers:
        """Where answers are kept."""
        ...

    @property
    def page(self) -> Page:
        """Where answers are seen while they are written."""
        ...

    def files(self, roots: Sequence[str]) -> Files:
        """The files of these folders."""
        ...

    async def configure(self, editor: EditorSettings) -> Sequence[Problem]:
        """Take what the editor says and read the settings files again. Returns everything that is wrong."""
        ...

    async def refresh(self) -> Sequence[Problem]:
        """Read settings files again where they have changed. Returns everything that is wrong then, else nothing."""
        ...

    @property
    def foreign(self) -> Sequence[Foreign]:
        """Projects' files that wish for more than they may have, and of which the person has said nothing yet."""
        ...

    async def trust(self, seal: Seal, *, trusted: bool) -> None:
        """Keep what the person says of a project's file with that content. Raises `OSError`."""
        ...

    def download(self, wanted: Download) -> AsyncGenerator[Downloading, None]:
        """A model's download as it goes; closing the generator stops it. Raises a `DragomanError`."""
        ...

    async def status(self) -> dict[str, Any]:
        """How the store and the providers stand, and what was asked today; see docs/protocol.md."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
