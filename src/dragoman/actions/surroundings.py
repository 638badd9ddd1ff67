"""What the target names, and its tests, in other files of the project: which files may hold it, and what is shown of
them. Reads through the port alone; bounded in files, in length and in time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dragoman.actions.places import posix
from dragoman.core.context import Piece, definition_piece, piece
from dragoman.core.imports import imports
from dragoman.core.languages import language_of
from dragoman.core.outline import simple_name
from dragoman.core.references import Names, defined, mentions, names_in, value
from dragoman.core.related import is_test
from dragoman.core.syntax import paragraph_at, parse
from dragoman.core.text import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.imports import Import
    from dragoman.core.languages import Language
    from dragoman.core.outline import Definition, Outline
    from dragoman.core.parsed import Parsed
    from dragoman.core.ports import Files, Workers
    from dragoman.core.syntax import Syntax
    from dragoman.core.text import Range

MOST_SECONDS = 0.3
"""No file is begun to be read any later than this after the first."""
MOST_FILES = 12
MOST_CHARACTERS = 400_000
"""Of all files that are parsed, which holds every thread for some ten milliseconds."""
_MOST_PATHS = 240
_MOST_RECENT = 4
_MOST_IN_FOLDER = 8
_MOST_PIECES = 6
"""Of one file."""
_LONGEST_TEST = 40
_LEAST_NAME = 3
"""Shorter names stand for too many things to be looked for in files that nothing leads to."""

_ORDER = ("imported", "beside", "test", "recent")
_FAMILIES = (
    frozenset({"javascript", "javascriptreact", "typescript", "typescriptreact"}),
    frozenset({"c", "cpp"}),
    frozenset({"java", "kotlin"}),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. `subjects` are the names of what the target defines, or stands in; `tests` the files that
    may hold their tests, and are there; `recent` those that the person has open or has edited.
    """

    names: Names
    imports: tuple[Import, ...] = ()
    subjects: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.imports or self.recent or (self.subjects and self.tests))


@dataclass(frozen=True, slots=True)
class Source:
    """A file that may hold some of it. `text` is None where it was not read; `note` then says why.

    why: one of `_ORDER`, beside being a file of the same package. names: those that are imported from it, as it calls
    them; None where any may be.
    """

    path: str
    why: str
    names: frozenset[str] | None = None
    text: str | None = field(default=None, repr=False)
    note: str = ""


def wanted(scene: Scene, syntax: Syntax, subject: Range, tests: Sequence[str], recent: Sequence[str]) -> Wanted:
    """What there is to look for. Pure; run off the loop."""
    symbols = syntax.symbols_in(subject)
    text = scene.snapshot.slice(subject)
    if not text.strip():  # new text goes here: what it will be about is in what is around it
        text = "".join(scene.snapshot.slice(symbol.range) for symbol in symbols) + scene.instruction
    names = names_in(text, syntax.language.id)
    path = posix(scene.path or scene.origin)
    return Wanted(
        names,
        imports(syntax, path, posix(scene.root), frozenset(names.used)),
        tuple(dict.fromkeys(simple_name(symbol.name) for symbol in symbols)),
        tuple(tests),
        tuple(each for each in recent if posix(each) != path and _akin(each, syntax.language))[:_MOST_RECENT],
    )


async def read(
    of: Wanted, root: str, files: Files, workers: Workers, now: Callable[[], float], *, local: bool
) -> tuple[Source, ...]:
    """The files that may hold it, the likeliest first. `local`: what is asked goes to local providers alone anyway.

    Files that may go to no model are not there, as far as this is concerned. Where a name comes from a file that as a
    rule only passes it on, such as a package's own, that is followed once.
    """
    reading = _Reading(files, now, local, now())
    await reading.take(await _chosen(of, files))
    doors = [source for source in reading.sources if source.text and source.names and _passes_on(source.path)]
    if doors:
        behind = await workers.run(lambda: tuple(one for door in doors for one in _behind(door, posix(root))))
        names = Names(tuple(sorted({name for door in doors for name in door.names or ()})), frozenset(), frozenset())
        await reading.take(await _chosen(Wanted(names, behind), files))
    return tuple(sorted(reading.sources, key=lambda source: _ORDER.index(source.why)))


