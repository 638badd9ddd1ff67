"""Fenced blocks in a model's Markdown (CommonMark 0.31, 4.5), as models really write them: nested, unclosed, glued."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*?)[ \t]*$")
_GLUED = re.compile(r"(?<=\S)[ \t]*(?:```|~~~)[ \t]*\Z")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `info` is the word after the fence, in lower case; `closed` whether its end was seen.

    `before` is the text between the block before, or the reply's start, and this one.
    """

    info: str
    text: str
    closed: bool
    before: str


def blocks(text: str) -> tuple[tuple[Block, ...], str]:
    """The text's outermost fenced blocks in their order, and the text behind the last one."""
    nested = _blocks(text, nesting=True)
    if all(block.closed for block in nested[0]):
        return nested
    flat = _blocks(text, nesting=False)
    return flat if all(block.closed for block in flat[0]) else _mended(nested)


def _blocks(text: str, *, nesting: bool) -> tuple[tuple[Block, ...], str]:
    found: list[Block] = []
    outside: list[str] = []
    inside: list[str] = []
    opened: list[re.Match[str]] = []
    for line in text.split("\n"):
        match = _FENCE.match(line)
        if not opened:
            if match is not None:
                opened.append(match)
            else:
                outside.append(line)
            continue
        outer = opened[-1]
        if match is None or match["fence"][0] != outer["fence"][0] or len(match["fence"]) < len(outer["fence"]):
            inside.append(line)
        elif match["info"]:
            inside.append(line)
            if nesting:
                opened.append(match)
        else:
            opened.pop()
            if opened:
                inside.append(line)
            else:
                found.append(_block(outer, inside, outside, closed=True))
                outside, inside = [], []
    if opened:
        found.append(_block(opened[0], inside, outside, closed=False))
        outside = []
    return tuple(found), "\n".join(outside)


def _block(opening: re.Match[str], inside: list[str], outside: list[str], *, closed: bool) -> Block:
    indent = opening["indent"]
    lines = (
        [line.removeprefix(indent) for line in inside]
        if indent and all(line.startswith(indent) or not line.strip() for line in inside)
        else inside
    )
    words = opening["info"].split()
    info = words[0].strip("{}.").lower() if words else ""
    return Block(info, "\n".join(lines), closed, "\n".join(outside))


def _mended(found: tuple[tuple[Block, ...], str]) -> tuple[tuple[Block, ...], str]:
    """The last block closed where its fence is glued to its last line."""
    *others, last = found[0]
    glued = _GLUED.search(last.text)
    if glued is None or last.closed:
        return found
    return (*others, Block(last.info, last.text[: glued.start()], closed=True, before=last.before)), found[1]
