"""Which kind of work a free text asks for. A pure, explainable decision in microseconds; never calls a model."""

from __future__ import annotations

import re

from dragoman.core import classifier_words as words
from dragoman.core.intent import Intent, LabelledIntent

LONGEST_READ = 400
"""Code points that are looked at: what is wanted stands at the start, the rest is pasted material."""


def _any(*fragments: str) -> re.Pattern[str]:
    return re.compile("|".join(fragments))


def _whole(fragments: tuple[str, ...]) -> str:
    return rf"\b(?:{'|'.join(fragments)})\b"


_START = r"(?:^|[.,:;?!\n]\s*)"
_ASKS = re.compile(
    f"(?P<analysis>{_whole(words.ANALYSE)}|{_START}{words.YES_OR_NO}\\b|{words.ZH_ANALYSE})"
    f"|(?P<explanation>{_whole(words.EXPLAIN)}|{words.ZH_EXPLAIN})"
    f"|(?P<making>{_whole(words.MAKE)}|{words.ZH_MAKE})"
    f"|(?P<question>{_whole(words.ASK)})"
)
"""What is to be done, by the verb or question that comes first."""

_TESTS = _any(*words.TESTS, words.ZH_TESTS)
_REGEX = _any(*words.REGEX, words.ZH_REGEX)
_PROSE = _any(*words.PROSE, words.ZH_PROSE)
_LANGUAGE = _any(words.INTO_A_LANGUAGE)
_FAULTS = _any(*words.FAULTS)
_CODE = _any(*words.CODE, words.ZH_CODE)
_HERE = _any(*words.HERE)
_POLITE = re.compile(
    r"^\W*(?:(?:please|pls|plz|hey|hi|hello|ok|so|now|just|bitte|por favor|s'il te plaît|请|kindly"
    r"|(?:can|could|would|will) (?:you|u)|can we|let's(?! have)|i(?:'d| would)? (?:want|like) (?:you )?to"
    r"|i need (?:you )?to|help me(?! understand))\b[\s,:!]*)+",
)


def classify(text: str) -> LabelledIntent:
    """The kind of work that a free text asks for.

    The verb that comes first says what is to be done ("explain this regex" is an explanation); where something is to
    be made, the noun that comes next says of which kind ("write a test that explains the bug" makes tests).
    """
    head = _POLITE.sub("", text[:LONGEST_READ].lower())
    ask = _ASKS.search(head)
    if ask is None:
        return _by_nouns(head)
    said = ask.group().strip(" .,:;?!\n")
    match ask.lastgroup:
        case "making":
            return _made(head, ask, said)
        case "analysis":
            return _label(Intent.ANALYSIS, f"“{said}”")
        case "explanation":
            return _explained(head, said)
        case _:
            return _asked(head, ask, said)


def _made(head: str, ask: re.Match[str], verb: str) -> LabelledIntent:
    """What is made or changed: the first noun that is known says of which kind."""
    behind = head[ask.start() :].split("\n", 1)[0]
    if verb in ("give", "need") and (later := re.search(_whole(words.EXPLAIN), behind)):
        return _label(Intent.EXPLANATION, f"“{verb} … {later.group()}”")
    if (language := _LANGUAGE.search(behind)) and not _CODE.search(behind):
        return _label(Intent.GENERAL, f"“{verb} … {language.group()}”")
    found = _first_noun(behind) or _first_noun(head)
    if found is None:
        return _label(Intent.CODE, f"“{verb}”")
    at, intent, noun = found
    return _label(intent, f"“{noun}”" if at == 0 else f"“{verb} … {noun}”")


def _first_noun(text: str) -> tuple[int, Intent, str] | None:
    nouns = [
        (found.start(), intent, found.group())
        for intent, pattern in ((Intent.TESTS, _TESTS), (Intent.REGEX, _REGEX), (Intent.GENERAL, _PROSE))
        if (found := pattern.search(text))
    ]
    return min(nouns, default=None)


def _explained(head: str, verb: str) -> LabelledIntent:
    """An explanation, unless it is of what people have written for people."""
    prose = _PROSE.search(head)
    return _label(Intent.GENERAL, f"“{prose.group()}”") if prose else _label(Intent.EXPLANATION, f"“{verb}”")


def _asked(head: str, ask: re.Match[str], question: str) -> LabelledIntent:
    """A question: about code, or about the world."""
    making = re.search(_whole(words.MAKE), head[: ask.start()])
    about = next((found for pattern in (_CODE, _REGEX, _TESTS, _HERE) if (found := pattern.search(head))), None)
    if question == "which" and (noun := _REGEX.search(head)):
        return _label(Intent.REGEX, f"“{question} … {noun.group()}”")
    if about is None and (later := re.search(_whole(words.EXPLAIN), head)):
        return _explained(head, later.group())
    if about is None or making:
        return _by_nouns(head)
    return _label(Intent.EXPLANATION, f"“{question}” about “{about.group()}”")


def _by_nouns(head: str) -> LabelledIntent:
    """A text whose verb says nothing: what it speaks of."""
    for intent, pattern in (
        (Intent.GENERAL, _PROSE),
        (Intent.TESTS, _TESTS),
        (Intent.REGEX, _REGEX),
        (Intent.ANALYSIS, _FAULTS),
        (Intent.CODE, _CODE),
    ):
        if found := pattern.search(head):
            return _label(intent, f"speaks of “{found.group()}”")
    return _label(Intent.GENERAL, "nothing in it names a kind of work")


def _label(intent: Intent, reason: str) -> LabelledIntent:
    return LabelledIntent(intent, "classifier", reason)
