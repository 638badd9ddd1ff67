"""Where a project's tests for a file belong, in which framework, and what is there. Reads through ports alone."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.actions.places import posix
from dragoman.actions.projects import GRADLE_MARKS, MAVEN_MARKS, PYTHON_MARKS, below, join, nearest, tree, upwards
from dragoman.core.context import piece
from dragoman.core.errors import BadInput
from dragoman.core.printable import printable_name
from dragoman.core.text import Position, Range

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.context import Piece
    from dragoman.core.ports import Files
    from dragoman.core.syntax import Syntax


@dataclass(frozen=True, slots=True)
class TestPlan:
    """Where new tests go.

    path: the test file, absolute. existing: its text, or None where it is new. how: the framework, and how the code
    under test is reached, for the model. inside: the range of the document itself that the tests replace, where they
    stand in the same file; `existing` is that range's text then. header: what a new file must begin with.
    line_end: what the lines that are added end with, where nothing is there that tells. module, names: Python's name
    for the module under test and what it defines, for an import that the model forgets.
    """

    __test__ = False  # pytest would take the name for a test's

    path: str
    language: str
    framework: str
    how: str
    existing: str | None = None
    inside: Range | None = None
    header: str = ""
    line_end: str = "\n"
    module: str = ""
    names: tuple[str, ...] = ()

    def pieces(self) -> tuple[Piece, ...]:
        """What a model is shown of the plan."""
        found = [piece("framework", self.path, "where the tests go", self.how)]
        if self.existing and self.existing.strip():
            found.append(
                piece(
                    "tests", posixpath.basename(self.path), "existing tests; extend them in their style", self.existing
                )
            )
        return tuple(found)


async def plan_tests(scene: Scene, syntax: Syntax, files: Files) -> TestPlan:
    """The plan for the scene's document, which has a path and a language that tests can be written in."""
    match scene.snapshot.language:
        case "python":
            return await _python(scene, syntax, files)
        case "go":
            return await _go(scene, syntax, files)
        case "rust":
            return await _rust(scene, syntax, files)
        case "java":
            return await _java(scene, files)
        case _:
            return await _script(scene, files)


def _same_file(scene: Scene, framework: str, how: str) -> TestPlan:
    """Tests added to a document that is a test file itself."""
    snapshot = scene.snapshot
    return TestPlan(
        scene.path,
        snapshot.language,
        framework,
        f"{framework}, in this file itself. {how}".strip(),
        snapshot.text,
        snapshot.whole,
    )


async def _placed(scene: Scene, files: Files, candidates: Sequence[str]) -> tuple[str, str | None]:
    """The first candidate that exists, with its text; else the first whose folder exists; else the first of all.

    Raises `BadInput` where every place is outside the workspace: the document, or a folder of tests, is a link.
    """
    inside = await files.inside(candidates)
    wanted = list(dict.fromkeys(path for path in candidates if path in inside))
    if not wanted:
        raise BadInput(
            f"The tests for {printable_name(posixpath.basename(scene.path))} would lie outside the workspace: "
            "a link leads out of it. Open the folder where the file really is."
        )
    existing = await files.existing([*wanted, *(posixpath.dirname(path) for path in wanted)])
    for path in wanted:
        if path in existing:
            text = await files.read_text(path)
            if text is not None:
                return path, text
    free = [path for path in wanted if path not in existing]
    home = next((path for path in free if posixpath.dirname(path) in existing), None)
    return home or (free or [f"{posix(scene.path)}.tests"])[0], None


