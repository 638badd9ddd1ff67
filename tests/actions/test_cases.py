"""Every case in `cases/`, from the action to the document that comes out."""

from __future__ import annotations

import pytest

from actions.casebook import ROOT, cases
from actions.fakes import FakeCompleter, FakeFiles, FakePatterns, FakeRepository, FakeWorkers
from dragoman.actions import action
from dragoman.actions.base import AnswerResult, EditResult, FileResult, FindingsResult
from dragoman.actions.own import own_action
from dragoman.actions.perform import perform
from dragoman.actions.prepared import Preferences, Tools
from dragoman.core.errors import DragomanError
from dragoman.core.settings import OwnAction
from dragoman.core.text import TextEdit, apply

CASES = cases()


def test_there_are_cases():
    """The documents are found, each case has a name of its own and says what is expected."""
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 200
    outcomes = ("Result", "Answer", "Error", "Problem", "Asked", "Not asked", "Findings")
    assert [case.name for case in CASES if not any(name.startswith(outcomes) for name, _ in case.texts)] == []


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_case(case):
    """The document's source and reply give its result."""
    files = FakeFiles({f"{ROOT}/{path}": text for path, text in case.named("File").items()})
    completer = FakeCompleter(case.replies, stop=case.stop)
    preferences = Preferences(int(case.setting("max tokens", "6000")), instructions=("AGENTS.md",))
    scene = case.scene
    events = []

    async def on_event(event):
        events.append(event)

    asked = _action(case)
    error = result = None
    try:
        tools = Tools(completer, files, FakeWorkers(), FakeRepository(*case.all("Changes")), patterns=FakePatterns())
        result = await perform(asked, scene, tools, preferences, on_event, job_id="1")
    except DragomanError as raised:
        error = raised

    for line in "".join(case.all("Error")).splitlines():
        assert error is not None, result
        assert line in str(error)
    if not case.all("Error") and error is not None:
        raise error
    if error is None:
        _check_result(case, scene, result)
    sent = "\n".join(message.text for message in completer.jobs[0].request.messages) if completer.jobs else ""
    for line in "".join(case.all("Asked")).splitlines():
        assert line in sent
    for line in "".join(case.all("Not asked")).splitlines():
        assert line not in sent
    assert completer.replies == [], "every reply was asked for"
    assert completer.closed == len(completer.jobs), "every stream was closed"


def _action(case):
    """The action that the case names, or that its `own …` settings and its Prompt make."""
    own = {key.removeprefix("own "): value for key, value in case.settings if key.startswith("own ")}
    name, prompts = case.setting("action"), case.all("Prompt")
    return own_action(name, OwnAction(prompt=prompts[0], **own)) if prompts else action(name)


def _check_result(case, scene, result):
    document = scene.snapshot.text
    if isinstance(result, EditResult):
        document = apply(scene.snapshot.lines, [TextEdit(result.target, result.text)])
    expected = case.expected("Result")
    if expected is not None:
        assert document == expected
    for path, text in case.named("Result").items():
        assert isinstance(result, FileResult)
        assert (result.path, result.text) == (f"{ROOT}/{path}", text.replace("→", "\t"))
        assert result.before == case.named("File").get(path)
    if case.all("Answer"):
        assert result == AnswerResult(case.expected("Answer"))
    if case.all("Findings"):
        assert isinstance(result, FindingsResult)
        assert "".join(map(_line, result.findings)) == case.all("Findings")[0]
        assert all(
            result.seen[each.path].lines[each.range.start.line].strip() == each.quote for each in result.findings
        )
    if case.all("Fixed"):
        edits = [finding.fix for finding in result.findings if finding.fix is not None]
        assert apply(scene.snapshot.lines, edits) == case.expected("Fixed")
    problem = getattr(result, "problem", None)
    if case.all("Problem"):
        assert case.all("Problem")[0].strip() in (problem or "")
    else:
        assert problem is None


def _line(finding):
    """A finding as the documents write it."""
    place = f"{finding.path}:{finding.range.start.line + 1}".lstrip(":")
    code = f"[{finding.code}]" if finding.code else ""
    return f"{place} {finding.severity.value}{code}: {finding.message}{' (fix)' if finding.fix else ''}\n"
