"""Texts that a pattern must, or must not, be found in: as people write them into an instruction, models into a reply.
Takes for an example only what says that it is one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

MOST = 24
"""Examples that are tried, of those there are."""
LONGEST = 300
"""Code points of an example."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text, and whether the pattern must be found in it. `given`: by the person, so that it is not the model's to
    change.
    """

    text: str
    matches: bool
    given: bool = False


_NO = r"(?:must not match|should not match|do(?:es)? not match|no match(?:es)?|not|no|rejects?)"
_YES = r"(?:must match|should match|match(?:es)?|yes|accepts?)"
_LIST = re.compile(
    rf"(?:^|(?<=[\s;,.(]))(?:(?P<no>{_NO})|{_YES})\s*:\s*(?P<items>[^\n;]*?)"
    rf"(?=(?:[,.]?\s+(?:but\s+)?(?:{_NO}|{_YES})\s*:)|[;\n]|\Z)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r'"([^"\n]*)"|“([^”\n]*)”|`([^`\n]+)`')
_AND = re.compile(r"[\s,;/]*(?:\b(?:and|or)\b)?[\s,;]*")
_REFUSES = re.compile(r"\b(?:not|never|except|unlike|rejects?|excludes?|excluding)\b[^.;\n]{0,20}$", re.IGNORECASE)
_ACCEPTS = re.compile(
    r"(?:\blike|\bsuch as|\be\.g\.|\bfor example|\bfor instance|\bmatch(?:es|ing)?|\baccepts?|\bincluding)[\s:,]*$",
    re.IGNORECASE,
)


def examples_in(instruction: str) -> tuple[Example, ...]:
    """The examples that an instruction gives: after `matches:` and `not:`, or in quotes after words such as "like"."""
    found: list[Example] = []
    plain: list[str] = []
    at = 0
    for match in _LIST.finditer(instruction):
        plain.append(instruction[at : match.start()])
        at = match.end()
        quoted = [_inner(item) for item in _QUOTED.finditer(match["items"])]
        items = quoted or [item.strip() for item in re.split(r",\s+", match["items"])]
        found += [Example(item, match["no"] is None, given=True) for item in items if item]
    plain.append(instruction[at:])
    return _first_of_each((*found, *(example for part in plain for example in _quoted(part))))


def _quoted(text: str) -> list[Example]:
    found: list[Example] = []
    polarity: bool | None = None
    at = 0
    for match in _QUOTED.finditer(text):
        before = text[at : match.start()]
        at = match.end()
        if not (found and _AND.fullmatch(before) and polarity is not None):
            polarity = False if _REFUSES.search(before) else True if _ACCEPTS.search(before) else None
        if polarity is not None:
            found.append(Example(_inner(match), polarity, given=True))
    return found


def _inner(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None)


_LINE = re.compile(
    r"\s*(?:[-*•]\s+|\d+[.)]\s+)?[*_`]*"
    r"(?P<kind>no[ -]match(?:es)?|non-match(?:es)?|not|does(?: not|n't) match|must not match|match(?:es)?|must match)"
    r"[*_`]*\s*:[*_]*[ \t]*(?P<text>.*?)\s*$",
    re.IGNORECASE,
)
_SPAN = re.compile(r"``(.+?)``|`([^`]+)`")


def examples_of(reply: str, pattern: str) -> tuple[tuple[Example, ...], str]:
    """The examples in a reply, a line each (`match: text`, `no match: text`), and the reply without those lines.

    Quotes around all of them are the model's habit, unless the pattern is about quotes.
    """
    found: list[tuple[bool, str]] = []
    rest: list[str] = []
    for line in reply.split("\n"):
        match = _LINE.match(line)
        if match is None:
            rest.append(line)
        else:
            found.append((match["kind"].lower() in {"match", "matches", "must match"}, match["text"]))
    pair = _habit([text for _, text in found], pattern)
    read = [Example(text, matches) for matches, written in found for text in _texts(written, pair, pattern)]
    return _first_of_each(read), "\n".join(rest)


def _habit(texts: list[str], pattern: str) -> str:
    """The quotes that all of the texts stand in, where they mean nothing; else ""."""
    for pair in ('""', "''", "“”", "‘’"):
        if all(_stands_in(text, pair) for text in texts):
            own = pair[0] in pattern and not _stands_in(pattern.strip(), pair)
            return "" if own else pair
    return ""


def _stands_in(text: str, pair: str) -> bool:
    return len(text) >= 2 and text[0] == pair[0] and text[-1] == pair[1]


def _texts(written: str, pair: str, pattern: str) -> list[str]:
    spans = list(_SPAN.finditer(written)) if "`" not in pattern else []
    if spans and spans[0].start() == 0:  # what stands behind is a remark, or the next one
        between = [written[one.end() : other.start()] for one, other in pairwise(spans)]
        many = all(_AND.fullmatch(part) for part in between)
        return [_inner(span) for span in (spans if many else spans[:1])]
    if pair or written in {'""', "''"}:
        return [written[1:-1]]
    return [written] if written else []


def _first_of_each(examples: list[Example] | tuple[Example, ...]) -> tuple[Example, ...]:
    """The examples without those whose text was there before, and without ones of several lines or too long."""
    found: dict[str, Example] = {}
    for example in examples:
        if len(example.text) <= LONGEST and "\n" not in example.text:
            found.setdefault(example.text, example)
    return tuple(found.values())[:MOST]


def all_examples(given: tuple[Example, ...], written: tuple[Example, ...]) -> tuple[Example, ...]:
    """Both, where the person's word on a text goes before the model's."""
    return _first_of_each((*given, *written))
