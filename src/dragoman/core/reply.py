"""From what a model wrote to what is put into the document, or shown. Pure. Changes nothing outside the target,
whatever the reply says, and never guesses where that could lose code: it says that the reply can't be used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from dragoman.core.errors import UnusableReply
from dragoman.core.fences import blocks
from dragoman.core.fitting import fitted
from dragoman.core.languages import defined_name, language
from dragoman.core.patches import looks_like_patch, patched
from dragoman.core.surplus import only_target
from dragoman.core.thinking import without_thinking
from dragoman.core.unwrapping import plain, unwrapped, without_end

if TYPE_CHECKING:
    from dragoman.core.fences import Block
    from dragoman.core.languages import Language
    from dragoman.core.text import Range, Snapshot


@dataclass(frozen=True, slots=True)
class Replacement:
    """The target's new text, and what the person may want to know about how it was found: one line each."""

    text: str
    notes: tuple[str, ...] = ()


ONLY_CODE = "Answer again with only the whole new text of the target in one fenced code block, nothing left out."

_ALIKE = 0.7
"""A block at least this fraction as like the original as the best one counts as an alternative to it."""


def replacement(reply: str, snapshot: Snapshot, target: Range, original: str | None = None) -> Replacement:
    """The text to put in the target's place, in the document's own indentation, line ends and final newline.

    `original` is the target's text as the model was shown it, where that is not the document's own. Raises
    `UnusableReply` where the reply holds no such text: it is empty, a refusal, prose, a diff that does not fit, or it
    leaves code out.
    """
    old = snapshot.slice(target) if original is None else original
    shown = _line_feeds(old)
    text = without_end(_line_feeds(without_thinking(reply)), shown)
    if not text.strip():
        raise UnusableReply("The model gave no answer, and nothing was changed. Try again, or choose another model.")
    of = language(snapshot.language)
    found = _prose_text(text, shown, of) if of.prose else _code_text(unwrapped(text, shown, of), shown, of)
    if found.diff:
        new, notes = patched(found.text, shown), found.notes
    else:
        new = _without_numbers(found.text, shown)
        new = new if of.prose else plain(new, shown, snapshot, target)
        _refuse_gaps(new, shown)
        new, more = only_target(new, shown, snapshot, target)
        notes = found.notes + more
    if not new.strip():
        raise UnusableReply(
            "The model gave an empty answer, and nothing was changed. Try again, or say more exactly what to do."
        )
    return Replacement(fitted(new, old, snapshot, target), notes)


def new_code(reply: str, language_id: str) -> str:
    """The code of a reply that is not about replacing anything: all blocks in the language, joined; line feeds only.

    Raises `UnusableReply` where there is none.
    """
    of = language(language_id)
    text = unwrapped(without_end(_line_feeds(without_thinking(reply))), "", of)
    found, _rest = blocks(text)
    own = [block for block in found if block.text.strip() and block.info in {*of.fences, of.id, ""}]
    code = "\n\n".join(block.text.strip("\n") for block in own) if own else _without_chatter(text, "", of)
    if found and not own:
        raise UnusableReply(
            f"The model gave no {of.name} code, and nothing was changed. Try again.", follow_up=ONLY_CODE
        )
    if not code.strip():
        raise _not_code(text)
    _refuse_gaps(code, "")
    return code.strip("\n") + "\n"


def answer(reply: str) -> str:
    """The Markdown of an answer: without thinking, and out of the fence that some models put around the whole.

    Raises `UnusableReply` where nothing is left.
    """
    text = without_end(without_thinking(reply)).strip()
    if not text:
        raise UnusableReply("The model gave no answer. Try again, or choose another model.")
    match = re.fullmatch(r"(`{3,}|~{3,})(?:markdown|md)[ \t]*\r?\n(.*?)\r?\n\1[ \t]*", text, re.DOTALL)
    return (match[2] if match is not None else text) + "\n"


@dataclass(frozen=True, slots=True)
class _Found:
    text: str
    notes: tuple[str, ...] = ()
    diff: bool = False


def _code_text(text: str, original: str, of: Language) -> _Found:
    """The code in the reply: the block that is most like the original, or all that is not chatter."""
    found, _rest = blocks(text)
    filled = [block for block in found if block.text.strip()]
    if found and not filled:
        raise UnusableReply(
            "The model gave an empty answer, and nothing was changed. Try again, or say more exactly what to do."
        )
    if not filled:
        return _unfenced(text, original, of)
    own = [block for block in filled if block.info in {*of.fences, of.id, ""}] or filled
    patches = [block for block in filled if _is_patch(block.text, block.info, of)]
    if patches and (len(patches) == len(filled) or all(block in patches for block in own)):
        return _Found("\n".join(block.text for block in patches), diff=True)
    return _chosen([block for block in own if block not in patches] or own, original, of)


