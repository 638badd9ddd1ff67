"""How a project's own runner is called for some tests: a program and its words, by what lies in the project.

Starts nothing, and reads through ports alone.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.actions.projects import GRADLE_MARKS, MAVEN_MARKS, PYTHON_MARKS, below, join, nearest, tree, upwards
from dragoman.core.errors import BadInput
from dragoman.core.testrun import TestCall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dragoman.actions.base import Scene
    from dragoman.actions.testfiles import TestPlan
    from dragoman.core.ports import Files

_ENVIRONMENTS = (".venv", "venv", "env")
_CACHES = frozenset({".pytest_cache", "__pycache__"})


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Tests that are to be run: in the file at `path` below `root`, those of that name, or all where there is none."""

    root: str
    path: str
    framework: str
    names: tuple[str, ...]
    texts: Mapping[str, str]
    files: Files

    async def text(self, *parts: str) -> str:
        """A file's text; "" where there is none."""
        return await self.files.read_text(join(self.root, *parts)) or ""

    async def nearest(self, marks: Sequence[str]) -> str | None:
        """The nearest folder of the test file's that has one of the marks."""
        return await nearest(self.root, posixpath.dirname(self.path), marks, self.files)

    def call(
        self,
        argv: Sequence[str],
        folder: str,
        *,
        environment: Mapping[str, str] | None = None,
        search: Mapping[str, tuple[str, ...]] | None = None,
        fresh: frozenset[str] = frozenset(),
    ) -> TestCall:
        """A call that starts in that folder."""
        return TestCall(tuple(argv), self.root, folder, self.texts, environment or {}, search or {}, fresh)


async def test_call(scene: Scene, plan: TestPlan, text: str, names: tuple[str, ...], files: Files) -> TestCall:
    """The call that runs the tests of those names (all, where there is none) in the plan's file, which then has `text`.

    The document's own text counts, saved or not. Raises `BadInput` where no runner is known.
    """
    root, folder, name = tree(scene)
    if not plan.path.startswith(f"{root}/"):
        raise BadInput("The new tests lie in another folder than the code, so they are not run.")
    path = below(plan.path, root)
    texts = {join(folder, name): scene.snapshot.text, path: text}
    wanted = _Wanted(root, path, plan.framework, names, texts, files)
    match plan.language:
        case "python":
            return await _python(wanted)
        case "go":
            return await _go(wanted)
        case "rust":
            return await _rust(wanted)
        case "java":
            return await _java(wanted)
        case _:
            return await _script(wanted)


async def _python(wanted: _Wanted) -> TestCall:
    folder = await wanted.nearest(PYTHON_MARKS) or ""
    python = await _interpreter(wanted, folder)
    file = below(wanted.path, folder)
    search = {"PYTHONPATH": (join(folder, "src"), folder)}
    if wanted.framework == "unittest":
        only = [word for name in wanted.names for word in ("-k", name)]
        return wanted.call([*python, "-m", "unittest", file, *only], folder, search=search, fresh=_CACHES)
    settings = [await wanted.text(folder, name) for name in ("pyproject.toml", "pytest.ini", "setup.cfg", "tox.ini")]
    # A few tests cover little: a limit on coverage would fail them.
    uncovered = ["--no-cov"] if any("--cov" in text for text in settings) else []
    only = [f"{file}::{name}" for name in wanted.names] or [file]
    return wanted.call([*python, "-m", "pytest", "-q", *uncovered, *only], folder, search=search, fresh=_CACHES)


async def _interpreter(wanted: _Wanted, folder: str) -> list[str]:
    """The project's own Python: of its virtual environment, or by way of what manages that."""
    # An environment's python is a link out of the project; its settings are not.
    places = [join(base, name) for base in upwards(folder) for name in _ENVIRONMENTS]
    there = await wanted.files.existing([join(wanted.root, place, "pyvenv.cfg") for place in places])
    for place in places:
        if join(wanted.root, place, "pyvenv.cfg") in there:
            program = "Scripts/python.exe" if _on_windows(wanted.root) else "bin/python"
            return [join(wanted.root, place, program)]
    if (base := await nearest(wanted.root, folder, ("uv.lock",), wanted.files)) is not None:
        return ["uv", "run", "--frozen", "--project", join(wanted.root, base), "python"]
    if (base := await nearest(wanted.root, folder, ("poetry.lock",), wanted.files)) is not None:
        return ["poetry", "--project", join(wanted.root, base), "run", "python"]
    return ["python" if _on_windows(wanted.root) else "python3"]


