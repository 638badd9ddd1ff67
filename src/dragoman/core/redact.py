"""Secrets in what is sent to a model become placeholders, and placeholders in the reply become the secrets again. Pure.
Never tells a secret: a table and a finding show none in their repr.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from dragoman.core.redact_rules import NAMED, OF_SOMETHING_ELSE, PLACES, TOKENS, VALUE, Noun

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from dragoman.core.redact_rules import Named, Rule

T = TypeVar("T")

INSTRUCTION = (
    "Words such as REDACTED_1_KEY stand for secrets that you are not shown. "
    "Copy each one exactly as it is wherever its value belongs, and invent none."
)
"""What a model is told where something was hidden from it."""

SHORTEST_KNOWN = 8
"""A known secret of fewer characters is none: "none" or "ollama" is what people give a server that wants any key."""

_MOST_SOUGHT = 50
"""So many secrets that were found once are looked for wherever else they stand: more of them is a list of secrets,
and a rule finds each where it is. It bounds the time that a hostile text can take."""

_MOST_FOUND = 500
_USUAL_DISTANCE = 40
"""A rule is to find no more secrets in a text than that, and to try no more often than once in so many characters."""

_NOUNS = "|".join(Noun)
_PLACEHOLDER = re.compile(rf"REDACTED_[1-9][0-9]{{0,8}}_(?:{_NOUNS})")
"""No end of a placeholder is the beginning of one, and none begins another, so that they are read in one way only,
whatever stands beside them."""
_ALIKE = re.compile(
    rf"redacted[_ -]?(?:[0-9]{{1,9}}(?:[_ -]?(?:{_NOUNS}))?|(?:{_NOUNS})[_ -]?[0-9]{{1,9}})", re.IGNORECASE | re.ASCII
)
"""Placeholders, and what becomes of them when they are copied carelessly."""
_BETWEEN_WORDS = bytes(at if chr(at).isascii() and (chr(at).isalnum() or chr(at) in "_-") else 32 for at in range(256))
"""For `bytes.translate`: makes spaces of all that is between words."""
_ESCAPED_SPACE = re.compile(rb"\\[nrt]")


def _grouped(pairs: Iterable[tuple[bytes, T]]) -> Mapping[bytes, tuple[T, ...]]:
    groups: dict[bytes, tuple[T, ...]] = {}
    for key, value in pairs:
        groups[key] = (*groups.get(key, ()), value)
    return MappingProxyType(groups)


_RULES = _grouped((gate, rule) for rule in (*TOKENS, *PLACES) for gate in rule.gates)
"""What is tried where a gate stands."""
_PLACE_GATES = frozenset(gate for rule in PLACES for gate in rule.gates)
_TOKEN_GATES = _grouped((gate.translate(_BETWEEN_WORDS).split()[0][:3], gate) for rule in TOKENS for gate in rule.gates)
"""The beginnings of tokens by how a word begins that begins so."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something was hidden: what `kind` of secret, in which `line` of the text, counted from 1."""

    kind: str
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """Which placeholder stands for what: pairs of placeholder and secret, in the order in which they were found.

    One table serves all messages of a request and of the conversation that follows.
    """

    entries: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def placeholders(self) -> tuple[str, ...]:
        """All of them; none where nothing was hidden."""
        return tuple(placeholder for placeholder, _ in self.entries)


@dataclass(frozen=True, slots=True)
class Redacted:
    """The text as it may be sent, the table that restores it, and what was hidden in it."""

    text: str
    table: Table
    findings: tuple[Finding, ...] = ()


class _Span(NamedTuple):
    """A secret's place in the text."""

    start: int
    end: int
    kind: str
    noun: Noun


def redact(text: str, known: Collection[str] = (), table: Table = Table()) -> Redacted:
    """The text with every secret replaced: those that the rules find, those in `known`, those in the table.

    What already looks like a placeholder is replaced too, so that `restore` gives back exactly this text. It is for
    texts of the person: one that was redacted before would be so twice.
    """
    if not text:  # as what a person types for an action is, mostly
        return Redacted(text, table)
    lowered = text.encode("ascii", "replace").lower()  # a byte for each character, so that places are the same
    spans = _disjoint([*_known(text, known), *_alike(text, lowered), *_by_rules(text, lowered)])
    spans = _disjoint([*spans, *_elsewhere(text, spans, table)])
    if not spans:
        return Redacted(text, table)
    return _replaced(text, spans, table)