def _unfenced(text: str, original: str, of: Language) -> _Found:
    if _is_patch(text, "", of):
        return _Found(text, diff=True)
    inline = re.fullmatch(r"\s*(`{1,3})([^`\n]+)\1\s*", text)
    if inline is not None and not original.strip().startswith("`"):
        return _Found(inline[2])
    code = _without_chatter(text, original, of)
    if not code.strip():
        raise _not_code(text)
    return _Found(code)


def _is_patch(text: str, info: str, of: Language) -> bool:
    return of.id not in {"diff", "git-commit"} and looks_like_patch(text, named=info in {"diff", "patch"})


def _chosen(candidates: list[Block], original: str, of: Language) -> _Found:
    if len(candidates) == 1:
        return _Found(candidates[0].text)
    from rapidfuzz.fuzz import ratio  # noqa: PLC0415 - not needed for the usual single block

    others = [block for block in candidates if block.text.split() != original.split()] or candidates
    scores = [ratio(block.text, original) for block in others]
    best = max(scores)
    chosen = next(block for block, score in zip(others, scores, strict=True) if score >= best * _ALIKE)
    missing = _names(original, of) - _names(chosen.text, of)
    parts = [chosen]
    for block in others:  # one block for each of several definitions
        if block is not chosen and missing & _names(block.text, of):
            missing -= _names(block.text, of)
            parts.append(block)
    if len(parts) > 1:
        in_order = [block.text.strip("\n") for block in others if any(block is part for part in parts)]
        return _Found("\n\n".join(in_order))
    note = f"The reply held {len(candidates)} code blocks; the first that fits the target is used."
    return _Found(chosen.text, (note,))


def _names(text: str, of: Language) -> set[str]:
    names = (defined_name(line, of) for line in text.split("\n"))
    return {name for name in names if name}


def _prose_text(text: str, original: str, of: Language) -> _Found:
    """The text in a reply about a document that may itself hold fences."""
    lines = text.strip("\n").split("\n")
    names = "|".join(re.escape(name) for name in (*of.fences, of.id) if name)
    opens = [
        number
        for number, line in enumerate(lines)
        if re.match(rf"\s*(?:```+|~~~+)\s*(?:{names})\s*$", line, re.IGNORECASE)
    ]
    if len(opens) == 1 and not re.search(
        rf"^\s*(?:```+|~~~+)\s*(?:{names})\s*$", original, re.IGNORECASE | re.MULTILINE
    ):
        fence = re.match(r"\s*([`~]+)", lines[opens[0]])
        assert fence is not None
        ends = [n for n, line in enumerate(lines) if n > opens[0] and line.strip() == fence[1]]
        return _Found("\n".join(lines[opens[0] + 1 : ends[-1] if ends else len(lines)]))
    found, rest = blocks(text)
    outside = [line for block in found for line in block.before.split("\n")] + rest.split("\n")
    fenced_before = re.search(r"^\s*(?:```|~~~)", original, re.MULTILINE) is not None
    if len(found) == 1 and not fenced_before and not any(line.strip() and not _OPENER.match(line) for line in outside):
        return _Found(found[0].text)
    if not found and _REFUSAL.match(text) and not _REFUSAL.match(original):
        raise _not_code(text)
    while lines and (not lines[0].strip() or _OPENER.match(lines[0])) and lines[0] not in original.split("\n"):
        lines.pop(0)
    return _Found("\n".join(lines))


