"""Where imports lead: the files, inside the project, that an import statement may mean, likeliest first.

Pure: by the languages' rules and the usual layouts, without a look at the disk. Imports of names that are not used are
passed over, and so is what leads out of the project's folder.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from dragoman.core.import_trees import rust_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from dragoman.core.syntax import Syntax

MOST_IMPORTS = 40
"""So many imports are looked into."""
_MOST_PATHS = 60
_LONGEST_STATEMENT = 4_000
"""Code points of one import that are read: whoever wrote it, it takes no time to speak of."""
_HIGHEST = 6
"""So many folders above the file may be what a path is relative to."""


@dataclass(frozen=True, slots=True)
class Import:
    """What one import may lead to.

    paths: absolute, with slashes; the first that is there counts. bound: the names that it gives to the file; none
    where the statement does not tell. originals: names that it takes from there and gives under another one, and
    members that it gives by themselves. folder: the paths are those of folders, and all of their files count.
    """

    paths: tuple[str, ...]
    bound: frozenset[str] = frozenset()
    originals: frozenset[str] = frozenset()
    folder: bool = False


def imports(syntax: Syntax, path: str, root: str, used: Collection[str]) -> tuple[Import, ...]:
    """What the imports of the names lead to, and what the language finds without one, in their order.

    path, root: of the file and of the project's folder, absolute, with slashes.
    """
    statement, implied = _LANGUAGES.get(syntax.language.id, (None, None))
    if not path or statement is None:
        return ()
    place = _Place(path, root.rstrip("/") or posixpath.dirname(path), frozenset(used), syntax.snapshot.lines)
    texts = [syntax.snapshot.slice(range_)[:_LONGEST_STATEMENT] for range_ in syntax.imports()]
    found: dict[Import, None] = {}
    for one in (*(one for text in texts for one in statement(text, place)), *(implied(place) if implied else ())):
        if len(found) >= MOST_IMPORTS:
            break
        inside = tuple(dict.fromkeys(each for each in one.paths if place.holds(each)))[:_MOST_PATHS]
        if inside and (not one.bound or one.bound & place.used):
            found[replace(one, paths=inside)] = None
    return tuple(found)


@dataclass(frozen=True)
class _Place:
    """The file whose imports are looked at, and the names that it uses."""

    path: str
    root: str
    used: frozenset[str]
    lines: tuple[str, ...]

    @cached_property
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """The file's folder and those above it up to the project's."""
        bases = [self.folder]
        while len(bases) < _HIGHEST and self.holds(bases[-1]):
            bases.append(posixpath.dirname(bases[-1]))
        return tuple(dict.fromkeys((*bases, self.root)))

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The names that look like those of types."""
        return tuple(sorted(name for name in self.used if name[0].isupper()))[:MOST_IMPORTS]

    def holds(self, path: str) -> bool:
        """Whether the path lies inside the project, going by its words alone, and is not the file itself."""
        return path.startswith(f"{self.root}/") and path != self.path

    def at(self, *parts: str) -> str:
        """The path inside the project's folder."""
        return _at(self.root, *parts)


def _at(*parts: str) -> str:
    return posixpath.normpath(posixpath.join(*(part for part in parts if part)))


def _python(text: str, place: _Place) -> Iterator[Import]:
    text = re.sub(r"#.*|[()\\]", " ", text)
    match = re.match(r"\s*from\s+(\.*)\s*((?:\w[\w.]*)?)\s+import\s+(.*)", text, re.DOTALL)
    sources = (*place.bases, place.at("src"), place.at("lib"))
    if match is None:
        for words in map(str.split, text.strip().removeprefix("import").split(",")):
            if words:
                module = words[0].split(".")
                yield Import(_python_files(sources, module), frozenset({words[-1] if len(words) > 1 else module[0]}))
        return
    dots, dotted, names = match.groups()
    module = dotted.split(".") if dotted else []
    bases = (_at(place.folder, *[".."] * (len(dots) - 1)),) if dots else sources
    pairs = [(words[0], words[-1]) for words in map(str.split, names.split(",")) if words]
    for original, known in pairs:  # a module of the package has a file of its own
        if original.islower() and known in place.used:
            yield Import(tuple(_at(base, *module, f"{original}.py") for base in bases), frozenset({known}))
    bound = frozenset() if names.strip() == "*" else frozenset(known for _, known in pairs)
    renamed = frozenset(original for original, known in pairs if original != known and known in place.used)
    yield Import(_python_files(bases, module), bound, renamed)


