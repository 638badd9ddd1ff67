"""Dragoman's own part of the protocol: its methods, its commands' arguments, its partial results. Values only.

`docs/protocol.md` describes all of it for people who write plugins; a test holds the two together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict

from lsprotocol import types

from dragoman.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.core.hints import Hints

_URI = re.compile(r"[A-Za-z][\w+.-]*://\S+")

RUN = "dragoman/run"
ROUTE = "dragoman/route"
CONTEXT = "dragoman/context"
STATUS = "dragoman/status"

ACTION = "dragoman.action"
COMPLETE = "dragoman.complete"
CANCEL = "dragoman.cancel"
DOWNLOAD = "dragoman.download"
PAGE = "dragoman.page"
KEPT_APPLY = "dragoman.kept.apply"
KEPT_SHOW = "dragoman.kept.show"
KEPT_DISCARD = "dragoman.kept.discard"
FINDING_FIX = "dragoman.finding.fix"
FINDINGS_CLEAR = "dragoman.findings.clear"
HUNK_ACCEPT = "dragoman.hunk.accept"
HUNK_REJECT = "dragoman.hunk.reject"
HUNKS_ACCEPT = "dragoman.hunks.accept"
HUNKS_REJECT = "dragoman.hunks.reject"

ProgressToken = int | str


class EditValue(TypedDict):
    """One text edit, in the client's position encoding."""

    range: dict[str, Any]
    newText: str


class FindingValue(TypedDict):
    """One finding of a review: where, what, and the id by which `dragoman.finding.fix` applies its fix.

    edits: the fix, where one was given. severity and range are LSP's, in the client's position encoding.
    """

    id: str
    uri: str
    range: dict[str, Any]
    severity: int
    message: str
    code: NotRequired[str]
    edits: NotRequired[list[EditValue]]


class TestsValue(TypedDict):
    """How new tests went when they were run. markdown: with what was printed; uri: where that stands, if shown."""

    passed: bool
    message: str
    markdown: str
    uri: NotRequired[str]


class RunResult(TypedDict):
    """What `dragoman/run` and an action's command answer with.

    kind: `edit`, `answer`, `file` or `findings`. applied: whether the text has changed, or the findings are shown.
    kept: the result was not applied but kept, under this id. edits: with `apply: false`, the edits for document version
    `version`. markdown: the answer. uri: the file that was written or extended, or where the answer stands. message:
    one line for the person. hunks: how many changes wait in the text for a word. tests: with `run`, how they went.
    """

    kind: Literal["edit", "answer", "file", "findings"]
    applied: bool
    message: NotRequired[str]
    kept: NotRequired[str]
    edits: NotRequired[list[EditValue]]
    version: NotRequired[int | None]
    markdown: NotRequired[str]
    uri: NotRequired[str]
    findings: NotRequired[list[FindingValue]]
    hunks: NotRequired[int]
    tests: NotRequired[TestsValue]
    provider: NotRequired[str]
    model: NotRequired[str]


class RunParams(TypedDict):
    """The params of `dragoman/run`, and the one object that an action's command takes as its argument.

    Left out: `textDocument` is the document last touched, `range` what was last selected in it. `diagnostics` are
    LSP's. `apply: false` leaves edits to the client.
    `run` runs new tests, where the person allows it. From `provider` to `no_cache` they are `core.hints.Hints`.
    """

    action: NotRequired[str]
    textDocument: NotRequired[dict[str, str]]
    range: NotRequired[dict[str, Any]]
    instruction: NotRequired[str]
    diagnostics: NotRequired[list[dict[str, Any]]]
    apply: NotRequired[bool]
    run: NotRequired[bool]
    provider: NotRequired[str]
    model: NotRequired[str]
    intent: NotRequired[str]
    strategy: NotRequired[str]
    k: NotRequired[int]
    providers: NotRequired[list[str]]
    budget_usd: NotRequired[float]
    max_latency_ms: NotRequired[int]
    stickiness: NotRequired[str]
    priority_weights: NotRequired[dict[str, float]]
    min_useful_tokens: NotRequired[int]
    no_cache: NotRequired[bool]
    workDoneToken: NotRequired[int | str]
    partialResultToken: NotRequired[int | str]


def _no_hints() -> Hints:
    from dragoman.core.hints import Hints  # noqa: PLC0415 - not needed before the first order

    return Hints()


@dataclass(frozen=True, slots=True)
class Order:
    """What a client asks for, read and checked."""

    action: str
    uri: str | None = None
    range: types.Range | None = None
    instruction: str = ""
    diagnostics: tuple[types.Diagnostic, ...] = ()
    hints: Hints = field(default_factory=_no_hints)
    apply: bool = True
    run: bool = False
    work_done_token: ProgressToken | None = None
    partial_result_token: ProgressToken | None = None


def document_named(arguments: Sequence[Any] | None) -> str | None:
    """The URI of the document that a command's arguments are about, as far as they say."""
    for argument in arguments or ():
        named = argument.get("textDocument") if isinstance(argument, dict) else None
        if isinstance(named, dict) and isinstance(named.get("uri"), str):
            return str(named["uri"])
        if isinstance(argument, str) and _URI.fullmatch(argument):
            return argument
    return None


