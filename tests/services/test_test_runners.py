"""Real cargo, go and node run the tests that a scripted model has written, in projects on the disk."""

from __future__ import annotations

import os
import pwd
import shutil

import pytest

from actions.fakes import FakeCompleter, FakeRepository
from dragoman.actions import action
from dragoman.actions.base import Scene
from dragoman.actions.perform import perform
from dragoman.actions.prepared import Preferences, Tools
from dragoman.core.languages import language_of
from dragoman.core.text import Position, Range, Snapshot
from dragoman.engine.files import ProjectFiles
from dragoman.engine.testrun import TestRuns
from dragoman.engine.workers import ThreadWorkers

pytestmark = pytest.mark.services


@pytest.fixture
def written(tmp_path):
    """Writes tests for a file of a project, with a real runner; gives the result, and what was sent last."""
    root, workers = tmp_path / "project", ThreadWorkers(2)
    # HOME is an empty folder in tests: rustup would find no toolchain there.
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": pwd.getpwuid(os.getuid()).pw_dir,
        "GOCACHE": str(tmp_path / "go"),
    }
    runner = TestRuns(workers, environment, tmp_path / "runs", 300)

    async def write(path, files, *replies):
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        before = {file: file.read_bytes() for file in root.rglob("*") if file.is_file()}
        completer = FakeCompleter([f"```\n{reply}```" for reply in replies])
        files_port = ProjectFiles([str(root)], workers)
        snapshot = Snapshot.of(files[path], language=language_of(path))
        line = next(n for n, text in enumerate(snapshot.lines) if "total" in text)
        here = Range(Position(line, 0), Position(line, 0))
        scene = Scene(snapshot, here, path=str(root / path), root=str(root))

        async def nothing(_event):
            return

        tools = Tools(completer, files_port, workers, FakeRepository(), test_runner=runner)
        result = await perform(action("tests"), scene, tools, Preferences(), nothing, job_id="1")
        assert {file: file.read_bytes() for file in root.rglob("*") if file.is_file()} == before
        return result, completer.jobs[-1].request.messages[-1].text

    yield write
    workers.close()


def needs(program):
    """Skips where the machine lacks it."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"no {program} on this machine")


CART = """\
package cart

import "example.com/shop/tax"

// total of it
func total(a int) int {
	return a * tax.Rate()
}
"""


@needs("go")
async def test_go(written):
    """A failing test in a package of a module goes back with go's words, and the mended one passes."""
    files = {
        "go.mod": "module example.com/shop\n\ngo 1.20\n",
        "tax/tax.go": "package tax\n\nfunc Rate() int {\n\treturn 2\n}\n",
        "cart/cart.go": CART,
    }
    test = 'import "testing"\n\nfunc TestTotal(t *testing.T) {\n\tif total(2) != %s { t.Fatal("got", total(2)) }\n}\n'
    result, told = await written("cart/cart.go", files, test % 5, test % 4)
    assert result.tried.line.startswith("The new tests pass (1 passed, go test, ")
    assert "got 4" in told


@needs("cargo")
async def test_cargo(written):
    """Tests in the code's own file are compiled with the crate, and what fails goes back with the compiler's words."""
    files = {
        "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n',
        "src/lib.rs": "mod cart;\npub use cart::total;\n",
        "src/cart.rs": "pub fn total(prices: &[i32]) -> i32 {\n    prices.iter().sum()\n}\n",
    }
    wrong = "#[test]\nfn adds() {\n    assert_eq!(total(&[1, 2]), undefined);\n}\n"
    result, told = await written("src/cart.rs", files, wrong, wrong.replace("undefined", "3"))
    assert result.tried.line.startswith("The new tests pass (1 passed, cargo test, "), result.tried.markdown
    assert "cannot find value `undefined`" in told
    assert result.text.startswith("\n\n#[cfg(test)]\nmod tests {")


@needs("node")
async def test_node(written):
    """Node's own runner is given the file, which reaches the code by its relative path."""
    files = {
        "package.json": '{"type": "module", "scripts": {"test": "node --test"}}',
        "src/tax.js": "export const rate = 2;\n",
        "src/cart.js": 'import { rate } from "./tax.js";\n\nexport function total(a) {\n  return a * rate;\n}\n',
        "test/other.test.js": "",
    }
    test = (
        'import test from "node:test";\nimport assert from "node:assert";\nimport { total } from "../src/cart.js";\n\n'
        'test("total", () => {\n  assert.equal(total(2), %s);\n});\n'
    )
    result, told = await written("src/cart.js", files, test % 5, test % 4)
    assert result.tried.line.startswith("The new tests pass (1 passed, node:test, "), result.tried.markdown
    assert "4 !== 5" in told or "4 == 5" in told
