"""How each project's own runner is called, by what lies in the project."""

from __future__ import annotations

import pytest

from actions.fakes import FakeFiles
from dragoman.actions.base import Scene
from dragoman.actions.testcalls import test_call as call_for
from dragoman.actions.testfiles import TestPlan
from dragoman.core.errors import BadInput
from dragoman.core.text import Position, Range, Snapshot

PYTHON = ("python", "src/shop/cart.py", "tests/test_cart.py")
SCRIPT = ("typescript", "src/cart.ts", "src/cart.test.ts")


async def called(where, framework, tree=(), names=(), *, inside=False, root="/p"):
    """The call for new tests in a project with these files."""
    language, source, tests = where
    scene = Scene(
        Snapshot.of("code\n", language=language),
        Range(Position(0, 0), Position(0, 0)),
        path=f"{root}/{source}",
        root=root,
    )
    place = Range(Position(0, 0), Position(0, 0)) if inside else None
    plan = TestPlan(f"{root}/{tests}", language, framework, "", inside=place)
    texts = dict.fromkeys(tree, "") if not isinstance(tree, dict) else tree
    files = FakeFiles({f"{root}/{path}": text for path, text in texts.items()})
    return await call_for(scene, plan, "tests\n", names, files)


@pytest.mark.parametrize(
    ("tree", "words", "folder"),
    [
        ([], "python3 -m pytest -q tests/test_cart.py", ""),
        ([".venv/pyvenv.cfg"], ".venv/bin/python -m pytest -q tests/test_cart.py", ""),
        (["venv/pyvenv.cfg", "uv.lock"], "venv/bin/python -m pytest -q tests/test_cart.py", ""),
        (["uv.lock"], "uv run --frozen --project /p python -m pytest -q tests/test_cart.py", ""),
        (["poetry.lock"], "poetry --project /p run python -m pytest -q tests/test_cart.py", ""),
        (["pyproject.toml"], "python3 -m pytest -q tests/test_cart.py", ""),
    ],
)
async def test_pytest_in_the_projects_environment(tree, words, folder):
    """The project's virtual environment comes before what manages one, and that before any Python."""
    call = await called(PYTHON, "pytest", tree)
    assert (str(call), call.folder) == (words, folder)
    assert call.argv[0].startswith("/p/") == ("pyvenv.cfg" in str(tree))


async def test_pytest_of_new_tests_alone():
    """In a file that was there the new tests are run, and no others."""
    call = await called(PYTHON, "pytest", names=("test_a", "TestB"))
    assert call.argv[-2:] == ("tests/test_cart.py::test_a", "tests/test_cart.py::TestB")


@pytest.mark.parametrize("name", ["pyproject.toml", "pytest.ini", "setup.cfg", "tox.ini"])
async def test_pytest_without_a_limit_on_coverage(name):
    """A project that measures coverage with each run does not fail a few tests for what they leave out."""
    call = await called(PYTHON, "pytest", {name: 'addopts = "--cov=shop --cov-fail-under=90"'})
    assert "--no-cov" in call.argv


async def test_a_package_in_a_larger_project():
    """In a project of several packages the runner starts in the test's own, with the environment that is nearest."""
    where = ("python", "packages/shop/src/shop/cart.py", "packages/shop/tests/test_cart.py")
    call = await called(where, "pytest", ["packages/shop/pyproject.toml", "pyproject.toml", ".venv/pyvenv.cfg"])
    assert call.folder == "packages/shop"
    assert call.argv == ("/p/.venv/bin/python", "-m", "pytest", "-q", "tests/test_cart.py")
    assert call.search == {"PYTHONPATH": ("packages/shop/src", "packages/shop")}


async def test_unittest():
    """Python's own framework is given the file, and the new tests by name."""
    call = await called(PYTHON, "unittest", names=("TestA", "TestB"))
    assert str(call) == "python3 -m unittest tests/test_cart.py -k TestA -k TestB"


async def test_windows():
    """On Windows a virtual environment's program is elsewhere."""
    assert (await called(PYTHON, "pytest", root="C:/p")).argv[0] == "python"
    assert (await called(PYTHON, "pytest", [".venv/pyvenv.cfg"], root="C:/p")).argv[
        0
    ] == "C:/p/.venv/Scripts/python.exe"