def order_from_run(params: object) -> Order:
    """The order in the params of `dragoman/run`. Raises `BadInput` that names the wrong key."""
    values = _object(params, "params")
    action = _text(values, "action")
    if not action:
        raise BadInput('dragoman/run needs "action": the name of one, such as "refactor".')
    return _order(action.removeprefix("dragoman."), values)


def order_from_command(action: str, arguments: Sequence[Any] | None, work_done_token: ProgressToken | None) -> Order:
    """The order in a command's arguments: one object, or plain words, which are the instruction; or a URI and a range.

    Raises `BadInput` that says what is wrong.
    """
    values: dict[str, Any] = {}
    words: list[str] = []
    for argument in arguments or ():
        if isinstance(argument, dict) and "start" in argument and "end" in argument:
            values["range"] = argument
        elif isinstance(argument, dict):
            values.update(argument)
        elif isinstance(argument, str) and not words and _URI.fullmatch(argument):
            values["textDocument"] = {"uri": argument}
        elif isinstance(argument, str | int | float) and not isinstance(argument, bool):
            words.append(str(argument))
        elif argument is not None:
            raise BadInput(f"dragoman.{action} can't take {argument!r:.60}: give it an object, or plain words.")
    if words:
        values["instruction"] = " ".join(words)
    values.setdefault("workDoneToken", work_done_token)
    return _order(action, values)


def order_from_action_command(arguments: Sequence[Any], work_done_token: ProgressToken | None) -> Order:
    """The order in the arguments of `dragoman.action`: the action's name, then those of its own command.

    One object does as well: its `action`, or else the first word of its `instruction`, is the name: an editor's own
    command may pass on what it was given in no other way. Raises `BadInput` that says what is wrong.
    """
    name, *others = arguments or [""]
    if isinstance(name, dict):
        if "action" not in name:
            first, _, rest = _text(name, "instruction").strip().partition(" ")
            name = {**name, "action": first, "instruction": rest}
        return order_from_run({"workDoneToken": work_done_token, **name})
    if not isinstance(name, str) or not name:
        raise BadInput("dragoman.action wants an action's name as its first argument.")
    return order_from_command(name.removeprefix("dragoman."), others, work_done_token)


def _order(action: str, values: dict[str, Any]) -> Order:
    from dragoman.core.hints import READERS, read_hints  # noqa: PLC0415 - not needed before the first order

    unknown = [key for key in values if key not in RunParams.__annotations__]
    if unknown:
        raise BadInput(f"Unknown key {unknown[0]!r}; known are {', '.join(RunParams.__annotations__)}.")
    document = _object(values.get("textDocument") or {}, "textDocument")
    range_ = values.get("range")
    apply = values.get("apply", True)
    if not isinstance(apply, bool):
        raise BadInput('"apply" wants true or false.')
    run = values.get("run", False)
    if not isinstance(run, bool) or (run and action != "tests"):
        raise BadInput('"run" wants true or false, and is for tests alone.')
    return Order(
        action=action,
        uri=_text(document, "uri") or None,
        range=None if range_ is None else range_from_json(range_),
        instruction=_text(values, "instruction"),
        diagnostics=tuple(_diagnostic(item) for item in _list(values, "diagnostics")),
        hints=read_hints({key: value for key, value in values.items() if key in READERS and value != ""}),
        apply=apply,
        run=run,
        work_done_token=_token(values, "workDoneToken"),
        partial_result_token=_token(values, "partialResultToken"),
    )


def range_from_json(value: object) -> types.Range:
    """An LSP range. Raises `BadInput`."""
    values = _object(value, "range")
    return types.Range(_position(values.get("start")), _position(values.get("end")))


def _position(value: object) -> types.Position:
    values = _object(value, "position")
    line, character = values.get("line"), values.get("character")
    if not (type(line) is int and type(character) is int and line >= 0 and character >= 0):
        raise BadInput('A position wants "line" and "character", whole numbers from 0.')
    return types.Position(line, character)


def _diagnostic(value: object) -> types.Diagnostic:
    values = _object(value, "diagnostic")
    severity: Any = values.get("severity")
    code = values.get("code")
    return types.Diagnostic(
        range=range_from_json(values.get("range")),
        message=_text(values, "message"),
        severity=types.DiagnosticSeverity(severity) if type(severity) is int and 1 <= severity <= 4 else None,
        source=_text(values, "source") or None,
        code=code if isinstance(code, int | str) else None,
    )


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f'"{name}" wants an object.')
    return value


def _list(values: dict[str, Any], key: str) -> list[Any]:
    value = values.get(key) or []
    if not isinstance(value, list):
        raise BadInput(f'"{key}" wants a list.')
    return value


def _text(values: dict[str, Any], key: str) -> str:
    value = values.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadInput(f'"{key}" wants a text.')
    return value


def _token(values: dict[str, Any], key: str) -> ProgressToken | None:
    value = values.get(key)
    if value is None or (isinstance(value, int | str) and not isinstance(value, bool)):
        return value
    raise BadInput(f'"{key}" wants a text or a whole number.')
