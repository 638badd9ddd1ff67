"""A patch as people and `git apply` read it, from two texts. Decides nothing about the texts."""

from __future__ import annotations

from typing import NamedTuple

CONTEXT_LINES = 3
_NO_LINE_END = "\\ No newline at end of file\n"


class _Change(NamedTuple):
    """Lines `old_from:old_to` become lines `new_from:new_to`."""

    old_from: int
    old_to: int
    new_from: int
    new_to: int


def unified_diff(old: str | None, new: str, name: str) -> str:
    """The patch, "" where nothing differs. `name` is the path with slashes; `old` is None for a new file."""
    if old == new:
        return ""
    old_lines, new_lines = _lines(old or ""), _lines(new)
    hunks = [_hunk(group, old_lines, new_lines) for group in _grouped(_changes(old_lines, new_lines))]
    before = "/dev/null" if old is None else _quoted(f"a/{name}")
    return f"--- {before}\n+++ {_quoted(f'b/{name}')}\n{''.join(hunks)}"


def _quoted(name: str) -> str:
    """The name as git writes one that could be taken for more than a name (git-config, "core.quotePath")."""
    if all(_is_plain(character) for character in name):
        return name
    return '"' + "".join(character if _is_plain(character) else _octal(character) for character in name) + '"'


def _is_plain(character: str) -> bool:
    return character.isprintable() and character not in '"\\'


def _octal(character: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))


def counts(patch: str) -> tuple[int, int]:
    """How many lines a patch adds and takes away."""
    body = patch.splitlines()[2:]
    return sum(line.startswith("+") for line in body), sum(line.startswith("-") for line in body)


def _lines(text: str) -> list[str]:
    """The lines with their ends. Patches know only line feeds."""
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _changes(old: list[str], new: list[str]) -> list[_Change]:
    from rapidfuzz.distance import Indel

    changes: list[_Change] = []
    for operation in Indel.opcodes(old, new):
        if operation.tag == "equal":
            continue
        change = _Change(operation.src_start, operation.src_end, operation.dest_start, operation.dest_end)
        if changes and changes[-1].old_to == change.old_from and changes[-1].new_to == change.new_from:
            change = _Change(changes[-1].old_from, change.old_to, changes[-1].new_from, change.new_to)
            changes.pop()
        changes.append(change)
    return changes


def _grouped(changes: list[_Change]) -> list[list[_Change]]:
    """The changes whose context would touch, together."""
    groups: list[list[_Change]] = []
    for change in changes:
        if groups and change.old_from - groups[-1][-1].old_to <= 2 * CONTEXT_LINES:
            groups[-1].append(change)
        else:
            groups.append([change])
    return groups


def _hunk(group: list[_Change], old: list[str], new: list[str]) -> str:
    start = max(0, group[0].old_from - CONTEXT_LINES)
    end = min(len(old), group[-1].old_to + CONTEXT_LINES)
    new_start = group[0].new_from - (group[0].old_from - start)
    new_end = group[-1].new_to + (end - group[-1].old_to)
    pieces: list[str] = []
    at = start
    for change in group:
        pieces += [_line(" ", line) for line in old[at : change.old_from]]
        pieces += [_line("-", line) for line in old[change.old_from : change.old_to]]
        pieces += [_line("+", line) for line in new[change.new_from : change.new_to]]
        at = change.old_to
    pieces += [_line(" ", line) for line in old[at:end]]
    return f"@@ -{_span(start, end)} +{_span(new_start, new_end)} @@\n{''.join(pieces)}"


def _line(mark: str, line: str) -> str:
    return f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n{_NO_LINE_END}"


def _span(start: int, end: int) -> str:
    """First line and length, as POSIX has them: an empty span names the line before it."""
    length = end - start
    first = start + 1 if length else start
    return f"{first}" if length == 1 else f"{first},{length}"
