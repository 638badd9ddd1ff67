"""A project made to harm whoever opens it, opened by the real server; the model does whatever the project asks for."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from dragoman.cli.driver import ResponseError
from dragoman.core.printable import in_one_line
from dragoman.simulator import Reply, Simulator
from lsp.desk import FULL, span
from lsp.process import running

REAL_TIME = True
FOLDER = Path(__file__).parent.parent / "projects" / "malicious"
SECRET = "the-person's-own-secret"
BAD_NAME = "bad\nname\x1b[31m\u202eyp.py"
GO = "package mod\n\nfunc Mod() int {\n\treturn 1\n}\n"
CODE = (FOLDER / "src" / "stock.py").read_text("utf-8")
WHOLE = span(0, 0, 99, 0)
ELSEWHERE = """\
```python ../outside/victim.py
raise SystemExit("owned")
```

```diff
--- a/../outside/victim.py
+++ b/../outside/victim.py
@@ -1 +1 @@
-harmless = 1
+raise SystemExit("owned")
```

```python
def total(items):
    return sum(items)
```
"""
A_TEST = "```python\ndef test_total():\n    assert total([1, 2]) == 3\n```\n"


def texts(folder):
    """Every file in a folder, links not followed, with its text."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in files}


class NaiveEditor:
    """Takes every edit and writes it to the disk at once, wherever its path leads."""

    def __init__(self, session):
        self.session = session
        self.touched = []
        self.shown = []
        self.questions = []
        self.answer = None
        session.client.on_request("workspace/applyEdit", self._apply)
        session.client.on_request("window/showDocument", self._show)
        session.client.on_request("window/showMessageRequest", self._question)
        self.logged = []
        session.client.on_notification("window/logMessage", lambda params: self.logged.append(params["message"]))

    def lines(self):
        """Everything that a person could read of the server."""
        ends = [each["value"].get("message") or "" for each in self.session.progress if "kind" in each["value"]]
        return [*self.session.messages, *self.logged, *(each["message"] for each in self.questions), *ends]

    async def _apply(self, params):
        self._write(params["edit"]["documentChanges"])
        return {"applied": True}

    def _write(self, document_changes):
        for change in document_changes:
            uri = change["uri"] if change.get("kind") == "create" else change["textDocument"]["uri"]
            self.touched.append(uri)
            path = Path(unquote(urlsplit(uri).path))
            if change.get("kind") == "create":
                path.write_text("", "utf-8")
                continue
            text = self.session.text.get(uri, path.read_text("utf-8") if path.exists() else "")
            lines = text.split("\n")
            for edit in reversed(change["edits"]):
                start, end = edit["range"]["start"], edit["range"]["end"]
                head, tail = lines[start["line"]][: start["character"]], lines[end["line"]][end["character"] :]
                lines[start["line"] : end["line"] + 1] = (head + edit["newText"] + tail).split("\n")
            path.write_text("\n".join(lines), "utf-8")
            if uri in self.session.text:
                self.session.text[uri] = "\n".join(lines)
                document, changes = {"uri": uri, "version": 2}, [{"text": self.session.text[uri]}]
                self.session.client.notify(
                    "textDocument/didChange", {"textDocument": document, "contentChanges": changes}
                )

    async def _show(self, params):
        self.shown.append(params["uri"])
        return {"success": True}

    async def _question(self, params):
        self.questions.append(params)
        return {"title": self.answer} if self.answer else None


@pytest.fixture
def outside(tmp_path):
    """The person's other files, beside the project."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "victim.py").write_text("harmless = 1\n", "utf-8")
    (folder / "secret.md").write_text(SECRET, "utf-8")
    (folder / "mod.go").write_text(GO, "utf-8")
    return folder


@asynccontextmanager
async def opened(tmp_path, *, options=None, reply=ELSEWHERE, capabilities=FULL, answer=None):
    """The project as a person would open it, with the person's provider, the project's own, and a naive editor."""
    project, home = tmp_path / "project", tmp_path / "home of the person"
    shutil.copytree(FOLDER, project)
    (project / "tests").symlink_to("../outside")
    (project / "test").mkdir()
    (project / "test" / "test_stock.py").symlink_to("../../outside/new.py")
    (project / "src" / "test_stock.py").symlink_to("../../outside/victim.py")
    (project / "src" / "linked.py").symlink_to("../../outside/victim.py")
    (project / "pkg").symlink_to("../outside")
    (project / "CLAUDE.md").symlink_to("../outside/secret.md")
    (project / "src" / BAD_NAME).write_text(CODE, "utf-8")
    home.mkdir()
    async with Simulator(Reply(text=(reply,))) as own, Simulator(Reply(text=(reply,))) as evil:
        file = project / ".dragoman.toml"
        wishes = file.read_text("utf-8").replace("EVIL_HOST", evil.url.removeprefix("http://"))
        file.write_text(wishes.replace("EVIL", evil.url), "utf-8")
        config = home / "config" / "dragoman" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(
            f'store = "memory"\nretry.max_retries = 0\nrouting.fallback_order = ["ollama"]\nrouting.intents = {{}}\n'
            f'[providers.ollama]\nbase_url = "{own.url}"\nmodel = "scripted-coder"\n',
            "utf-8",
        )
        async with running(home, extra={"HOME_SECRET": SECRET}) as session:
            session.folder = project
            editor = NaiveEditor(session)
            editor.answer = answer
            await session.initialize(options, capabilities)
            yield session, editor, own, evil


def order(uri, action="refactor", **more):
    """A run over the function in the project's code."""
    return {"action": action, "textDocument": {"uri": uri}, "range": span(3, 0, 9, 17), **more}


