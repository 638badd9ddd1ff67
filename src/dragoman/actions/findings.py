"""From what a reviewing model wrote to findings on lines that exist: read leniently, checked against the text. Pure.

A line number is believed only where the line says what the model quotes; a fix only where it fits and parses.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dragoman.actions.base import Finding, Severity
from dragoman.core.errors import UnusableReply
from dragoman.core.fitting import fitted
from dragoman.core.syntax import indentation, new_errors, parse
from dragoman.core.text import Position, Range, Snapshot, TextEdit, apply, content_length
from dragoman.core.thinking import without_thinking

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RULES = (
    "Answer with a JSON array in one fenced code block, and nothing else; [] where there is nothing to report. "
    "Each finding is an object: "
    '{"line": the number of the line, "text": that line, exactly, "severity": "error" or "warning" or "info", '
    '"code": a short slug such as "off-by-one", "message": what is wrong and why it matters, in one or two sentences, '
    '"fix": {"from": first line, "to": last line, "code": the new text of exactly these lines}}. '
    "Leave out fix where you are not sure of it. Report only real faults, the worst first; no praise, no style."
)
FOLLOW_UP = f"That can't be read. {RULES}"

MOST_FINDINGS = 100
_LONGEST_MESSAGE = 800
_LONGEST_CODE = 40
_MOST_FIXES = 30
"""Fixes that are checked by a parse of the whole text; the rest go without a fix."""

_SEVERITIES: Mapping[str, Severity] = MappingProxyType(
    {
        **dict.fromkeys(("error", "critical", "high", "major", "blocker", "bug"), Severity.ERROR),
        **dict.fromkeys(("warning", "warn", "medium", "moderate"), Severity.WARNING),
        **dict.fromkeys(("info", "information", "low", "minor", "note"), Severity.INFORMATION),
        **dict.fromkeys(("hint", "nit", "style", "suggestion", "trivial"), Severity.HINT),
    }
)
_LISTS = ("findings", "issues", "problems", "results", "comments")
_NOTHING = re.compile(
    r"\[\s*\]|\bno (?:real |serious |obvious )?(?:issues?|problems?|findings?|faults?|bugs?)\b|\blooks good\b|\bLGTM\b",
    re.IGNORECASE,
)
_BULLET = re.compile(
    r"^\s*(?:[-*•]|\d+[.)])?\s*\**\s*(?:(?P<severity>error|warning|info|hint)\**\s*[:,(-]*\s*)?"
    r"\(?(?:lines?|l\.?|zeile|ligne|línea)\s*(?P<line>\d+)(?:\s*[-–]\s*\d+)?\)?\s*\**\s*[:.,–-]*\**\s*(?P<message>\S.*)$",
    re.IGNORECASE,
)


def findings(reply: str, texts: Mapping[str, Snapshot], within: Mapping[str, Range]) -> tuple[Finding, ...]:
    """The findings of a reply, in the order of files and lines.

    texts: what was reviewed, by path ("" is the document asked about). within: the part of each that was shown.
    Raises `UnusableReply` where the reply holds neither findings nor the word that there are none.
    """
    text = without_thinking(reply)
    objects = list(_objects(text))
    raw = [item for item in objects if str(item.get("message") or item.get("description") or "").strip()]
    raw = raw or list(_bullets(text))
    if not raw and not _NOTHING.search(text):
        raise UnusableReply(
            "The model gave no findings that can be read. Try again, or choose another model.", follow_up=FOLLOW_UP
        )
    checks = iter(range(_MOST_FIXES))
    found = {
        (finding.path, finding.range, finding.message): finding
        for item in raw[:MOST_FINDINGS]
        if (finding := _finding(item, texts, within, checks)) is not None
    }
    order = {path: number for number, path in enumerate(texts)}
    return tuple(sorted(found.values(), key=lambda finding: (order[finding.path], finding.range)))


def counted(found: Sequence[Finding]) -> str:
    """How many there are of each severity, in words."""
    if not found:
        return "nothing found."
    counts = Counter(finding.severity for finding in found)
    names = {Severity.INFORMATION: "note"}
    parts = [
        f"{counts[severity]} {names.get(severity, severity.value)}{'s' if counts[severity] > 1 else ''}"
        for severity in Severity
        if counts[severity]
    ]
    return f"{', '.join(parts)}."


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Every JSON object of the text that can be read, those inside a list of a wrapper instead of the wrapper.

    Reading goes on behind what is broken: a reply that was cut off still tells what came before.
    """
    decoder = json.JSONDecoder(strict=False)
    at = text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            end = at + 1
        else:
            inner = next((value[key] for key in _LISTS if isinstance(value.get(key), list)), [value])
            yield from (item for item in inner if isinstance(item, dict))
        at = text.find("{", end)