async def _python(scene: Scene, syntax: Syntax, files: Files) -> TestPlan:
    root, folder, name = tree(scene)
    stem = name.removesuffix(".py").removesuffix(".pyi")
    part = await nearest(root, folder, PYTHON_MARKS, files) or ""
    framework = await _python_framework(dict.fromkeys((join(root, part), root)), files)
    if name.startswith("test_") or stem.endswith("_test"):
        own = "unittest" if "unittest" in scene.snapshot.text and "pytest" not in scene.snapshot.text else framework
        return _same_file(scene, own, "")
    module = await _python_module(root, folder, stem, files)
    file = f"test_{stem}.py"
    candidates = [
        *(
            join(root, base, tests, sub, file)
            for base in dict.fromkeys((part, ""))
            for tests in ("tests", "test", "tests/unit", "testing")
            for sub in _mirrored(below(folder, base))
        ),
        join(root, folder, "tests", file),
        join(root, folder, file),
        join(root, folder, f"{stem}_test.py"),
        join(root, folder, "tests.py"),  # as Django makes it
    ]
    path, existing = await _placed(scene, files, candidates)
    if existing is not None and "unittest" in existing and "pytest" not in existing:
        framework = "unittest"
    how = f"{framework}, in {_name(path, root)}. Import the code under test from `{printable_name(module)}`."
    # A file's name is whatever somebody has chosen: only one that is a module's may come into an import.
    importable = all(part.isidentifier() for part in module.split("."))
    names = tuple(symbol.name for symbol in syntax.symbols() if not symbol.container) if importable else ()
    return TestPlan(
        path, "python", framework, how, existing, line_end=scene.snapshot.line_end, module=module, names=names
    )


def _mirrored(folder: str) -> Sequence[str]:
    """Where below a folder of tests those for this folder may be: in the same one, without the package's, or flat."""
    inner = _below_source(folder)
    return tuple(dict.fromkeys((inner, inner.partition("/")[2], "")))


async def _python_framework(folders: Iterable[str], files: Files) -> str:
    """What the project's settings speak of, in its own folders; pytest where they speak of nothing."""
    names = (
        "pyproject.toml",
        "pytest.ini",
        "conftest.py",
        "tests/conftest.py",
        "tox.ini",
        "setup.cfg",
        "requirements-dev.txt",
        "Makefile",
    )
    texts = [await files.read_text(join(folder, name)) or "" for folder in folders for name in names]
    if not any("pytest" in text for text in texts) and any("unittest" in text for text in texts):
        return "unittest"
    return "pytest"


async def _python_module(root: str, folder: str, stem: str, files: Files) -> str:
    """The dotted name that the file is imported by: from the topmost package above it, else from the source folder."""
    parts = folder.split("/") if folder else []
    packages = await files.existing([join(root, *parts[: n + 1], "__init__.py") for n in range(len(parts))])
    start = len(parts)
    while start and join(root, *parts[:start], "__init__.py") in packages:
        start -= 1
    if start == len(parts):  # no package at all: what lies below the source folder
        inner = _below_source(folder)
        names = inner.split("/") if inner else []
    else:
        names = parts[start:]
    return ".".join([*names, *([] if stem == "__init__" else [stem])]) or stem


def _below_source(folder: str) -> str:
    return re.sub(r"^(?:src|lib|source)(?:/|$)", "", folder)


async def _go(scene: Scene, syntax: Syntax, files: Files) -> TestPlan:
    root, folder, name = tree(scene)
    if name.endswith("_test.go"):
        return _same_file(scene, "go test", "")
    package = next((line.split()[1] for line in scene.snapshot.lines if re.match(r"package\s+\w+", line)), "main")
    del syntax
    path, existing = await _placed(scene, files, [join(root, folder, name.removesuffix(".go") + "_test.go")])
    how = f"Go's testing package, in {_name(path, root)}, package {package}: the code under test needs no import."
    if existing is not None and re.search(rf"^package\s+{package}_test\b", existing, re.MULTILINE):
        # The tests see only what the package exports.
        imported = await _go_import(root, folder, files) or package
        how = (
            f"Go's testing package, in {_name(path, root)}, package {package}_test. Import {printable_name(imported)}."
        )
    return TestPlan(
        path, "go", "go test", how, existing, header=f"package {package}\n\n", line_end=scene.snapshot.line_end
    )


