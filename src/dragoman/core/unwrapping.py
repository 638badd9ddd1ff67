"""Takes off what models put around and between the characters of their code: wrappers, marks of the turn's end,
entities in place of operators, printed quotes. Only what can't be the code's own.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from dragoman.core.languages import LANGUAGES
from dragoman.core.literals import code_in
from dragoman.core.syntax import new_errors, parse
from dragoman.core.text import Snapshot, TextEdit, apply

if TYPE_CHECKING:
    from dragoman.core.languages import Language
    from dragoman.core.text import Range

_END_OF_TURN = re.compile(r"(?:\s*(?:<\|\w{1,30}\|>|<｜[\w▁]{1,30}｜>|</s>|<end_of_turn>))+\s*\Z")
_TAGS = re.compile(
    r"\s*<(?P<tag>code|answer|output|result|response|solution|target|(?:new|updated|refactored|final)_code)>[ \t]*\n?"
    r"(?P<inside>.*?)\n?[ \t]*</(?P=tag)>\s*",
    re.DOTALL | re.IGNORECASE,
)
_QUOTED = re.compile(r"^[ \t]*>[ ]?", re.MULTILINE)
_MARKDOWN = re.compile(
    r"\s*(?P<fence>`{3,}|~{3,})[ \t]*(?:markdown|md)[ \t]*\n(?P<inside>.*?)\n?[ \t]*(?P=fence)\s*", re.DOTALL
)
_MARKUP = frozenset(
    {"html", "xml", "vue", "svelte", "javascriptreact", "typescriptreact", "markdown", "restructuredtext", "php"}
)
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|#39|#x27|#34);")
_PRINTED = re.compile("[“”„‟‘’‚‛]")
_INVISIBLE = "\ufeff\u200b\u2060"
_WIDE = re.compile("[\u00a0\u2007\u202f]")
_BLANKS = re.compile(r"^[ \t\u00a0\u2007\u202f]+", re.MULTILINE)


def without_end(reply: str, original: str = "") -> str:
    """The reply without the marks that end a turn, which some servers give as text."""
    found = _END_OF_TURN.search(reply)
    if found is None or found[0].strip() in original or ("</s>" in found[0] and "<s" in reply):  # struck-out HTML
        return reply
    return reply[: found.start()]


def unwrapped(reply: str, original: str, of: Language) -> str:
    """The reply without one thing around all of it: a quotation, a tag, a Markdown document in a fence."""
    lines = [line for line in reply.split("\n") if line.strip()]
    if lines and all(line.lstrip().startswith(">") for line in lines) and not original.lstrip().startswith(">"):
        reply = _QUOTED.sub("", reply)
    tags = _TAGS.fullmatch(reply)
    if tags is not None and of.id in LANGUAGES and of.id not in _MARKUP and f"<{tags['tag']}>" not in original:
        reply = tags["inside"]
    document = _MARKDOWN.fullmatch(reply)
    holds_code = document is not None and re.search(r"^\s*(?:```|~~~)", document["inside"], re.MULTILINE)
    return document["inside"] if document is not None and holds_code else reply


def plain(text: str, original: str, snapshot: Snapshot, target: Range) -> str:
    """The code in the characters that code is written in.

    Invisible ones, and blanks of other widths before a line's text, go where the original has none. Entities and
    printed quotes that stand outside strings and comments are what they stand for, unless the document has them too
    or its grammar is against it.
    """
    if not any(character in original for character in _INVISIBLE):
        text = re.sub(rf"^([ \t]*)[{_INVISIBLE}]+", r"\1", text, flags=re.MULTILINE)
    if not _WIDE.search(original):
        text = _BLANKS.sub(lambda match: re.sub(r"[^\t]", " ", match[0]), text)
    # C takes `a &lt; b` for the address of `lt`, but not `<` for the address that `&lt;` is: no worse is good enough.
    respelled = _without_entities(text, snapshot)
    if respelled != text and _fewer_errors(respelled, text, snapshot, target) >= 0:
        text = respelled
    respelled = _without_printed_quotes(text, snapshot)  # a text over several lines may well have such quotes
    return respelled if respelled != text and _fewer_errors(respelled, text, snapshot, target) > 0 else text


def _without_entities(text: str, snapshot: Snapshot) -> str:
    if snapshot.language in _MARKUP or _ENTITY.search(text) is None or re.search(r"[<>]", text):
        return text
    if _ENTITY.search(snapshot.text) or not _outside(text, snapshot, _ENTITY):
        return text
    return _ENTITY.sub(lambda match: unescape(match[0]), text)


def _without_printed_quotes(text: str, snapshot: Snapshot) -> str:
    if _PRINTED.search(text) is None or _PRINTED.search(snapshot.text) or not _outside(text, snapshot, _PRINTED):
        return text
    lines = text.split("\n")
    for number, line in enumerate(lines):
        for start, end in code_in(line, snapshot.language):  # of the same length: places stay where they are
            code = _PRINTED.sub(lambda match: '"' if match[0] in "“”„‟" else "'", line[start:end])
            lines[number] = f"{lines[number][:start]}{code}{lines[number][end:]}"
    return "\n".join(lines)


def _outside(text: str, snapshot: Snapshot, wanted: re.Pattern[str]) -> bool:
    """Whether it stands outside strings and comments somewhere, as far as the lines tell."""
    return any(
        wanted.search(line[start:end]) for line in text.split("\n") for start, end in code_in(line, snapshot.language)
    )


def _fewer_errors(respelled: str, text: str, snapshot: Snapshot, target: Range) -> int:
    """How many syntax errors the respelled text spares, as far as a grammar tells; 1 where there is none."""
    before = parse(snapshot)
    if before.tree is None:
        return 1

    def errors(new: str) -> int:
        after = Snapshot.of(apply(snapshot.lines, [TextEdit(target, new)]), language=snapshot.language)
        return len(new_errors(before, parse(after)))

    return errors(text) - errors(respelled)
