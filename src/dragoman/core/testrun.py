"""What it takes to run a project's tests, and how that went. Values only: starts nothing, judges no code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class TestCall:
    """A call of a project's own test runner.

    argv: the program and its arguments; no shell reads them. root: the project's folder, absolute. folder: where below
    it the runner starts, "" for the folder itself. files: texts that are to stand there instead of what is on the disk,
    by path below `root`. environment: what is set for the runner. search: variables that hold folders (below `root`) to
    look in first. fresh: folders of what is built, by name, that the run must make for itself.
    """

    __test__ = False  # pytest would take the name for a test's

    argv: tuple[str, ...]
    root: str
    folder: str = ""
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    environment: Mapping[str, str] = field(default_factory=dict)
    search: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fresh: frozenset[str] = frozenset()

    def __str__(self) -> str:
        """As a person would type it in `folder`."""
        here = f"{self.root}/"
        words = (word.removeprefix(here) for word in self.argv)
        return " ".join(word if word and not set(word) & _QUOTED else f"'{word}'" for word in words)


_QUOTED = frozenset(" |&;<>()$`\\\"'*?[]#~%\n\t")


@dataclass(frozen=True, slots=True)
class TestReport:
    """How a run of tests went. `output` is what the runner printed, bounded; `seconds` is what it took.

    trouble: why there is no verdict on the tests, in a few words that say what to do; "" where there is one.
    """

    __test__ = False

    passed: bool
    output: str = field(default="", repr=False)
    seconds: float = 0.0
    trouble: str = ""

    @property
    def failed(self) -> bool:
        """Whether the runner has run, and not been content."""
        return not self.passed and not self.trouble
