"""Regex: explain the pattern at the cursor, write one into the literal there, or one for a description or for examples.
What is answered was tried on examples first, where the flavour is one that can be tried.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dragoman.actions.base import Action, Offer, ResultKind
from dragoman.actions.places import has_selection
from dragoman.actions.prompting import code_messages, fenced, short
from dragoman.actions.regex_examples import Example, examples_in, examples_of
from dragoman.actions.regex_reply import PatternProposal, looks_like_pattern, read_reply
from dragoman.core.errors import BadInput, UnusableReply
from dragoman.core.flavours import flavour
from dragoman.core.intent import Intent
from dragoman.core.languages import language
from dragoman.core.literals import literal, literal_range, literals_in
from dragoman.core.text import Position, Range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.chat import Message
    from dragoman.core.context import Context
    from dragoman.core.literals import Literal
    from dragoman.core.syntax import Syntax

KIND = "source.dragoman.regex"
_EDIT_KIND = "refactor.rewrite"
_MOST_LINES = 100
"""Lines of a literal that is taken for a pattern."""
_DATA_LANGUAGES = frozenset({"json", "jsonc", "yaml", "toml", "xml", "csv", "log"})

_CALL = re.compile(
    r"\b(?:re\.\w+|regex\.\w+|RegExp|Regex(?:::new|\.new)?|regexp\.\w+|Pattern\.\w+|preg_\w+|compile|toRegex|std::regex"
    r"|matches|replaceAll|REGEXP_\w+)\s*\(\s*$|(?:=~|!~)\s*$",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"\s*(?:explain|what|why|how|which|does|is|can|check)\b|.*\?\s*$", re.IGNORECASE | re.DOTALL)


# What it is about


@dataclass(frozen=True, slots=True)
class _Known:
    """A pattern that is there: in a literal, or as a selected text (`literal` is None)."""

    pattern: str
    flags: str
    literal: Literal | None


def _place(scene: Scene) -> Range:
    """The selection without blanks at its ends."""
    start, end = scene.selection
    if start.line != end.line:
        return scene.selection
    text = scene.snapshot.slice(scene.selection)
    if not text.strip():
        return Range(start, start)
    head, tail = len(text) - len(text.lstrip()), len(text) - len(text.rstrip())
    return Range(Position(start.line, start.character + head), Position(end.line, end.character - tail))


def _literal_at(scene: Scene, syntax: Syntax | None = None) -> Range | None:
    """Where the literal at the cursor, or in the selection, stands; else the one pattern of the cursor's line."""
    snapshot, place = scene.snapshot, _place(scene)
    several = place.end.line - place.start.line
    if (
        not place.empty
        and several < _MOST_LINES
        and literal(snapshot.slice(place).strip(), snapshot.language) is not None
    ):
        return place
    found = literal_range(snapshot, place, syntax) or _only_one(scene, place)
    text = snapshot.slice(found) if found is not None else ""
    return found if literal(text, snapshot.language) is not None else None


def _only_one(scene: Scene, place: Range) -> Range | None:
    """The one literal inside the selection, or the one on the cursor's line if it is a pattern beyond doubt."""
    number = place.start.line
    if place.end.line != number:
        return None
    line = scene.snapshot.lines[number]
    places = list(literals_in(line, scene.snapshot.language))
    if not place.empty:
        places = [pair for pair in places if place.start.character <= pair[0] and pair[1] <= place.end.character]
    if len(places) != 1:
        return None
    start, end = places[0]
    found = literal(line[start:end], scene.snapshot.language)
    if found is None or not (found.is_regex or _CALL.search(line[:start])):
        return None
    return Range(Position(number, start), Position(number, end))


def _known_in(text: str, language_id: str) -> _Known | None:
    """The pattern that the text is, or None."""
    text = text.strip()
    found = literal(text, language_id)
    if found is not None:
        return _Known(found.text, found.flags, found)
    return _Known(text, "", None) if "\n" not in text and looks_like_pattern(text) else None


def _known(scene: Scene, subject: Range) -> _Known | None:
    """The pattern that the subject is, or None."""
    known = _known_in(scene.snapshot.slice(subject), scene.snapshot.language)
    if known is None or known.literal is None or known.flags:
        return known
    return replace(known, flags=_flags_beside(scene, subject))