def restore(text: str, table: Table) -> str:
    """The text with the secrets of the table in the places of their placeholders."""
    if not table.entries:
        return text
    secrets = dict(table.entries)
    return _PLACEHOLDER.sub(lambda match: secrets.get(match[0], match[0]), text)


def place_in(redacted: str, table: Table, place: int) -> int | None:
    """Where in a redacted text a place of the text before is; None within what was hidden, and at its end.

    `place` counts characters, as does what is returned.
    """
    secrets = dict(table.entries)
    hidden = 0
    for match in _PLACEHOLDER.finditer(redacted):
        start = match.start() + hidden
        if place <= start:
            break
        if place <= start + len(secrets[match[0]]):
            return None
        hidden += len(secrets[match[0]]) - len(match[0])
    return place - hidden


def mangled(reply: str, table: Table) -> tuple[str, ...]:
    """What in a reply, as the model wrote it, looks like a placeholder and is none: the model changed or invented it,
    and no secret can be put there. No redacted text holds such a word.
    """
    placeholders = set(table.placeholders)
    return tuple(dict.fromkeys(match[0] for match in _ALIKE.finditer(reply) if match[0] not in placeholders))


class Restorer:
    """Restores a text that comes in pieces. Holds back only what may be the beginning of a placeholder."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._beginnings = {name[:length] for name in table.placeholders for length in range(1, len(name))}
        self._longest = max(map(len, self._beginnings), default=0)
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown now."""
        text = self._held + piece
        open_from = len(text) - self._open(text)
        self._held = text[open_from:]
        return restore(text[:open_from], self._table)

    def close(self) -> str:
        """The rest, as it is: no placeholder can follow."""
        rest, self._held = self._held, ""
        return rest

    def _open(self, text: str) -> int:
        """How many characters at the end may be the beginning of a placeholder."""
        for length in range(min(self._longest, len(text)), 0, -1):
            if text[-length:] in self._beginnings:
                return length
        return 0


def _known(text: str, known: Iterable[str]) -> Iterator[_Span]:
    for secret in {secret.strip() for secret in known}:
        if len(secret) >= SHORTEST_KNOWN:
            yield from _occurrences(text, secret, "known secret", Noun.SECRET)


def _alike(text: str, lowered: bytes) -> Iterator[_Span]:
    """Words of the text that would be taken for placeholders. They are no secrets: their kind is empty."""
    for match in _ALIKE.finditer(text) if b"redacted" in lowered else ():
        yield _Span(*match.span(), "", Noun.TEXT)


def _by_rules(text: str, lowered: bytes) -> Iterator[_Span]:
    words = set(_ESCAPED_SPACE.sub(b"  ", lowered).translate(_BETWEEN_WORDS).split())
    vocabulary = b" ".join(words)  # far shorter than the text

    for gate in _PLACE_GATES | _beginnings(words):
        if _telling(gate) in vocabulary and (places := _places(lowered, gate)):
            for rule in _RULES[gate]:
                yield from _bounded(text, _by_rule(text, rule, places))
    for named in NAMED:
        if any(_telling(gate) in vocabulary for gate in named.gates):
            yield from _bounded(text, _by_name(text, lowered, named))


def _beginnings(words: Iterable[bytes]) -> set[bytes]:
    """The beginnings of tokens that may be among the words: there are so many that only those are sought that begin as
    a word does.
    """
    heads = {word[:3] for word in words}
    heads |= {head[:2] for head in heads} | {head[:1] for head in heads}
    return {gate for head in heads & _TOKEN_GATES.keys() for gate in _TOKEN_GATES[head]}


@cache
def _telling(gate: bytes) -> bytes:
    """The longest part of a word in the gate, but for what an escape right before it would take for its own."""
    parts = gate.translate(_BETWEEN_WORDS).split()
    return max((part.lstrip(b"nrt") for part in parts), key=len, default=b"")