def _python_files(bases: Iterable[str], module: list[str]) -> tuple[str, ...]:
    packages = [_at(base, *module) for base in bases]
    return tuple(file for package in packages for file in (f"{package}.py", f"{package}/__init__.py"))


_SCRIPT_ENDINGS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".d.ts", ".mts", ".cts")
_COMPILED = MappingProxyType({".js": (".ts", ".tsx"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)})
"""TypeScript names a module by the file that will come of it."""


def _script(text: str, place: _Place) -> Iterator[Import]:
    match = re.search(r"(?:\bfrom|\bimport|\brequire\s*\()\s*([\"'])([^\"'\n]+)\1", text)
    if match is None:
        return
    clause = re.findall(r"(?:([\w$]+|\*)\s+as\s+)?([\w$]+)", text[: match.start()])
    bound = frozenset(known for _, known in clause) - {"import", "type", "const", "let", "var", "from", "export"}
    renamed = frozenset(original for original, known in clause if original.isidentifier() and known in place.used)
    yield Import(tuple(_script_files(match[2], place)), bound, renamed)


def _script_files(module: str, place: _Place) -> Iterator[str]:
    if module.startswith("."):
        stems = [_at(place.folder, module)]
    elif module.startswith(("@/", "~/")):
        sources = [base for base in place.bases if posixpath.basename(base) == "src"]
        sources += [_at(base, folder) for base in reversed(place.bases) for folder in ("src", "")]
        stems = [_at(source, module[2:]) for source in sources]
    else:
        stems = [place.at(module), place.at("src", module)] if "/" in module and module[0] != "@" else []
    for stem in stems:
        bare, ending = posixpath.splitext(stem)
        if ending in _SCRIPT_ENDINGS:
            yield stem
            yield from (f"{bare}{other}" for other in _COMPILED.get(ending, ()))
        else:
            yield from (f"{stem}{other}" for other in _SCRIPT_ENDINGS[:7])
            yield from (f"{stem}/index{other}" for other in _SCRIPT_ENDINGS[:4])


_PASSED_ON = re.compile(
    r"^export\s+(?:type\s+)?(?:\{[^}]*\}|\*[^\"'\n;]*)\s*from\s*(?:\"[^\"\n]*\"|'[^'\n]*')", re.MULTILINE
)


def _script_others(place: _Place) -> Iterator[Import]:
    """What is imported otherwise than by an import: `require`, and what is exported again."""
    head = [line[:400] for line in place.lines[:200]]
    for line in head:
        if "require" in line and re.match(r"(?:const|let|var)\s", line):
            yield from _script(line, place)
    for match in _PASSED_ON.finditer("".join(head)):
        yield from _script(match[0], place)


def _rust(text: str, place: _Place) -> Iterator[Import]:
    for segments, known in rust_paths(text):
        home = _rust_home(segments, place)
        if home is not None:
            folder, inner = home
            bound = frozenset() if known == "*" else frozenset({known})
            renamed = frozenset({segments[-1]}) - bound if known in place.used else frozenset()
            yield Import(_rust_files(folder, tuple(name for name in inner if name != "*")), bound, renamed)


def _rust_modules(place: _Place) -> Iterator[Import]:
    for line in place.lines[:500]:
        match = re.match(r"(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;", line)
        if match is not None:
            inner = _at(_rust_children(place), match[1])
            yield Import((f"{inner}.rs", f"{inner}/mod.rs"), frozenset({match[1]}))


def _rust_children(place: _Place) -> str:
    """The folder of the file's own modules."""
    stem = posixpath.basename(place.path).removesuffix(".rs")
    return place.folder if stem in {"mod", "lib", "main"} else _at(place.folder, stem)


def _rust_home(segments: tuple[str, ...], place: _Place) -> tuple[str, tuple[str, ...]] | None:
    """The folder that the path begins in, and the rest of the path; None for the standard library."""
    first, rest = segments[0], segments[1:]
    source = next((base for base in place.bases if posixpath.basename(base) == "src"), place.at("src"))
    if first in {"std", "core", "alloc"} or not rest:
        return None
    if first == "crate":
        return source, rest
    if first == "self":
        return _rust_children(place), rest
    if first == "super":
        folder = posixpath.dirname(_rust_children(place))
        while rest and rest[0] == "super":
            folder, rest = posixpath.dirname(folder), rest[1:]
        return folder, rest
    if any(re.match(rf"(?:pub(?:\([^)]*\))?\s+)?mod\s+{re.escape(first)}\s*;", line) for line in place.lines[:500]):
        return _rust_children(place), segments
    return source, rest  # the crate by its own name, as its tests and programs have it