@pytest.mark.parametrize(
    ("framework", "names", "words"),
    [
        ("vitest", (), "npx --no-install vitest run src/cart.test.ts"),
        ("vitest", ("adds", "sums (2)"), r"npx --no-install vitest run src/cart.test.ts -t '^(adds|sums \(2\))'"),
        ("jest", (), "npx --no-install jest --ci --coverage=false --runTestsByPath src/cart.test.ts"),
        ("jest", ("a",), "npx --no-install jest --ci --coverage=false -t '^(a)' --runTestsByPath src/cart.test.ts"),
        ("mocha", ("a",), "npx --no-install mocha src/cart.test.ts --grep '^(a)'"),
        ("bun:test", (), "bun test ./src/cart.test.ts"),
        ("node:test", ("a",), "node --test src/cart.test.ts"),
        ("jest", ("adds %i",), "npx --no-install jest --ci --coverage=false --runTestsByPath src/cart.test.ts"),
    ],
)
async def test_script_runners(framework, names, words):
    """Each of JavaScript's frameworks is called as its project has it, never installed, and told to write nothing."""
    call = await called(SCRIPT, framework, ["package.json"], names)
    assert str(call) == words
    assert call.environment == {"CI": "true"}


async def test_a_project_without_node_modules():
    """Where yarn keeps the packages without a folder for them, yarn starts the runner."""
    assert (await called(SCRIPT, "vitest", ["package.json", ".pnp.cjs"])).argv[:3] == ("yarn", "run", "vitest")


async def test_the_nearest_package():
    """In a workspace the runner starts in the package that the test belongs to."""
    where = ("typescript", "packages/a/src/x.ts", "packages/a/test/x.spec.ts")
    call = await called(where, "vitest", ["package.json", "packages/a/package.json"])
    assert (call.folder, call.argv[-1]) == ("packages/a", "test/x.spec.ts")


async def test_node_with_the_projects_compiler():
    """What the project's own script loads before node's tests is loaded here too, and nothing else of it is run."""
    package = '{"scripts": {"test": "node --import tsx --experimental-vm-modules --test src && rm -rf x"}}'
    call = await called(SCRIPT, "node:test", {"package.json": package})
    assert call.argv == ("node", "--import=tsx", "--experimental-vm-modules", "--test", "src/cart.test.ts")


async def test_go():
    """Go is told the package, and the names of the new tests; the module's folder is where it starts."""
    where = ("go", "svc/cart/cart.go", "svc/cart/cart_test.go")
    call = await called(where, "go test", ["svc/go.mod"], ("TestA", "TestB"))
    assert (call.folder, str(call)) == ("svc", "go test -v -count=1 -run '^(TestA|TestB)$' ./cart")
    assert (await called(("go", "a.go", "a_test.go"), "go test", ["go.mod"])).argv[-1] == "./"


@pytest.mark.parametrize(
    ("where", "names", "inside", "words"),
    [
        (("rust", "src/a.rs", "src/a.rs"), (), True, "cargo test --quiet -- tests::"),
        (("rust", "src/a.rs", "src/a.rs"), ("adds",), True, "cargo test --quiet -- adds"),
        (("rust", "tests/a.rs", "tests/a.rs"), ("adds", "sums"), True, "cargo test --quiet --test a -- adds sums"),
    ],
)
async def test_rust(where, names, inside, words):
    """Tests in the code's own file are named to the whole crate's run, those of a file in tests/ to its own."""
    call = await called(where, "cargo test", ["Cargo.toml"], names, inside=inside)
    assert str(call) == words


async def test_java():
    """Maven and Gradle are told class and methods, by the project's wrapper where it has one, and build anew."""
    where = ("java", "app/src/main/java/x/y/Cart.java", "app/src/test/java/x/y/CartTest.java")
    maven = await called(where, "JUnit 5", ["app/pom.xml", "pom.xml"], ("adds", "sums"))
    assert (maven.folder, str(maven)) == ("app", "mvn -B '-Dtest=CartTest#adds+sums' test")
    assert maven.fresh == {"target"}
    assert (await called(where, "JUnit 5", ["app/pom.xml", "mvnw"])).argv == (
        "../mvnw",
        "-B",
        "-Dtest=CartTest",
        "test",
    )
    gradle = await called(where, "JUnit 4", ["app/build.gradle.kts", "app/gradlew"], ("adds",))
    assert str(gradle) == "./gradlew --no-daemon --console=plain test --tests x.y.CartTest.adds"
    assert gradle.fresh == {"build", ".gradle"}


@pytest.mark.parametrize(
    ("where", "framework", "words"),
    [
        (("java", "src/main/java/A.java", "src/test/java/ATest.java"), "JUnit 5", "pom.xml"),
        (("rust", "src/a.rs", "src/a.rs"), "cargo test", "Cargo.toml"),
    ],
)
async def test_no_project_to_build(where, framework, words):
    """Where nothing says how the code is built, one line says what is missing."""
    with pytest.raises(BadInput, match=words):
        await called(where, framework)


async def test_texts_stand_where_they_will():
    """The new tests and the document as it is now, saved or not, are what is run."""
    call = await called(PYTHON, "pytest")
    assert call.files == {"src/shop/cart.py": "code\n", "tests/test_cart.py": "tests\n"}
    assert "code" not in repr(call)