def _places(lowered: bytes, gate: bytes) -> list[int]:
    places = []
    at = lowered.find(gate)
    while at >= 0:
        places.append(at)
        at = lowered.find(gate, at + len(gate))
    return places


def _by_rule(text: str, rule: Rule, places: list[int]) -> Iterator[tuple[_Span, bool]]:
    after = 0
    for at in places:
        match = rule.pattern.match(text, at - rule.behind) if at >= max(after, rule.behind) else None
        if match is not None:
            is_secret = rule.check(match["secret"])
            yield _Span(*match.span("secret"), rule.kind, rule.noun), is_secret
            after = match.end("secret") if is_secret else 0


def _by_name(text: str, lowered: bytes, named: Named) -> Iterator[tuple[_Span, bool]]:
    for name in named.names.finditer(lowered):
        match = VALUE.match(text, name.end())
        if match is not None and (form := match.lastgroup) is not None:
            secret = match[form]
            if len(secret) >= named.shortest and not name[0].rstrip(b"s").endswith(OF_SOMETHING_ELSE):
                yield _Span(*match.span(form), named.kind, named.noun), named.check(secret, form)


def _bounded(text: str, candidates: Iterable[tuple[_Span, bool]]) -> Iterator[_Span]:
    """Those that are secrets; where a rule has too many, all that follows as one: such a text is a list of secrets, or
    made to take long, and what is hidden in vain does no harm.
    """
    found, most = 0, _MOST_FOUND + len(text) // _USUAL_DISTANCE
    for tried, (span, is_secret) in enumerate(candidates):
        if found == _MOST_FOUND or tried == most:
            yield span._replace(end=len(text))
            return
        if is_secret:
            found += 1
            yield span


def _elsewhere(text: str, spans: list[_Span], table: Table) -> Iterator[_Span]:
    """Where secrets that were found once, here or in an earlier text, stand without what gave them away."""
    here = {text[span.start : span.end]: span for span in spans if span.kind}
    sought = [(secret, span.kind, span.noun) for secret, span in here.items() if len(secret) >= SHORTEST_KNOWN]
    former = ((secret, Noun(name.rpartition("_")[2])) for name, secret in table.entries if secret not in here)
    sought[_MOST_SOUGHT:] = [
        (secret, "repeated secret", noun)
        for secret, noun in former
        if noun is not Noun.TEXT and len(secret) >= SHORTEST_KNOWN
    ][:_MOST_SOUGHT]
    for secret, kind, noun in sought:
        yield from _occurrences(text, secret, kind, noun)


def _occurrences(text: str, secret: str, kind: str, noun: Noun) -> Iterator[_Span]:
    at = text.find(secret)
    while at >= 0:
        yield _Span(at, at + len(secret), kind, noun)
        at = text.find(secret, at + len(secret))


def _disjoint(spans: list[_Span]) -> list[_Span]:
    """The spans in order; those that overlap are one, of the kind of the first that is a secret."""
    disjoint: list[_Span] = []
    for span in sorted(spans):
        if not disjoint or span.start >= disjoint[-1].end:
            disjoint.append(span)
        elif span.end > disjoint[-1].end or not disjoint[-1].kind:
            last = disjoint[-1]
            of = last if last.kind else span
            disjoint[-1] = _Span(last.start, max(span.end, last.end), of.kind, of.noun)
    return disjoint


def _replaced(text: str, spans: list[_Span], table: Table) -> Redacted:
    entries = list(table.entries)
    placeholders = {secret: placeholder for placeholder, secret in entries}
    findings: list[Finding] = []
    pieces: list[str] = []
    start, end, line = 0, 0, 1
    for span in spans:
        secret = text[span.start : span.end]
        if secret not in placeholders:
            placeholders[secret] = f"REDACTED_{len(entries) + 1}_{span.noun}"
            entries.append((placeholders[secret], secret))
        pieces += (text[end : span.start], placeholders[secret])
        line += _line_ends(text[start : span.start])
        if span.kind:
            findings.append(Finding(span.kind, line))
        start, end = span.start, span.end
    return Redacted("".join((*pieces, text[end:])), Table(tuple(entries)), tuple(findings))


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")
