"""Stand-ins for the ports: a model that says what it is told to say, files in a dictionary, work done at once."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace

import regex

from dragoman.core.chat import Stop, TextDelta, Usage
from dragoman.core.errors import BadInput
from dragoman.core.events import Done, Routed, UsageReport
from dragoman.core.intent import LabelledIntent
from dragoman.core.ports import Disclosure, Observed
from dragoman.core.route import Decision


class FakeCompleter:
    """Says one reply after the other, in pieces; an exception among them is raised."""

    def __init__(self, replies, *, stop=Stop.STOP, size=7):
        self.replies, self.stop, self.size = list(replies), stop, size
        self.jobs = []
        self.closed = 0

    async def stream(self, job):
        self.jobs.append(job)
        reply = self.replies.pop(0)
        try:
            yield Routed("ollama", "small", "http://localhost", True, job.intent.intent, job.intent.reason, 1)
            if isinstance(reply, Exception):
                raise reply
            for event in reply if isinstance(reply, list) else _pieces(reply, self.size):
                yield event
            usage = Usage(10, 5)
            yield UsageReport("ollama", "small", usage)
            yield Done("ollama", "small", self.stop, usage, 1.0, 0.1, 1)
        finally:
            self.closed += 1

    async def decide(self, job):
        return Decision(LabelledIntent(job.intent.intent, "action", ""), (), ())


def _pieces(text, size):
    return [TextDelta(text[start : start + size]) for start in range(0, len(text), size)]


class FakeFiles:
    """A project in a dictionary of absolute paths. `rules` say where texts may go, if not everywhere; what lies below
    one of the `links` is really elsewhere. `opened` are the paths that the person has open.
    """

    def __init__(self, files=None, rules=None, links=(), opened=()):
        self.files = dict(files or {})
        self.rules = dict(rules or {})
        self.links = tuple(links)
        self.opened = tuple(opened)
        self.was_read = []

    async def disclosures(self, paths):
        return {path: self.last_disclosure(path) for path in paths}

    def last_disclosure(self, path):
        return self.rules.get(path, Disclosure())

    async def read_text(self, path):
        if self.last_disclosure(path).withheld:
            return None
        self.was_read.append(path)
        return self.files.get(path)

    async def listed(self, folder):
        return tuple(sorted(path.rpartition("/")[2] for path in self.files if posixpath.dirname(path) == folder))

    def recent(self):
        return self.opened

    async def existing(self, paths):
        folders = set()
        for path in self.files:
            folder = posixpath.dirname(path)
            while folder not in folders and folder != "/":
                folders.add(folder)
                folder = posixpath.dirname(folder)
        return frozenset(path for path in paths if path in self.files or path in folders)

    async def inside(self, paths):
        return frozenset(path for path in paths if not path.startswith(self.links))


def fitted(name, scene):
    """The scene as that action needs it: with a comment to work on, or in Markdown."""
    snapshot = scene.snapshot
    if name == "comments":
        return replace(scene, snapshot=replace(snapshot, lines=(f"# {scene.instruction} AI!\n", *snapshot.lines)))
    return replace(scene, snapshot=replace(snapshot, language="markdown")) if name == "chat" else scene


def diff(**texts):
    """A `git diff` in which these files have these lines added."""
    parts = []
    for path, text in texts.items():
        lines = "".join(f"+{line}\n" for line in text.splitlines())
        count = len(text.splitlines())
        parts.append(f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -0,0 +1,{count} @@\n{lines}")
    return "".join(parts)


class FakeRepository:
    """A repository whose diff the test writes; None where there is none."""

    def __init__(self, diff=None):
        self.diff = diff
        self.asked = []

    async def holds(self, folder):
        return self.diff is not None

    async def changes(self, folder, *, staged=False):
        self.asked.append((folder, staged))
        if self.diff is None:
            raise BadInput(f"{folder} is in no git repository.")
        return self.diff


class FakeWorkers:
    """Does the work where it stands."""

    async def run(self, function):
        return function()


class FakePatterns:
    """Tries patterns where it stands; those that run for ever are not for it."""

    def __init__(self):
        self.experiments = []

    async def tried(self, experiment):
        self.experiments.append(experiment)
        engine = {"re": re, "regex": regex}[experiment.engine]
        flags = 0
        for letter in experiment.flags:
            flags |= getattr(engine, "V1" if letter == "V" else letter.upper())
        try:
            pattern = engine.compile(experiment.pattern, flags)
        except engine.error as error:
            return Observed(str(error))
        return Observed(found=tuple(pattern.search(text) is not None for text in experiment.texts))