_OPENER = re.compile(
    r"\s*\W{0,2}(?:sure|certainly|of course|absolutely|okay|ok|here(?:'s|’s| is| are)?|below is"
    r"|this is the (?:new|updated|refactored)"
    r"|the (?:refactored|updated|new|fixed|modified|corrected|improved|simplified|revised|rewritten)\b"
    r"|i(?:'ve|’ve| have)\b|let me)\b.*[:.!]\W{0,2}\s*$",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\s*(?:i(?:'|’)?m sorry|i am sorry|sorry\b|i apologi[sz]e|i can(?:no|'|’)t|i can not"
    r"|i(?:'|’)?m (?:not able|unable)|i am (?:not able|unable)|as an ai\b|i won(?:'|’)t|unfortunately, i)",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"\s*(?:#{1,6}\s+\S.*|\*\*[^*]+\*\*:?"
    r"|(?:explanations?|notes?|(?:key )?changes(?: made)?"
    r"|output|result|answer|usage)\b.{0,40}:)\s*$",
    re.IGNORECASE,
)
_GAP = re.compile(
    r"^\s*(?:#|//|--|/\*+|<!--|;|%|\{/\*)\s*(?:(?:\.\.\.|…)\s*)?"
    r"(?:\(?\s*(?:the\s+)?(?:rest|remaining|remainder|existing|other|previous|same|unchanged|original)\b[^.…]{0,80}?)?"
    r"(?:\.\.\.|…|\bunchanged\b|\bas before\b|\bremains? (?:the same|unchanged)\b)",
    re.IGNORECASE,
)


def _is_prose(line: str, of: Language, *, words: int = 4) -> bool:
    """Whether the line reads as a sentence of so many words rather than as code. Errs to the side of code."""
    stripped = line.strip()
    if _OPENER.match(stripped):
        return True
    if stripped.startswith((*of.line_comments, *(start for start, _ in of.block_comments))):
        return False
    if _HEADING.match(stripped):
        return True
    sentence = re.sub(r"^(?:[-*•]\s+|\d+[.)]\s+)", "", stripped)
    plain = re.sub(r"`[^`]*`", "x", sentence)
    if (
        not plain
        or not (plain[0].isalpha() or plain[0] in "*_")
        or "a" <= plain[0] <= "z"
        or not re.search(r"[.:!?…。：！？][*_)\"'”]*$", plain)
    ):
        return False
    letters = sum(character.isalpha() or character in " ,.'’-" for character in plain)
    return letters >= 0.85 * len(plain) and (len(plain.split()) >= words or not plain.isascii())


def _without_chatter(text: str, original: str, of: Language) -> str:
    """The reply without the sentences before and after the code; "" where it is nothing else."""
    own = {line.strip() for line in original.split("\n")}
    written = any(_is_prose(line, of, words=2) for line in own if line)
    lines = text.strip("\n").split("\n")

    def chatter(line: str) -> bool:
        stripped = line.strip()
        if not stripped:
            return True
        if stripped in own:
            return False
        return (
            _OPENER.match(stripped) is not None
            if written
            else _is_prose(stripped, of) or _REFUSAL.match(stripped) is not None
        )

    while lines and chatter(lines[0]):
        lines.pop(0)
    while lines and chatter(lines[-1]):
        lines.pop()
    return "\n".join(lines)


def _not_code(text: str) -> UnusableReply:
    line = " ".join(text.split())
    excerpt = line if len(line) <= 100 else line[:99] + "…"
    if _REFUSAL.match(text):
        return UnusableReply(f"The model declined, and nothing was changed: “{excerpt}” Try another model.")
    return UnusableReply(
        f"The model gave no code, and nothing was changed: “{excerpt}” Try again, or choose another model.",
        follow_up=ONLY_CODE,
    )


_NUMBER = re.compile(r"^\s*(\d+)(?:\s?[|:│]|\t|\.(?=\s|$))(.*)$")


def _without_numbers(text: str, original: str) -> str:
    """The text without line numbers that count up at the lines' heads, unless the original has such numbers."""
    lines = text.strip("\n").split("\n")
    matches = [_NUMBER.match(line) for line in lines if line.strip()]
    found = [match for match in matches if match is not None]
    if len(found) < max(2, len(matches)) or _NUMBER.match(original.strip("\n").split("\n")[0]):
        return text
    numbers = [int(match[1][:9]) for match in found]
    if any(later != earlier + 1 for earlier, later in pairwise(numbers)):
        return text
    bodies = [match[2] for match in found]
    gutter = " " if all(body.startswith(" ") for body in bodies if body.strip()) else ""
    return "\n".join(body.removeprefix(gutter) for body in bodies)


def _refuse_gaps(text: str, original: str) -> None:
    """Raises `UnusableReply` where a comment stands for code that was left out."""
    own = {line.strip() for line in original.split("\n")}
    for line in text.split("\n"):
        if _GAP.match(line) and line.strip() not in own:
            raise UnusableReply(
                "The model left out parts of the code, and nothing was changed. Try again, or select less.",
                follow_up="You left out code behind a placeholder comment. " + ONLY_CODE,
            )


def _line_feeds(text: str) -> str:
    return re.sub(r"\r\n?", "\n", text)