def _rust_files(folder: str, segments: tuple[str, ...]) -> tuple[str, ...]:
    """From the module of the whole path up to that of the folder."""
    stems = [_at(folder, *segments[:count]) for count in range(len(segments), -1, -1)]
    files = [file for stem in stems for file in (f"{stem}.rs", f"{stem}/mod.rs")]
    return (*files, f"{folder}/lib.rs", f"{folder}/main.rs")


def _go(text: str, place: _Place) -> Iterator[Import]:
    for alias, path in re.findall(r"(?:(?<![\w.])([\w.]+)\s+)?\"([^\"\n]+)\"", text):
        segments = path.split("/")
        names = [segment for segment in segments if not re.fullmatch(r"v\d+", segment)]
        bound = frozenset({alias} if alias else {names[-1], *re.split(r"[.-]", names[-1])})
        # Which part is the module's own name, and so not a folder, only go.mod tells.
        inner = [segments[count:] for count in range(len(segments) if "." in segments[0] else min(2, len(segments)))]
        yield Import(
            tuple(_at(base, *parts) for parts in inner for base in reversed(place.bases)),
            frozenset() if alias == "." else bound,
            folder=True,
        )


def _own_folder(place: _Place) -> Iterator[Import]:
    """A package is a folder: its other files need no import."""
    yield Import((place.folder,), folder=True)


def _c(text: str, place: _Place) -> Iterator[Import]:
    match = re.search(r"include\s*([\"<])([^\">\n]+)[\">]", text)
    if match is not None:
        near = (place.folder,) if match[1] == '"' else ()
        above = [_at(base, folder) for base in place.bases for folder in ("include", "src", "")]
        yield Import(tuple(_at(folder, match[2]) for folder in (*near, *above)))


def _java(text: str, place: _Place) -> Iterator[Import]:
    match = re.match(r"\s*import\s+(static\s+)?([\w.]+?)(\.\*)?\s*;?\s*$", text)
    if match is None:
        return
    names = match[2].split(".")
    if match[1]:
        members = frozenset() if match[3] else frozenset({names[-1]})
        yield Import(_java_files(place, names if match[3] else names[:-1]), members, members)
    elif match[3]:
        yield from (Import(_java_files(place, [*names, name]), frozenset({name})) for name in place.types)
    else:
        yield Import(_java_files(place, names), frozenset({names[-1]}))


def _java_files(place: _Place, names: list[str]) -> tuple[str, ...]:
    endings = (".kt", ".java") if place.path.endswith((".kt", ".kts")) else (".java", ".kt")
    files = []
    for source in _java_sources(place):
        files += [_at(source, *names) + ending for ending in endings]
        files += [_at(source, *names[:-1]) + ending for ending in endings]  # a class inside a class
    return tuple(files)


def _java_sources(place: _Place) -> tuple[str, ...]:
    """The folders that packages begin in: the one that the file's own package tells, for tests the code's too."""
    found = (re.match(r"\s*package\s+([\w.]+)", line) for line in place.lines[:100])
    package = next((match[1] for match in found if match is not None), "").replace(".", "/")
    own = place.folder.removesuffix(package).rstrip("/") if package else place.folder
    main = re.sub(r"/src/test/(java|kotlin)$", r"/src/main/\1", own)
    return tuple(dict.fromkeys((own, main, place.at("src/main/java"), place.at("src"))))


def _java_package(place: _Place) -> Iterator[Import]:
    ending = posixpath.splitext(place.path)[1]
    main = place.folder.replace("/src/test/", "/src/main/")
    for name in place.types:
        folders = dict.fromkeys((place.folder, main))
        yield Import(tuple(f"{folder}/{name}{ending}" for folder in folders), frozenset({name}))


def _csharp(text: str, place: _Place) -> Iterator[Import]:
    match = re.match(r"\s*(?:global\s+)?using\s+(?:static\s+)?(?:\w+\s*=\s*)?([\w.]+)\s*;", text)
    if match is None or match[1].split(".")[0] in {"System", "Microsoft"}:
        return
    names = match[1].split(".")
    inner = [names[count:] for count in range(len(names))]
    for name in place.types[:12]:
        folders = [_at(base, *parts) for parts in inner for base in reversed(place.bases)]
        yield Import(tuple(f"{folder}/{name}.cs" for folder in folders), frozenset({name}))