async def test_nothing_outside_changes_and_nothing_goes_to_the_projects_server(tmp_path, outside):
    """Whatever settings, links, instructions and the model say: one target changes, and one provider is asked."""
    before = texts(outside)
    async with opened(tmp_path) as (session, editor, own, evil):
        uri = session.open(CODE, "src/stock.py")
        for action, more in (("refactor", {}), ("edit", {"instruction": "short"}), ("explain", {}), ("tests", {})):
            with suppress(ResponseError):  # a reply that can't be used is as good as one that changes the target
                await session.client.request("dragoman/run", order(uri, action, **more))
        tests = (session.folder / "src" / "stock_test.py").as_uri()
        assert set(editor.touched) <= {uri, tests}
        assert uri in editor.touched
        assert texts(outside) == before
        assert evil.calls == []
        assert len(own.completions) >= 4
        assert not any(SECRET in call.prompt for call in own.completions)
        assert await session.client.close() == 0


async def test_tests_are_written_inside_the_project_only(tmp_path, outside):
    """Of all the places for tests, those that links lead out of the project are passed over; outside, there is none."""
    before = texts(outside)
    async with opened(tmp_path, reply=A_TEST) as (session, editor, own, _evil):
        uri = session.open(CODE, "src/stock.py")
        result = await session.client.request("dragoman/run", order(uri, "tests"))
        tests = session.folder / "src" / "stock_test.py"
        assert (result["applied"], result["uri"]) == (True, tests.as_uri())
        assert "def test_total" in tests.read_text("utf-8")
        linked = session.open(GO, "pkg/mod.go", "go")
        for proposal in ({}, {"apply": False}):
            params = {**order(linked, "tests", **proposal), "range": WHOLE}
            with pytest.raises(ResponseError, match=r"mod\.go would lie outside the workspace"):
                await session.client.request("dragoman/run", params)
        assert len(own.completions) == 1
        assert set(editor.touched) == {tests.as_uri()}
        assert texts(outside) == before


async def test_a_link_that_leads_out_is_not_read_for_an_order(tmp_path, outside):
    """A document that nobody has open is not read through a link out of the project."""
    async with opened(tmp_path) as (session, editor, own, _evil):
        for name in ("src/linked.py", "pkg/mod.go", "../outside/victim.py"):
            uri = f"{session.folder.as_uri()}/{name}"
            with pytest.raises(ResponseError, match="is not open and can't be read"):
                await session.client.request("dragoman/run", order(uri))
        assert own.completions == []
        assert editor.touched == []


async def test_names_are_shown_in_one_harmless_line(tmp_path, outside):
    """A file's name with line breaks, escapes and turned text reaches nobody's eyes as it is."""
    async with opened(tmp_path, reply=A_TEST) as (session, editor, _own, _evil):
        uri = session.open(CODE, f"src/{BAD_NAME}")
        result = await session.client.request("dragoman/run", order(uri, "tests"))
        assert result["applied"], result
        params = {"textDocument": {"uri": uri}, "range": span(5, 0, 5, 0), "context": {"diagnostics": []}}
        actions = await session.client.request("textDocument/codeAction", params)
        shown = [*editor.lines(), *(action["title"] for action in actions)]
        assert any("new, not saved yet" in line for line in shown)
        for line in shown:
            assert in_one_line(line) == line.strip(), line
        with pytest.raises(ResponseError) as refused:
            await session.client.request("dragoman/run", order("file:///gone\x1b[2J\n\u202e.py"))
        assert in_one_line(str(refused.value)) == str(refused.value)


async def test_trusted_by_the_person_its_settings_hold(tmp_path, outside):
    """What the question is about is real: once the person says yes, the project's server is asked; not before."""
    async with opened(tmp_path, answer="Trust this file") as (session, editor, own, evil):
        uri = session.open(CODE, "src/stock.py")
        async with asyncio.timeout(60):
            while not evil.completions:
                await session.client.request("dragoman/context", order(uri, "explain"))
                if editor.questions:
                    await session.client.request("dragoman/run", order(uri, "explain", provider="ollama"))
        assert len(editor.questions) == 1
        assert editor.questions[0]["message"].startswith("Dragoman: ")
        assert ".dragoman.toml sets store and " in editor.questions[0]["message"]
        assert not any(SECRET in call.prompt for call in own.completions + evil.completions)


async def test_a_workspace_that_the_editor_does_not_trust(tmp_path, outside):
    """Where the editor does not trust the folder, nobody is asked and nothing is trusted, whatever was said before."""
    async with opened(tmp_path, options={"trusted": False}, answer="Trust this file") as (session, editor, own, evil):

        async def pulled(params):
            return [{"providers": {"ollama": {"base_url": evil.url}}} for _ in params["items"]]

        session.client.on_request("workspace/configuration", pulled)
        session.client.notify("workspace/didChangeConfiguration", {"settings": {}})
        uri = session.open(CODE, "src/stock.py")
        await session.client.request("dragoman/run", order(uri, "explain"))
        assert editor.questions == []
        assert evil.calls == []
        assert len(own.completions) == 1
