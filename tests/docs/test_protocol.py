"""docs/protocol.md says what the code does: its methods, commands, keys, kinds and examples."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from lsprotocol import types

from dragoman.actions import ACTIONS
from dragoman.core import errors
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.partial import PartialValue
from dragoman.core.route import Candidate, Decision, LeftOut, Place
from dragoman.lsp import messages, protocol
from dragoman.lsp.capabilities import COMMANDS
from dragoman.lsp.client import facts_of
from dragoman.lsp.handlers import HANDLERS
from lsp.desk import Bench, Desk, span
from virtual_time import run

PAGE = (Path(__file__).parent.parent.parent / "docs" / "protocol.md").read_text("utf-8")
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
VALUES = {get_args(get_type_hints(value)["kind"])[0]: value for value in get_args(PartialValue)}
"""The partial values by their kind."""


def section(heading: str) -> str:
    """The text below a heading, up to the next one."""
    match = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert match, f"no section {heading}"
    return match[1]


def rows(heading: str) -> dict[str, str]:
    """The section's table: what stands in its first column, with the rest of the row."""
    return dict(re.findall(r"^\| `?([^`|]+?)`? \| (.*) \|$", section(heading), re.MULTILINE)[1:])


def keys(heading: str) -> set[str]:
    """The first column of the section's table."""
    return set(rows(heading)) - {"---"}


def test_every_method_of_our_own():
    """The page lists the methods that the server has and announces."""
    ours = {handler.METHOD for handler in HANDLERS if handler.METHOD.startswith("dragoman/")}
    assert keys("Methods") == ours == {messages.RUN, messages.ROUTE, messages.CONTEXT, messages.STATUS}


def test_every_command():
    """The page lists the commands that the server announces."""
    assert keys("Commands") == set(COMMANDS)
    needing = {action.command for action in ACTIONS if action.needs_instruction}
    assert {command for command, row in rows("Commands").items() if "needed" in row} == needing


@pytest.mark.parametrize(("heading", "value"), [("Params", messages.RunParams), ("Result", messages.RunResult)])
def test_keys_of_a_run(heading, value):
    """The tables have the keys that the code has."""
    assert keys(heading) == set(value.__annotations__)


@pytest.mark.parametrize("kind", list(VALUES))
def test_keys_of_partial_values(kind):
    """Each partial value has a table with its keys and its kind."""
    assert keys(f"`{kind}`") == set(VALUES[kind].__annotations__)
    assert rows(f"`{kind}`")["kind"].startswith(f'`"{kind}"`')


def test_partial_values_are_all_there():
    """The page describes every partial value, and no other."""
    assert set(re.findall(r"^#### `(\w+)`$", PAGE, re.MULTILINE)) == set(VALUES)


def test_intents():
    """The page names every intent."""
    assert set(re.findall(r"`(\w+)`", rows("Params")["intent"])) == set(Intent)


def test_error_codes():
    """The page lists the error codes that the server answers with."""
    codes = {value for name, value in vars(protocol).items() if name.isupper() and type(value) is int}
    assert {int(code) for code in keys("Errors") - {"code"}} == codes


def test_error_kinds():
    """The page lists every `data.kind`."""

    def kinds(error):
        return {error.kind}.union(
            *(kinds(child) for child in error.__subclasses__() if "dragoman.cli" not in child.__module__)
        )

    listed = re.search(r"`data.kind` is one of (.*?)\. New", section("Errors"), re.DOTALL)[1]
    assert set(re.findall(r"`(\w+)`", listed)) == kinds(errors.DragomanError)


class Decided(Bench):
    """Services that decide without looking."""

    def __init__(self) -> None:
        super().__init__()
        place = Place("ollama", "ollama", "http://localhost:11434", "small", local=True)
        decision = Decision(
            LabelledIntent(Intent.CODE, "action", "the action refactor"),
            (Candidate(place, "local first"),),
            (LeftOut("openai", "large", "no key; set OPENAI_API_KEY"),),
        )

        async def decide(job):
            return decision

        self.completer.decide = decide


@pytest.mark.parametrize("method", ["dragoman/route", "dragoman/context", "dragoman/status"])
def test_results_of_the_other_methods(method):
    """What route, context and status answer with has the keys of the page, lists of objects included."""

    async def asked():
        desk = Desk(Decided())
        await desk.start()
        uri = desk.open("def f():\n    return 1\n" * 200, "file:///project/a.py", "python")
        desk.on["window/showMessageRequest"] = lambda params: None
        order = {"action": "refactor", "textDocument": {"uri": uri}, "range": span(0, 0, 1, 12)}
        _, response = desk.ask("dragoman/run", order)
        await desk.settle()
        change = {"range": span(1, 4, 1, 5), "text": "R"}
        desk.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]})
        desk.services.completer.say("```python\ndef f():\n    return 2\n```")
        await response
        result = await desk.request(method, order)
        await desk.leave()
        return result

    result = run(asked())
    table = rows(f"`{method}`")
    assert keys(f"`{method}`") == set(result)
    for key, value in result.items():
        if isinstance(value, list) and value:
            assert set(re.findall(r"`(\w+)`", table[key])) >= set(value[0]), key
            assert set(re.findall(r"`(\w+)`", table[key])) - {"system", "user", "assistant"} == set(value[0]), key


def test_examples_are_true():
    """Each example on the page is JSON with keys that exist."""
    known = {"jsonrpc", "id", "method", "params", "result", "error"}
    for example in EXAMPLES:
        if "jsonrpc" not in example:
            expected = VALUES.get(example["kind"], messages.RunResult)
            assert set(example) <= set(expected.__annotations__)
            continue
        assert set(example) <= known
        match example.get("method"):
            case messages.RUN:
                assert messages.order_from_run(example["params"])
            case "workspace/executeCommand":
                name = example["params"]["command"]
                assert name in COMMANDS
                assert messages.order_from_command(name.partition(".")[2], example["params"]["arguments"], None)
            case "$/progress":
                value = example["params"]["value"]
                assert set(value) == set(VALUES[value["kind"]].__annotations__)
    assert len(EXAMPLES) > 8


def test_capabilities_that_are_used():
    """Each capability on the page changes what the server takes a client for."""

    def facts(*paths):
        capabilities = {}
        for path in paths:
            inside = capabilities
            *parents, last = path.split(".")
            for parent in parents:
                inside = inside.setdefault(parent, {})
            inside[last] = SAMPLES.get(last, True)
        data = {"jsonrpc": "2.0", "id": 1, "method": "initialize"}
        params = {"processId": None, "rootUri": None, "capabilities": capabilities}
        request = protocol.make_converter().structure({**data, "params": params}, types.InitializeRequest)
        return facts_of(request.params)

    table = section("What is used of a client's capabilities")
    listed = re.findall(r"^\| `([\w.]+)`", table, re.MULTILINE)
    assert len(listed) > 8
    for capability in listed:
        assert facts(capability) != facts(), capability


SAMPLES = {
    "positionEncodings": ["utf-8"],
    "resourceOperations": ["create"],
    "showDocument": {"support": True},
    "showMessage": {},
    "contentFormat": ["markdown"],
    "synchronization": {},
    "codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}},
}