def _bullets(text: str) -> Iterator[dict[str, Any]]:
    """Lines such as `- Line 12: …`, from models that write no JSON."""
    for line in text.split("\n"):
        match = _BULLET.match(line)
        if match is not None:
            message = match["message"].strip().removeprefix("**").removesuffix("**").strip()
            yield {"line": match["line"], "severity": match["severity"] or "", "message": message}


def _finding(
    item: dict[str, Any], texts: Mapping[str, Snapshot], within: Mapping[str, Range], checks: Iterator[int]
) -> Finding | None:
    path = _path(item, texts)
    if path is None:
        return None
    snapshot, shown = texts[path], within[path]
    said = _number(item, "line", "line_number", "lineNumber", "start_line", "startLine", "from")
    quote = _words(item.get("text") or item.get("quote") or "")
    line, sure = _place(snapshot, shown, said, quote)
    fix = None
    if sure and said is not None and next(checks, None) is not None:
        fix = _fix(item.get("fix"), snapshot, shown, line, line + 1 - said)
    severity = _SEVERITIES.get(str(item.get("severity", "")).strip().lower(), Severity.WARNING)
    message = " ".join(str(item.get("message") or item.get("description")).split())[:_LONGEST_MESSAGE]
    code = re.sub(r"[^\w.-]+", "-", str(item.get("code") or "").strip().lower()).strip("-")[:_LONGEST_CODE]
    return Finding(_line_range(snapshot, line), message, severity, code, fix, path, snapshot.lines[line].strip())


def _path(item: dict[str, Any], texts: Mapping[str, Snapshot]) -> str | None:
    """Which of the texts the finding is about; None where it names one that was not shown."""
    if "" in texts:
        return ""  # it is all about the one document
    said = str(item.get("file") or item.get("path") or "").strip().removeprefix("./")
    if said in texts:
        return said
    if not said and len(texts) == 1:
        return next(iter(texts))
    ending = [path for path in texts if path.endswith("/" + said)] if said else []
    return ending[0] if len(ending) == 1 else None


def _place(snapshot: Snapshot, shown: Range, said: int | None, quote: str) -> tuple[int, bool]:
    """The zero-based line, and whether the text bears it out: where the quote stands, nearest to the line said."""
    first, last = shown.start.line, max(shown.start.line, shown.end.line - (shown.end.character == 0))
    near = min(max((said or first + 1) - 1, first), last)
    here = said is not None and near == said - 1
    if not quote:
        return near, here
    lines = snapshot.lines
    places = sorted(range(first, last + 1), key=lambda number: abs(number - near))
    exact = next((number for number in places if _words(lines[number]) == quote), None)
    if exact is not None:
        return exact, True
    part = next((number for number in places if len(quote) > 5 and quote in _words(lines[number])), None)
    return (part, True) if part is not None else (near, False)


def _fix(value: object, snapshot: Snapshot, shown: Range, line: int, shift: int) -> TextEdit | None:
    """The fix as an edit of whole lines, or None where there is none that can be trusted."""
    if isinstance(value, str):
        value = {"code": value}
    if not isinstance(value, dict) or not isinstance(code := value.get("code", value.get("text")), str):
        return None
    first = (_number(value, "from", "first", "start", "start_line") or line + 1 - shift) - 1 + shift
    last = (_number(value, "to", "last", "end", "end_line") or first + 1 - shift) - 1 + shift
    last_shown = max(shown.start.line, shown.end.line - (shown.end.character == 0))
    if not shown.start.line <= first <= last <= last_shown:
        return None
    target = Range(Position(first, 0), Position(last, content_length(snapshot.lines[last])))
    old = snapshot.slice(target)
    fence = re.fullmatch(r"\s*(?:```|~~~)[^\n]*\n(.*?)\n?(?:```|~~~)\s*", code, re.DOTALL)
    new = re.sub(r"\r\n?", "\n", fence[1] if fence else code).strip("\n")
    if not new.strip() or not old.strip():
        return None
    edit = TextEdit(target, fitted(new, old, snapshot, target))
    if edit.text == old:
        return None
    after = Snapshot.of(apply(snapshot.lines, [edit]), language=snapshot.language)
    return None if new_errors(parse(snapshot), parse(after)) else edit


def _line_range(snapshot: Snapshot, line: int) -> Range:
    """The line without the blanks around it."""
    text = snapshot.lines[line]
    start = min(indentation(text), content_length(text))
    return Range(Position(line, start), Position(line, max(start, len(text.rstrip()))))


def _number(item: dict[str, Any], *names: str) -> int | None:
    """The first of the entries that is a positive whole number, also as a text such as "12" or "12-14"."""
    for name in names:
        match = re.match(r"\s*[Ll]?(\d{1,7})", str(item.get(name, "")))
        if match is not None and int(match[1]) > 0:
            return int(match[1])
    return None


def _words(text: object) -> str:
    """A line as it is compared: without its number or mark, and with single blanks."""
    return " ".join(re.sub(r"^\s*\d+\s*[|│]\s?", "", str(text)).split())