def _on_windows(root: str) -> bool:
    return root[1:2] == ":"


async def _go(wanted: _Wanted) -> TestCall:
    folder = await wanted.nearest(("go.mod",)) or ""
    package = posixpath.dirname(below(wanted.path, folder))
    only = ["-run", f"^({'|'.join(wanted.names)})$"] if wanted.names else []
    return wanted.call(["go", "test", "-v", "-count=1", *only, f"./{package}"], folder)


async def _rust(wanted: _Wanted) -> TestCall:
    folder = await wanted.nearest(("Cargo.toml",))
    if folder is None:
        raise BadInput("There is no Cargo.toml above this file, so the new tests are not run.")
    file = below(wanted.path, folder)
    if file.startswith("tests/"):
        target = ["--test", file.split("/")[1].removesuffix(".rs")]
        return wanted.call(["cargo", "test", "--quiet", *target, "--", *wanted.names], folder)
    return wanted.call(["cargo", "test", "--quiet", "--", *(wanted.names or ("tests::",))], folder)


async def _java(wanted: _Wanted) -> TestCall:
    package, _, name = wanted.path.rpartition("/java/")[2].removesuffix(".java").rpartition("/")
    folder = await wanted.nearest(MAVEN_MARKS)
    if folder is not None:
        maven = await _wrapper(wanted, folder, "mvnw", "mvn")
        only = f"-Dtest={name}{'#' if wanted.names else ''}{'+'.join(wanted.names)}"
        return wanted.call([maven, "-B", only, "test"], folder, fresh=frozenset({"target"}))
    folder = await wanted.nearest(GRADLE_MARKS)
    if folder is None:
        raise BadInput("There is neither a pom.xml nor a build.gradle above this file, so the new tests are not run.")
    gradle = await _wrapper(wanted, folder, "gradlew", "gradle")
    test_class = ".".join([*package.split("/"), name] if package else [name])
    tests = [f"{test_class}.{method}" for method in wanted.names] or [test_class]
    only_these = [word for test in tests for word in ("--tests", test)]
    call = [gradle, "--no-daemon", "--console=plain", "test", *only_these]
    return wanted.call(call, folder, fresh=frozenset({"build", ".gradle"}))


async def _wrapper(wanted: _Wanted, folder: str, wrapper: str, program: str) -> str:
    """The project's own wrapper around the tool, as it is called from the folder; else the tool."""
    home = await nearest(wanted.root, folder, (wrapper,), wanted.files)
    if home is None:
        return program
    called = posixpath.relpath(f"/{join(home, wrapper)}", f"/{folder}")
    return called if called.startswith(".") else f"./{called}"


async def _script(wanted: _Wanted) -> TestCall:
    folder = await wanted.nearest(("package.json",)) or ""
    file = below(wanted.path, folder)
    zero_install = await nearest(wanted.root, folder, (".pnp.cjs",), wanted.files) is not None
    own = ["yarn", "run"] if zero_install else ["npx", "--no-install"]
    titles = _titles(wanted.names)
    only = ["-t", titles] if titles else []
    match wanted.framework:
        case "vitest":
            call = [*own, "vitest", "run", file, *only]
        case "jest":
            call = [*own, "jest", "--ci", "--coverage=false", *only, "--runTestsByPath", file]
        case "mocha":
            call = [*own, "mocha", file, *(["--grep", titles] if titles else [])]
        case "bun:test":
            call = ["bun", "test", f"./{file}", *only]
        case _:
            call = ["node", *_loaders(await wanted.text(folder, "package.json")), "--test", file]
    # Runners write no snapshots, and watch nothing, for a machine.
    return wanted.call(call, folder, environment={"CI": "true"})


def _titles(names: Sequence[str]) -> str:
    """A pattern for cases with these titles; "" where one is made only when it is run."""
    if any("%" in name or "$" in name for name in names):
        return ""
    escaped = [re.sub(r"[\\^$.*+?()\[\]{}|/]", r"\\\g<0>", name) for name in names]
    return f"^({'|'.join(escaped)})" if escaped else ""


def _loaders(package: str) -> list[str]:
    """What the project's own call of node's test runner loads first, such as a compiler."""
    script = re.search(r'"node ([^"]*--test\b)', package)
    if script is None:
        return []
    found = re.findall(
        r"(--(?:import|loader|require|experimental-loader))[= ]([\w./@-]+)|(--experimental-[\w-]+)", script[1]
    )
    return [f"{option}={value}" if option else flag for option, value, flag in found]