def _flags_beside(scene: Scene, subject: Range) -> str:
    """The flags that the call around a string literal gives, as far as its line tells."""
    behind = scene.snapshot.lines[subject.end.line][subject.end.character :]
    if language(scene.snapshot.language).fence in {"javascript", "jsx", "typescript", "tsx"}:
        match = re.match(r"\s*,\s*[\"'`]([a-z]+)[\"'`]\s*\)", behind)
        return match[1] if match is not None else ""
    named = {
        "a": r"\bre\.(?:A|ASCII)\b",
        "i": r"\bre\.I\b|IGNORECASE|CASE_INSENSITIVE|\bIgnoreCase|IGNORE_CASE",
        "x": r"\bre\.X\b|VERBOSE|\bCOMMENTS\b|IgnorePatternWhitespace",
    }
    return "".join(letter for letter, pattern in named.items() if re.search(pattern, behind))


def _description(found: Literal) -> str:
    """The text of a string literal that describes a pattern rather than being one, or ""."""
    plain = not found.is_regex and not looks_like_pattern(found.text) and len(found.text.split()) > 1
    return found.text.strip() if plain else ""


def _asks(scene: Scene) -> bool:
    return _QUESTION.match(scene.instruction) is not None


def _wanted(scene: Scene, known: _Known | None) -> str:
    """What the new pattern is to match, in words; "" where only examples say so."""
    if scene.instruction or known is None or known.literal is None:
        return scene.instruction
    return _description(known.literal)


def _explains(scene: Scene, known: _Known | None) -> bool:
    """Whether the pattern that is there is asked about."""
    return known is not None and (_asks(scene) if scene.instruction else not _wanted(scene, known))


def _selected_lines(scene: Scene, known: _Known | None) -> tuple[Example, ...]:
    """The selection's lines as examples, where it is no pattern."""
    if known is not None or not has_selection(scene):
        return ()
    lines = (line.strip() for line in re.split(r"\r\n?|\n", scene.snapshot.slice(scene.selection)))
    return tuple(Example(line, matches=True, given=True) for line in lines if line)


# The menu and the target


def _offer(scene: Scene) -> Sequence[Offer]:
    place = _literal_at(scene)
    if place is None:
        return _offer_selection(scene)
    found = literal(scene.snapshot.slice(place), scene.snapshot.language)
    assert found is not None
    called = _CALL.search(scene.snapshot.lines[place.start.line][: place.start.character]) is not None
    if called and (words := _description(found)):
        title = f"Regex: write “{short(words, 40)}”"
        return (Offer(title, _EDIT_KIND, {"instruction": words}, place),)
    if found.text and (found.is_regex or called or looks_like_pattern(found.text)):
        return (Offer("Regex: explain", KIND, selection=place),)
    return ()


def _offer_selection(scene: Scene) -> Sequence[Offer]:
    if not has_selection(scene):
        return ()
    of = language(scene.snapshot.language)
    one_line = scene.selection.start.line == scene.selection.end.line
    if one_line and looks_like_pattern(scene.snapshot.slice(scene.selection).strip()):
        return (Offer("Regex: explain", KIND),)
    return (Offer("Regex: match the selected lines", KIND),) if of.prose or of.id in _DATA_LANGUAGES else ()


def _target(scene: Scene, syntax: Syntax) -> Range:
    found = _literal_at(scene, syntax)
    if found is not None and _explains(scene, _known(scene, found)):
        return found
    if has_selection(scene):
        return _place(scene)
    if not scene.instruction:
        raise BadInput(
            "Put the cursor on a pattern to have it explained, select lines that one should match, "
            "or say in words what it should match."
        )
    return Range(scene.selection.start, scene.selection.start)


def _literal_target(scene: Scene, syntax: Syntax) -> Range:
    found = _literal_at(scene, syntax)
    if found is None:
        raise BadInput("There is no string or pattern here to write into. Put the cursor on one, or on an empty line.")
    return found


# The question

