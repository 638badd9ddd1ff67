"""Gives a model's text the document's form: indentation, line ends, blank lines at its ends. Keeps what lines say."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from dragoman.core.syntax import indentation
from dragoman.core.text import Position, Range, content_length, split_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dragoman.core.text import Snapshot

_SAMPLE = 2000
"""Lines of a document that are looked at for its unit of indentation."""


def fitted(text: str, original: str, snapshot: Snapshot, target: Range) -> str:
    """The text (line feeds only) as it stands in the document in the original's place."""
    lines = _trimmed(text.split("\n"))
    shown = [line[: content_length(line)] for line in split_lines(original)]
    head, tail = _margins(shown)
    base, mid_line = _base(shown, snapshot, target, lines)
    unit = indent_unit(shown) or indent_unit(snapshot.lines[:_SAMPLE])
    lines = restyled(lines, unit)
    lines = _shifted(lines, shown, base, from_document=any(line.strip() for line in shown))
    if mid_line:
        lines[0] = lines[0].lstrip(" \t")
    if any(line.strip() for line in shown):
        lines = [*shown[:head], *lines, *shown[len(shown) - tail :]]
    elif not any(line.strip() for line in snapshot.lines):
        lines.append("")  # a document that was empty gets a final line end
    return _with_line_ends(lines, original, snapshot)


def indent_unit(lines: Iterable[str]) -> str | None:
    """What one step of indentation is: a tab or some blanks; None where nothing is indented."""
    steps: Counter[str] = Counter()
    above: str | None = None  # what the first line stands at is no step: it may be deep inside something
    for line in lines:
        if not line.strip():
            continue
        own = line[: indentation(line)]
        if own.startswith("\t"):
            steps["\t"] += 1
        elif above is not None and len(own) > len(above) and own.startswith(above):
            steps[own[len(above) :]] += 1
        above = own
    usual = [step for step in steps.most_common(3) if step[0] == "\t" or len(step[0]) in {2, 3, 4, 8}]
    return usual[0][0] if usual else None


def _trimmed(lines: list[str]) -> list[str]:
    """The lines without blank ones at both ends."""
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return lines[filled[0] : filled[-1] + 1] if filled else []


def _margins(shown: Sequence[str]) -> tuple[int, int]:
    """How many blank lines the original begins and ends with."""
    head = next((number for number, line in enumerate(shown) if line.strip()), 0)
    tail = next((number for number, line in enumerate(reversed(shown)) if line.strip()), 0)
    return head, tail


def _base(shown: Sequence[str], snapshot: Snapshot, target: Range, lines: Sequence[str]) -> tuple[str, bool]:
    """The indentation that the first line is to have, and whether the target begins behind other text on its line."""
    line = snapshot.lines[target.start.line]
    prefix = line[: target.start.character]
    first = next((own for own in shown if own.strip()), None)
    if prefix.strip():
        return line[: indentation(line)], True
    if first is None:
        return prefix + (shown[0] if shown else "") or _implied(snapshot, target, lines), False
    if prefix and first is shown[0]:
        return prefix + first[: indentation(first)], True
    return first[: indentation(first)], False


def _implied(snapshot: Snapshot, target: Range, lines: Sequence[str]) -> str:
    """The indentation of new text on an empty line: its own, else that of the lines around where they agree."""
    if not lines or indentation(lines[0]):
        return lines[0][: indentation(lines[0])] if lines else ""
    above = next((line for line in reversed(snapshot.lines[: target.start.line]) if line.strip()), "")
    below = next((line for line in snapshot.lines[target.end.line + 1 :] if line.strip()), "")
    own = above[: indentation(above)]
    if re.search(r"[:{(\[]\s*$", above):
        return own + (indent_unit(snapshot.lines[:_SAMPLE]) or "    ")
    return own if indentation(above) == indentation(below) else ""


def restyled(lines: list[str], unit: str | None) -> list[str]:
    """The lines indented with the document's unit where the model used another."""
    wrote = indent_unit(lines)
    if unit is None or wrote is None or wrote == unit:
        return lines
    if wrote == "\t":
        return [re.sub(r"^\t+", lambda match: unit * len(match[0]), line) for line in lines]
    least = min((indentation(line) for line in lines if line.strip()), default=0)
    step = len(wrote)
    if unit != "\t" and any((indentation(line) - least) % step for line in lines if line.strip()):
        return lines  # aligned by hand: better left as it is
    return [_stepped(line, least if unit != "\t" else 0, step, unit) for line in lines]


def _stepped(line: str, least: int, step: int, unit: str) -> str:
    own = indentation(line)
    if "\t" in line[:own] or own < least:
        return line
    steps, rest = divmod(own - least, step)
    return " " * least + unit * steps + " " * rest + line[own:]


def _shifted(lines: list[str], shown: Sequence[str], base: str, *, from_document: bool) -> list[str]:
    """The lines moved so that the first one stands at `base`."""
    if not lines:
        return lines
    first = lines[0][: indentation(lines[0])]
    if not first and base and from_document and _only_first_lost(lines, shown, base):
        first, lines = base, [base + lines[0], *lines[1:]]
    if first == base:
        return lines
    return [_moved(line, first, base) if line.strip() else line for line in lines]


def _only_first_lost(lines: Sequence[str], shown: Sequence[str], base: str) -> bool:
    """Whether the model cut the indentation of its first line alone: the others stand as deep as in the document."""
    rest = [indentation(line) for line in lines[1:] if line.strip()]
    filled = [line for line in shown if line.strip()]
    in_document = [indentation(line) for line in filled[1:]]
    return bool(rest) and bool(in_document) and min(rest) == min(in_document) >= len(base)


def _moved(line: str, first: str, base: str) -> str:
    if line.startswith(first):
        return base + line[len(first) :]
    own = indentation(line)
    return base[: max(0, len(base) - (len(first) - own))] + line[own:]


def _with_line_ends(lines: list[str], original: str, snapshot: Snapshot) -> str:
    """The lines with the original's ends: where it mixes them, each line that stays keeps its own."""
    old = [(line[: content_length(line)], line[content_length(line) :]) for line in split_lines(original)]
    ends = {end for _, end in old if end}
    if len(ends) <= 1:
        return (ends.pop() if ends else snapshot.line_end).join(lines)
    from rapidfuzz.distance import Indel  # noqa: PLC0415 - only for documents with mixed line ends

    kept = [snapshot.line_end] * len(lines)
    for operation in Indel.opcodes([content for content, _ in old], lines):
        if operation.tag == "equal":
            for offset in range(operation.src_end - operation.src_start):
                kept[operation.dest_start + offset] = old[operation.src_start + offset][1] or snapshot.line_end
    kept[-1] = ""
    return "".join(line + end for line, end in zip(lines, kept, strict=True))


def end_of_lines(snapshot: Snapshot) -> Position:
    """The place behind the last character that is not blank."""
    last = next((n for n in range(len(snapshot.lines) - 1, -1, -1) if snapshot.lines[n].strip()), 0)
    return Position(last, len(snapshot.lines[last].rstrip()))
