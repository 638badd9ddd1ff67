"""A conversation as a Markdown document: headings part its turns, and the document is the history. Asks nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

from dragoman.core.context import Context, piece
from dragoman.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.core.chat import Role
    from dragoman.core.context import Piece
    from dragoman.core.text import Snapshot

YOU, DRAGOMAN = "You", "Dragoman"
"""What Dragoman writes over turns where the document has no other words yet."""

TURNS: tuple[Role, ...] = ("user", "assistant")
"""The roles that take turns, which are the kinds of their pieces as well."""

_LEVEL = 2
_TELLING = ("#", "\\")
"""What lines begin with that may be headings."""
_SAID_BY: tuple[tuple[Role, frozenset[str]], ...] = (
    ("user", frozenset({"you", "user", "me", "human", "question"})),
    (
        "assistant",
        frozenset(
            {
                "dragoman",
                "assistant",
                "ai",
                "answer",
                "bot",
                "model",
                "response",
                "chatgpt",
                "claude",
                "gemini",
                "copilot",
            }
        ),
    ),
    ("system", frozenset({"system"})),
)
_HEADING = re.compile(r"(?P<escape>\\*)(?P<marks>#{1,6})[ \t]+(?P<title>\S.{0,100})")
_SPEAKER = re.compile(r"[\W_]*(?P<name>[^\W\d_]+)[\W_]*?(?:[(\[][^)\]]*[)\]])?[\W_]*")
_FENCE = re.compile(r"[ \t]*(?:[-*+>][ \t]+)*(?P<fence>`{3,}(?=[^`]*$)|~{3,})(?P<info>.*)")
_OTHERS_SHARE = 4
"""The project's own instructions take at most this part of the budget, as in `core.context`."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one of the two said, with line feeds and without blanks around it. `first` and `last` are one-based lines.

    `name` and `level` are those of its heading.
    """

    role: Role
    text: str
    first: int
    last: int
    name: str = ""
    level: int = _LEVEL


@dataclass(frozen=True, slots=True)
class Conversation:
    """A document's turns. `notes` is what stands before the first of them.

    The last turn may be one that has no text yet. `open_fence` is what would close the document's last code block.
    """

    notes: str
    turns: tuple[Turn, ...]
    open_fence: str = ""

    @property
    def said(self) -> tuple[Turn, ...]:
        """The turns that hold text."""
        return tuple(turn for turn in self.turns if turn.text)

    @property
    def question(self) -> str:
        """What was asked last and has no answer yet; "" where there is nothing."""
        return self.said[-1].text if self.said and self.said[-1].role == "user" else ""


def read(lines: Sequence[str]) -> Conversation:
    """The conversation in a document's lines. What stands in fences is text, whatever it looks like.

    A document without any heading is one question.
    """
    heads = [Turn("user", "", 0, 0)]
    texts, has_heading, fence = list(lines), False, ""
    for number, line in enumerate(lines):
        if not line.startswith(_TELLING) and "```" not in line and "~~~" not in line:
            continue
        fence, inside = _fence_after(line, fence), bool(fence)
        heading = None if inside else _heading(line)
        if heading is None:
            continue
        has_heading = True
        speaker = _speaker(heading)
        if speaker is not None and heading["escape"]:
            texts[number] = line[: heading.start("marks") - 1] + line[heading.start("marks") :]
        elif speaker is not None:
            heads.append(Turn(speaker[0], "", number + 1, number + 1, speaker[1], len(heading["marks"])))
    ends = (*(head.first - 1 for head in heads[1:]), len(lines))
    before, *turns = (
        replace(head, text=_joined(texts[head.first : end]), first=max(1, head.first), last=max(1, end))
        for head, end in zip(heads, ends, strict=True)
    )
    if before.text and (not has_heading or (turns and turns[0].role == "assistant")):
        return Conversation("", (before, *turns), fence)
    return Conversation(before.text, tuple(turns), fence)


def _joined(lines: Sequence[str]) -> str:
    return _line_feeds("".join(lines)).strip()


def _line_feeds(text: str) -> str:
    return re.sub(r"\r\n?", "\n", text) if "\r" in text else text


def continued(snapshot: Snapshot, answer: str, question: str = "", note: str = "") -> str:
    """What to write at the document's end: the answer, and the heading under which the next question goes.

    `question` comes before it where it does not stand in the document. `note` is a word about the answer. Read again,
    the document gives these very texts; a code block that was left open is closed.
    """
    talk = read(snapshot.lines)
    level = next((turn.level for turn in reversed(talk.turns)), _LEVEL)
    names = {turn.role: turn.name for turn in talk.turns if turn.name}
    you, dragoman = (
        "#" * level + f" {names.get(role, name)}" for role, name in zip(TURNS, (YOU, DRAGOMAN), strict=True)
    )
    parts = [talk.open_fence]
    if question:
        waits = talk.turns and talk.turns[-1].role == "user" and talk.turns[-1].name and not talk.turns[-1].text
        parts += ["" if waits else you, _escaped(question)]
    parts += [dragoman, _escaped(answer), f"*{note}*" if note else "", you]
    text = "\n\n".join(part for part in parts if part) + "\n\n"
    tail = snapshot.text[-4:].replace("\r\n", "\n")
    if not snapshot.text:
        gap = ""
    elif talk.open_fence:
        gap = "" if tail.endswith(("\n", "\r")) else "\n"
    else:
        gap = "\n" * (2 - min(2, len(tail) - len(tail.rstrip("\n\r"))))
    return (gap + text).replace("\n", snapshot.line_end)


def gather(talk: Conversation, question: str, *, max_tokens: int, path: str, others: Sequence[Piece] = ()) -> Context:
    """What of the conversation is shown: the question, what was agreed on, and as many of the last turns as fit.

    The question is the last turn's, or else `question`. Raises `BadInput` where it is more than the budget.
    """
    *history, last = talk.said if not question else (*talk.said, Turn("user", question, 0, 0))
    asked = _piece(last, path, "what is asked")
    if asked.tokens > max_tokens:
        raise BadInput(
            f"The question is about {asked.tokens} tokens; context.max_tokens allows {max_tokens}. "
            "Ask with fewer words, or raise context.max_tokens."
        )
    left = max_tokens - asked.tokens
    agreed = [piece("notes", path or "the document", "what stands before the conversation", talk.notes)]
    agreed += [_piece(turn, path, "what the whole conversation goes by") for turn in history if turn.role == "system"]
    agreed, left_out = _fitting([own for own in agreed if own.text], left)
    left -= sum(own.tokens for own in agreed)
    instructions, too_long = _fitting(others, min(left, max_tokens // _OTHERS_SHARE))
    left -= sum(own.tokens for own in instructions)
    before = [_piece(turn, path, "what was said before") for turn in history if turn.role != "system"][::-1]
    costs = accumulate(own.tokens for own in before)
    count = sum(cost <= left for cost in costs)  # none before one that does not fit
    out = (*left_out, *too_long, *before[count:])
    return Context((asked, *agreed, *before[:count], *instructions), tuple(replace(own, text="") for own in out))


def _fitting(pieces: Sequence[Piece], left: int) -> tuple[list[Piece], list[Piece]]:
    """Those that have place in the budget, one after the other, and the others."""
    taken: list[Piece] = []
    left_out: list[Piece] = []
    for own in pieces:
        fits = own.tokens <= left
        (taken if fits else left_out).append(own)
        left -= own.tokens if fits else 0
    return taken, left_out


def _piece(turn: Turn, path: str, reason: str) -> Piece:
    name = path or "the document"
    return piece(turn.role, f"{name}:{turn.first}-{turn.last}" if turn.first else name, reason, turn.text)


def _heading(line: str) -> re.Match[str] | None:
    return _HEADING.match(line.rstrip("\r\n"))


def _speaker(heading: re.Match[str]) -> tuple[Role, str] | None:
    """Who speaks below this heading, and the word that says so; None where it is any other heading."""
    match = _SPEAKER.fullmatch(heading["title"].rstrip("# \t") or " ")
    name = match["name"] if match is not None else ""
    return next(((role, name) for role, names in _SAID_BY if name.lower() in names), None)


def _fence_after(line: str, fence: str) -> str:
    """The fence that is open behind this line, "" for none, where `fence` was before it (CommonMark 0.31, 4.5)."""
    match = _FENCE.match(line) if "```" in line or "~~~" in line else None
    if match is None:
        return fence
    if not fence:
        return match["fence"]
    closes = match["fence"].startswith(fence) and not match["info"].strip()
    return "" if closes else fence


def _escaped(text: str) -> str:
    """The text such that none of its lines begins a turn, and no code block of it stays open."""
    lines, fence = [], ""
    for line in _line_feeds(text).strip().split("\n"):
        heading = None if fence else _heading(line)
        fence = _fence_after(line, fence)
        turns = heading is not None and _speaker(heading) is not None
        lines.append(
            f"{line[: heading.start('marks')]}\\{line[heading.start('marks') :]}" if turns and heading else line
        )
    return "\n".join([*lines, fence] if fence else lines)