_LINES = (
    "match: a text in which it must be found\n"
    "no match: a text in which it must not be found\n"
    "Two to four lines of each kind, each with the bare text. "
)
_FORM = (
    "Answer in this form:\n"
    "```regex\nthe pattern alone, in one line: no quotes, no slashes around it, no escapes of a string\n```\n"
    f"{_LINES}A pattern is found anywhere in a text: anchor it where the whole text is meant. "
    "Never nest repetitions such as (a+)+."
)


def _prompt(scene: Scene, context: Context) -> tuple[Message, ...]:
    known = _known_in(context.of_kind("target")[0].text, scene.snapshot.language)
    of = flavour(scene.snapshot.language)
    tongue = "the language that the task is written in" if scene.instruction else "English"
    present = f"The pattern:\n{fenced(known.pattern)}" if known is not None and known.pattern else ""
    flags = f"Its flags: {known.flags}" if known is not None and known.flags else ""
    if _explains(scene, known):
        rules = (
            "You explain a regular expression: first what it matches as a whole, then its parts, then what is easy to "
            f"overlook. Answer in Markdown, in {tongue}, and be brief. End with lines in this form:\n{_LINES}"
        )
        task = scene.instruction or "Explain the pattern."
        return code_messages(scene, context, _joined(task, present, flags, f"Its flavour: {of.name}."), rules)
    into = known is not None and known.literal is not None
    rules = f"You write a regular expression. {_FORM}" + (
        " Write nothing else." if into else f" Then explain it in a few sentences of Markdown, in {tongue}."
    )
    given = (*examples_in(scene.instruction), *_selected_lines(scene, known))
    wanted = _wanted(scene, known) or "Write a pattern that is found in each of the texts below, and in little else."
    task = _joined(
        f"{wanted}",
        "" if known is not None and _wanted(scene, known) == known.pattern else present,
        flags,
        f"The flavour: {of.name}.",
        _listed("It must be found in each of these lines", [each.text for each in given if each.matches]),
        _listed("It must not be found in any of these", [each.text for each in given if not each.matches]),
    )
    return code_messages(scene, context, task, rules)


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _listed(title: str, texts: Sequence[str]) -> str:
    return f"{title}:\n{fenced(chr(10).join(texts))}" if texts else ""


# The reply


def _proposal(scene: Scene, subject: Range, reply: str) -> PatternProposal:
    known = _known(scene, subject)
    if known is None or not _explains(scene, known):
        given = (*examples_in(scene.instruction), *_selected_lines(scene, known))
        pattern, flags, examples, rest = read_reply(reply, scene.snapshot.language, given)
        return PatternProposal(pattern, flags, examples, rest, scene.snapshot.language)
    examples, rest = examples_of(reply, known.pattern)
    if not rest.strip():
        raise UnusableReply("The model gave no answer. Try again, or choose another model.")
    return PatternProposal(known.pattern, known.flags, examples, rest.strip(), scene.snapshot.language, given=True)


def _literal_proposal(scene: Scene, subject: Range, reply: str) -> PatternProposal:
    known = _known(scene, subject)
    assert known is not None
    assert known.literal is not None
    language_id = scene.snapshot.language
    pattern, flags, examples, rest = read_reply(reply, language_id, examples_in(scene.instruction))
    flags = flags if known.literal.is_regex else ""
    try:
        written = known.literal.with_text(pattern, flags or None)
    except ValueError as error:
        raise UnusableReply(f"The pattern {pattern!r} was not put in: {error}.") from None
    return PatternProposal(
        pattern, flags or known.flags, examples, rest, language_id, target=subject, written=written
    )  # fmt: skip


def _variant(scene: Scene) -> Action:
    """Into a literal it is an edit, unless the pattern that is there is asked about."""
    found = _literal_at(scene)
    known = _known(scene, found) if found is not None else None
    if known is None or _explains(scene, known) or not _wanted(scene, known):
        return REGEX
    return _INTO_LITERAL


REGEX = Action(
    "regex",
    "Regex",
    ResultKind.ANSWER,
    Intent.REGEX,
    _offer,
    _target,
    _prompt,
    variant=_variant,
    proposal=_proposal,
)
_INTO_LITERAL = replace(REGEX, result=ResultKind.EDIT, target=_literal_target, variant=None, proposal=_literal_proposal)