@dataclass(slots=True)
class _Reading:
    """The files that were read so far, and what may still be."""

    files: Files
    now: Callable[[], float]
    local: bool
    began: float
    sources: list[Source] = field(default_factory=list)
    left: int = MOST_CHARACTERS

    async def take(self, chosen: Sequence[Source]) -> None:
        """Read these too, as far as they may be read, and name those that are not."""
        known = {source.path for source in self.sources}
        for source in chosen:
            if source.path in known:
                continue
            text, note = None, "not looked into: enough was read"
            if len(self.sources) < MOST_FILES and self.now() - self.began <= MOST_SECONDS:
                text, note = await self._text(source.path)
            if text is not None or (note and source.why != "recent"):  # what is merely open need not be named
                self.left -= len(text or "")
                self.sources.append(replace(source, text=text, note=note))

    async def _text(self, path: str) -> tuple[str | None, str]:
        """The file's text, or None with the reason; "" where there is nothing to tell of."""
        text = await self.files.read_text(path)
        if text is None:
            return None, ""
        if self.files.last_disclosure(path).local_only and not self.local:
            return None, "kept from models elsewhere by privacy.local_only"
        return (text, "") if len(text) <= self.left else (None, "not looked into: too long")


def _passes_on(path: str) -> bool:
    return path.rpartition("/")[2].partition(".")[0] in {"__init__", "index", "mod", "lib"}


def _behind(door: Source, root: str) -> tuple[Import, ...]:
    """Where the names come from that the file gives. Parses: run off the loop."""
    syntax = parse(Snapshot.of(door.text or "", language=language_of(door.path)))
    return imports(syntax, door.path, root, door.names or frozenset())


async def _chosen(of: Wanted, files: Files) -> list[Source]:
    """The files that are there and inside the workspace, not read yet."""
    paths = tuple(dict.fromkeys(path for one in of.imports for path in one.paths))[:_MOST_PATHS]
    there = await files.existing(paths) if paths else frozenset()
    chosen: dict[str, Source] = {}
    for one in of.imports:
        found = next((path for path in one.paths if path in there), None)
        if found is None:
            continue
        why = "beside" if one.folder and not one.bound else "imported"
        names = one.originals.union(one.bound.intersection(of.names.used)) if one.bound else None
        for path in await _in_folder(found, files) if one.folder else (found,):
            known = chosen.get(path, Source(path, why, names))
            both = None if known.names is None or names is None else known.names | names
            chosen[path] = replace(known, names=both)
    for path in of.tests[:1] if of.subjects else ():
        chosen.setdefault(path, Source(path, "test"))
    for path in of.recent:
        chosen.setdefault(path, Source(path, "recent"))
    inside = await files.inside(chosen) if chosen else frozenset()
    return [source for path, source in chosen.items() if path in inside]


async def _in_folder(folder: str, files: Files) -> tuple[str, ...]:
    names = [name for name in await files.listed(folder) if name.endswith(".go") and not is_test(name)]
    return tuple(f"{folder}/{name}" for name in names[:_MOST_IN_FOLDER])


def pieces(of: Wanted, sources: Iterable[Source], syntax: Syntax, root: str, parsed: Parsed) -> tuple[Piece, ...]:
    """What is shown of the files: definitions, then tests. `syntax` is the document's. Parses: run off the loop."""
    missing = list(of.names.used)
    shown: list[Piece] = []
    tests: list[Piece] = []
    root = posix(root).rstrip("/")
    for source in sources:
        name = _name(source.path, root)
        into = tests if source.why == "test" else shown
        if source.text is None:
            into.append(Piece("tests" if source.why == "test" else "definitions", name, source.note, "", 0))
        elif source.why == "test":
            into += _tests(of.subjects, source, name, parsed)
        else:
            into += _definitions(of.names, missing, source, name, syntax, parsed)
    return (*shown, *tests)