async def _go_import(root: str, folder: str, files: Files) -> str:
    """The path that the folder's package is imported by; "" where no module is known."""
    module = await nearest(root, folder, ("go.mod",), files)
    if module is None:
        return ""
    name = re.search(r"^module\s+(\S+)", await files.read_text(join(root, module, "go.mod")) or "", re.MULTILINE)
    return posixpath.join(name[1], below(folder, module)).rstrip("/") if name is not None else ""


async def _rust(scene: Scene, syntax: Syntax, files: Files) -> TestPlan:
    """Unit tests stand in the file itself, in `mod tests`, or in the module's file; a file in `tests/` is extended."""
    snapshot = scene.snapshot
    root, folder, name = tree(scene)
    if folder.split("/")[-1] == "tests" or name == "tests.rs":
        return _same_file(scene, "cargo test", "")
    if any(re.match(r"\s*mod\s+tests\s*;", line) for line in snapshot.lines):
        stem = "" if name in {"lib.rs", "main.rs", "mod.rs"} else name.removesuffix(".rs")
        path, existing = await _placed(scene, files, [join(root, folder, stem, "tests.rs")])
        how = f"Rust's built-in tests, in {_name(path, root)}, the file of `mod tests`, which has `use super::*;`."
        header = "" if existing else "use super::*;\n\n"
        return TestPlan(path, "rust", "cargo test", how, existing, header=header, line_end=snapshot.line_end)
    how = (
        "Rust's built-in tests, in the file's own `#[cfg(test)] mod tests`, which has `use super::*;`. "
        "Write only the `#[test]` functions."
    )
    module = next(
        (symbol for symbol in syntax.symbols() if symbol.kind == "module" and symbol.name == "tests" and symbol.body),
        None,
    )
    if module is not None:
        return TestPlan(
            scene.path, "rust", "cargo test", how, snapshot.slice(module.core), module.core, line_end=snapshot.line_end
        )
    last = next((n for n in range(len(snapshot.lines) - 1, -1, -1) if snapshot.lines[n].strip()), 0)
    end = Position(last, len(snapshot.lines[last].rstrip()))
    return TestPlan(scene.path, "rust", "cargo test", how, "", Range(end, end), line_end=snapshot.line_end)


_SCRIPT_ENDINGS = re.compile(r"\.([cm]?[jt]sx?)$")


async def _java(scene: Scene, files: Files) -> TestPlan:
    root, folder, name = tree(scene)
    stem = name.removesuffix(".java")
    framework = await _java_framework(root, folder, files)
    if re.search(r"(?:^|/)(?:test|\w+Test)/java/|^tests?/", f"{folder}/") or "@Test" in scene.snapshot.text:
        return _same_file(scene, _junit(scene.snapshot.text) or framework, "Add methods to its class.")
    home = re.sub(r"(^|/)main/java(/|$)", r"\1test/java\2", folder)
    if home == folder:  # a layout without main and test: tests in a tree of their own, or beside the code
        home = re.sub(r"^src(/|$)", r"test\1", folder)
    names = (f"{stem}Test.java", f"{stem}Tests.java", f"Test{stem}.java")
    path, existing = await _placed(scene, files, [join(root, home, file) for file in names])
    framework = _junit(existing or "") or framework
    clause = re.search(r"^package\s+[\w.]+\s*;", scene.snapshot.text, re.MULTILINE)
    package = clause[0] if clause is not None else ""
    how = (
        f"{framework}, in {_name(path, root)}, in the same package as the code under test, which needs no import. "
        f"Write one class {printable_name(posixpath.basename(path).removesuffix('.java'))}."
    )
    header = f"{package}\n\n" if package else ""
    return TestPlan(path, "java", framework, how, existing, header=header, line_end=scene.snapshot.line_end)


def _junit(text: str) -> str:
    """Which of Java's frameworks a text speaks of; "" for none."""
    for framework, sign in (
        ("JUnit 5", r"junit[.-]jupiter|useJUnitPlatform|spring-boot-starter-test|junit-bom"),
        ("TestNG", r"\btestng\b"),
        ("JUnit 4", r"<artifactId>junit</artifactId>|junit:junit:|\borg\.junit\.(?!jupiter)"),
    ):
        if re.search(sign, text):
            return framework
    return ""