def _beside(ending: str) -> Callable[[_Place], Iterator[Import]]:
    """Types of the same namespace lie in files of their name beside this one."""

    def implied(place: _Place) -> Iterator[Import]:
        yield from (Import((f"{place.folder}/{name}{ending}",), frozenset({name})) for name in place.types)

    return implied


def _php(text: str, place: _Place) -> Iterator[Import]:
    required = re.search(r"(?:require|include)(?:_once)?\W.*?([\"'])([^\"'\n]+)\1", text)
    if required is not None:
        file = required[2].lstrip("/")
        yield Import((_at(place.folder, file), place.at(file)))
        return
    match = re.match(r"\s*use\s+(function\s+|const\s+)?([\w\\]+)(?:\{([^}]*)\})?(?:\s+as\s+(\w+))?", text)
    if match is None:
        return
    prefix = [part for part in match[2].split("\\") if part]
    items = match[3].split(",") if match[3] is not None else [f" as {match[4]}" if match[4] else ""]
    for item in items:
        inner, _, alias = item.partition(" as ")
        names = [*prefix, *(part for part in inner.strip().split("\\") if part)]
        file = names[:-1] if match[1] else names
        folders = ((place.root, file), *((place.at(source), file[1:]) for source in ("src", "app", "lib")))
        paths = tuple(_at(folder, *parts) + ".php" for folder, parts in folders if parts)
        known = alias.strip() or names[-1]
        yield Import(paths, frozenset({known}), frozenset({names[-1]} - {known}))


def _ruby(text: str, place: _Place) -> Iterator[Import]:
    match = re.match(r"\s*(require_relative|require|load|autoload)\b.*?([\"'])([^\"'\n]+)\2", text)
    if match is not None:
        file = match[3].removesuffix(".rb") + ".rb"
        above = [_at(base, folder, file) for base in place.bases for folder in ("lib", "app", "")]
        yield Import((_at(place.folder, file),) if match[1] == "require_relative" else tuple(above))


def _ruby_constants(place: _Place) -> Iterator[Import]:
    """Constants that a loader finds by their names, as in Rails."""
    for name in place.types:
        file = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() + ".rb"
        folders = (place.folder, place.at("app/models"), place.at("lib"))
        yield Import(tuple(f"{folder}/{file}" for folder in folders), frozenset({name}))


def _lua(text: str, place: _Place) -> Iterator[Import]:
    match = re.search(r"(?:local\s+([\w, ]+?)\s*=\s*)?require\s*\(?\s*([\"'])([^\"'\n]+)\2", text)
    if match is not None:
        module = match[3].replace(".", "/")
        stems = [_at(base, folder, module) for base in place.bases for folder in ("", "lua", "src")]
        bound = frozenset((match[1] or "").replace(",", " ").split())
        yield Import(tuple(file for stem in stems for file in (f"{stem}.lua", f"{stem}/init.lua")), bound)


def _shell(text: str, place: _Place) -> Iterator[Import]:
    words = text.split(None, 1)
    if len(words) == 2:
        # What leads to the folder is an expansion, as a rule: "$(dirname "$0")/lib.sh".
        file = re.sub(r"^[\"']?(?:\$\(.*\)|\$\{[^}]*\}|\$\w+)?[\"']?", "", words[1].strip()).strip("\"'/ ")
        yield Import(tuple(_at(base, file) for base in place.bases) if file and "$" not in file else ())


_LANGUAGES: MappingProxyType[
    str, tuple[Callable[[str, _Place], Iterator[Import]], Callable[[_Place], Iterator[Import]] | None]
] = MappingProxyType(
    {
        "python": (_python, None),
        "javascript": (_script, _script_others),
        "javascriptreact": (_script, _script_others),
        "typescript": (_script, _script_others),
        "typescriptreact": (_script, _script_others),
        "rust": (_rust, _rust_modules),
        "go": (_go, _own_folder),
        "c": (_c, None),
        "cpp": (_c, None),
        "java": (_java, _java_package),
        "kotlin": (_java, _java_package),
        "csharp": (_csharp, _beside(".cs")),
        "php": (_php, _beside(".php")),
        "ruby": (_ruby, _ruby_constants),
        "lua": (_lua, None),
        "shellscript": (_shell, None),
    }
)