def _name(path: str, root: str) -> str:
    """The path inside the project's folder; of a file in another one as much as tells it apart."""
    if root and path.startswith(f"{root}/"):
        return path[len(root) + 1 :]
    return "/".join(path.split("/")[-2:] if root else path.split("/")[-1:])


def _definitions(
    names: Names, missing: list[str], source: Source, name: str, syntax: Syntax, parsed: Parsed
) -> Iterator[Piece]:
    """What the file defines of what is missing, and the document does not; that is missing no longer."""
    assert source.text is not None
    imported = source.why == "imported"
    looked_for = [name for name in _looked_for(names, missing, source) if name in source.text]
    if not looked_for:
        return
    whole = parsed.outline(source.path, _language(source.path, syntax.language.id), source.text)
    found = defined(whole.definitions, looked_for, names.reached.union(source.names or ()) if imported else ())
    values = _values(whole, looked_for, found) if imported else []
    if not found and not values:
        return
    here = {simple_name(symbol.name) for symbol in syntax.symbols()}
    for definition in [each for each in found if each.name not in here][:_MOST_PIECES]:
        yield definition_piece(whole, definition, name)
    for each, (first, last) in [named for named in values if named[0] not in here][:_MOST_PIECES]:
        text = "".join(whole.lines[first : last + 1])
        yield piece("definitions", f"{name}:{first + 1}-{last + 1}", f"{each}, which the target names", text)
    known = {*(definition.name for definition in found), *(each for each, _ in values)}
    missing[:] = [each for each in missing if each not in known]


def _looked_for(names: Names, missing: Sequence[str], source: Source) -> list[str]:
    """What is worth looking for in the file: anything where all of it was imported, what was imported and the members
    that are used, or what is surely no word of the target's own.
    """
    if source.why != "imported":
        return [name for name in missing if name in names.telling and len(name) >= _LEAST_NAME]
    if source.names is None:
        return list(missing)
    used = [name for name in missing if name in source.names or name in names.reached]
    return list(dict.fromkeys((*used, *sorted(source.names.difference(names.used)))))


def _values(whole: Outline, names: Iterable[str], found: Sequence[Definition]) -> list[tuple[str, tuple[int, int]]]:
    """The lines of constants and variables that are no definitions to the grammar's table."""
    known = {definition.name for definition in found}
    lines = [(name, value(whole.lines, name)) for name in names if name not in known]
    return [(name, where) for name, where in lines if where is not None]


def _tests(subjects: Sequence[str], source: Source, name: str, parsed: Parsed) -> Iterator[Piece]:
    """The tests that speak of the subjects: the smallest definitions, or else the paragraphs, that name them."""
    assert source.text is not None
    if not any(subject in source.text for subject in subjects):
        return
    whole = parsed.outline(source.path, language_of(source.path), source.text)
    snapshot = Snapshot("", None, "", whole.lines)
    shown: dict[tuple[int, int], None] = {}
    for line in mentions(whole.lines, subjects):
        around = [each for each in whole.definitions if each.first <= line <= each.last]
        if around and around[-1].last - around[-1].first < _LONGEST_TEST:
            shown[around[-1].first, around[-1].last] = None
        elif (paragraph := paragraph_at(snapshot, line)) is not None:
            shown[paragraph.start.line, min(paragraph.end.line, paragraph.start.line + _LONGEST_TEST)] = None
        if len(shown) >= _MOST_PIECES:
            break
    for first, last in shown:
        text = "".join(whole.lines[first : last + 1])
        yield piece("tests", f"{name}:{first + 1}-{last + 1}", "a test that speaks of it", text)


def _language(path: str, language: str) -> str:
    """The file's own language; a header's is that of the file that includes it."""
    own = language_of(path)
    return language if own == "c" and language == "cpp" else own


def _akin(path: str, of: Language) -> bool:
    """Whether a file may define what a file of that language names."""
    own = language_of(path)
    akin = own == of.id or any(own in family and of.id in family for family in _FAMILIES)
    return akin and not of.prose