async def _java_framework(root: str, folder: str, files: Files) -> str:
    """What the nearest build file speaks of, or one above it; JUnit 5 where none speaks of any."""
    for each in upwards(folder):
        for mark in (*MAVEN_MARKS, *GRADLE_MARKS, "gradle/libs.versions.toml"):
            framework = _junit(await files.read_text(join(root, each, mark)) or "")
            if framework:
                return framework
    return "JUnit 5"


async def _script(scene: Scene, files: Files) -> TestPlan:
    root, folder, name = tree(scene)
    match = _SCRIPT_ENDINGS.search(name)
    ending = match[1] if match is not None else "js"
    stem = name[: match.start()] if match is not None else name
    framework = await _script_framework(root, folder, files)
    if re.search(r"[.\-_](?:test|spec)$", stem) or "__tests__" in folder.split("/"):
        return _same_file(scene, framework, "")
    part = await nearest(root, folder, ("package.json",), files) or ""
    inner = _below_source(below(folder, part))
    names = [f"{stem}.test.{ending}", f"{stem}.spec.{ending}"]
    if await _says_spec(root, part, files):
        names.reverse()
    beside = [join(root, folder, file) for file in names]
    collected = [join(root, folder, "__tests__", file) for file in names]
    apart = [
        join(root, part, tests, sub, file)
        for tests in ("tests", "test", "__tests__", "tests/unit", "spec")
        for sub in dict.fromkeys((inner, ""))
        for file in names
    ]
    existing = await files.existing(
        [*beside, *collected, *apart, *(posixpath.dirname(path) for path in (*collected, *apart))]
    )
    order = [path for path in (*beside, *collected, *apart) if path in existing]
    homes = [path for path in (*collected, *apart) if posixpath.dirname(path) in existing]
    path, text = await _placed(scene, files, [*order, *homes[:1], beside[0]])
    source = posixpath.relpath(join(root, folder, stem), posixpath.dirname(path))
    source = source if source.startswith(".") else f"./{source}"
    if ending in {"mjs", "cjs"} or framework == "node:test":
        source += f".{ending}"
    globals_ = "" if framework in {"jest", "mocha"} else f" Import what the tests need from `{framework}`."
    how = f"{framework}, in {_name(path, root)}. Import the code under test from `{printable_name(source)}`.{globals_}"
    return TestPlan(path, scene.snapshot.language, framework, how, text, line_end=scene.snapshot.line_end)


async def _says_spec(root: str, folder: str, files: Files) -> bool:
    """Whether the project's settings speak of `.spec` files alone, or its generator makes such."""
    names = (
        "package.json",
        ".mocharc.json",
        *(f"{tool}.config.{end}" for tool in ("jest", "vitest") for end in ("js", "ts")),
    )
    texts = [await files.read_text(join(root, folder, name)) or "" for name in names]
    generated = await files.existing([join(root, folder, name) for name in ("angular.json", "nest-cli.json")])
    tells = any(re.search(r"[.*]spec\b", text) for text in texts) and not any(".test." in text for text in texts)
    return tells or bool(generated)


async def _script_framework(root: str, folder: str, files: Files) -> str:
    """What the nearest package.json speaks of."""
    parts = folder.split("/") if folder else []
    for depth in range(len(parts), -1, -1):
        text = await files.read_text(join(root, *parts[:depth], "package.json"))
        if text is None:
            continue
        for framework, sign in (
            ("vitest", '"vitest'),
            ("jest", "jest"),
            ("mocha", '"mocha'),
            ("bun:test", "bun test"),
            ("node:test", "node --test"),
        ):
            if sign in text:
                return framework
    configs = await files.existing([join(root, f"vite.config.{ending}") for ending in ("ts", "js", "mts", "mjs")])
    return "vitest" if configs else "jest"


def _name(path: str, root: str) -> str:
    """The path below the root, as a model may be told it."""
    return printable_name(path[len(root) + 1 :])
