"""What a model's reply about a regular expression proposes, what trying it shows, and how that is told. Tries nothing
itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dragoman.actions.base import AnswerResult, EditResult
from dragoman.actions.prompting import fenced
from dragoman.actions.regex_examples import Example, all_examples, examples_of
from dragoman.core.errors import UnusableReply
from dragoman.core.fences import blocks
from dragoman.core.flavours import flavour
from dragoman.core.literals import literal, literals_in
from dragoman.core.pattern_translation import is_sure, translated
from dragoman.core.ports import Experiment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Result
    from dragoman.core.pattern_translation import Translation
    from dragoman.core.ports import Observed
    from dragoman.core.text import Range

_TELLING = re.compile(
    r"\\[dDwWsSbBpPAzZ]|\\[.()\[\]{}|+*?$^/]|\[\^|\[[^\]\s]{0,40}\w-\w[^\]\s]{0,40}\]|\(\?[:=!<>#imsxP]|\.[*+]|[)\]][*+?{]"
    r"|\w\{\d+(?:,\d*)?\}|^\^.|[\w)\]]\$$|\([^()|]+\|[^()]+\)"
)

_LONGEST = 1000
"""Code points of a text that are looked at for signs of a pattern."""


def looks_like_pattern(text: str) -> bool:
    """Whether the text is plainly meant as a regular expression. Errs to the side of no."""
    return _TELLING.search(text[:_LONGEST]) is not None


@dataclass(frozen=True)
class PatternProposal:
    """`actions.base.Proposal`: a pattern with its examples. `explanation` is what else the model wrote.

    given: the pattern was there before, and the model's word on it is what is tried. target: the literal that is
    replaced by `written`, if one is.
    """

    pattern: str
    flags: str
    examples: tuple[Example, ...]
    explanation: str
    language_id: str
    given: bool = False
    target: Range | None = None
    written: str = ""

    @cached_property
    def _translation(self) -> Translation:
        return translated(self.pattern, self.flags, flavour(self.language_id))

    @property
    def experiment(self) -> Experiment | None:
        """See `actions.base.Proposal`."""
        of = self._translation
        if of.error or of.unknown:
            return None
        return Experiment(of.engine, of.pattern, of.flags, tuple(example.text for example in self.examples))

    def failure(self, observed: Observed | None) -> str:
        """See `actions.base.Proposal`."""
        wrong = self._wrong(observed)
        told = [] if self.given else [self._error(observed), self._endless(observed)]
        faults = [fault for fault in told if fault] or [self._told(example) for example in wrong]
        if not faults:
            return ""
        what = "your examples are not so" if self.given else "your pattern fails"
        return (
            f"Tried, {what}:\n" + "\n".join(f"- {fault}" for fault in faults) + "\nAnswer again in the same form. "
            "Where an example of your own was wrong, correct it; write no escapes of a string."
        )

    def result(self, observed: Observed | None) -> Result:
        """See `actions.base.Proposal`."""
        if self.target is None:
            head = "" if self.given else f"{fenced(self.pattern, 'regex')}\n\n"
            parts = (f"{head}{self.explanation}".strip(), self._report(observed))
            return AnswerResult("\n\n".join(part for part in parts if part) + "\n")
        wrong = self._wrong(observed)
        fault = self._error(observed) or self._endless(observed) or (self._told(wrong[0]) if wrong else "")
        problem = f"The pattern `{self.pattern}` fails when it is tried: {fault}." if fault else None
        untried = self._untried(observed)
        return EditResult(
            self.target, self.written, problem, (f"The pattern was not tried: {untried}.",) if untried else ()
        )

    def _error(self, observed: Observed | None) -> str:
        """Why it is no pattern, or ""."""
        if self._translation.error:
            return self._translation.error
        if observed is None or not observed.error or not is_sure(observed.error, self._translation):
            return ""
        return f"it is no pattern: {observed.error}"

    def _endless(self, observed: Observed | None) -> str:
        """On which text it ran into the time limit, or ""."""
        if observed is None or not observed.late:
            return ""
        if len(observed.found) >= len(self.examples):
            return "it does not come to an end"
        return f"on {_code(self.examples[len(observed.found)].text)} it does not come to an end in time"

    def _untried(self, observed: Observed | None) -> str:
        """Why nothing is known of it, or ""."""
        if self._translation.error:
            return ""
        if self._translation.unknown or observed is None:
            return self._translation.unknown or "nothing can be tried here"
        if observed.fault:
            return observed.fault
        return "" if not observed.error or self._error(observed) else f"the engine here says {observed.error!r}"

    def _wrong(self, observed: Observed | None) -> list[Example]:
        found = observed.found if observed is not None else ()
        return [example for example, was in zip(self.examples, found, strict=False) if was is not example.matches]

    def _told(self, example: Example) -> str:
        return f"{_code(example.text)} {'does not match, and should' if example.matches else 'matches, and should not'}"

    def _report(self, observed: Observed | None) -> str:
        """What was tried and how it went, in Markdown."""
        untried = self._untried(observed)
        if untried:
            return f"*Not tried: {untried}.*"
        faults = [fault for fault in (self._error(observed), self._endless(observed)) if fault]
        wrong = self._wrong(observed)
        found = observed.found if observed is not None else ()
        lines = [f"- ✗ {fault}" for fault in faults]
        for example, was in zip(self.examples, found, strict=False):
            plain = f"{_code(example.text)} {'matches' if was else 'does not match'}"
            lines.append(f"- ✗ {self._told(example)}" if example in wrong else f"- ✓ {plain}")
        name = flavour(self.language_id).name
        return f"Tried as {name} has it:\n\n" + "\n".join(lines) if lines else f"*It compiles as {name} has it.*"


def _code(text: str) -> str:
    """The text as code in Markdown."""
    if not text:
        return "the empty text"
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


_ASK_AGAIN = "Answer again: the pattern alone in one fenced block, then the lines `match: …` and `no match: …`."
_ASSIGNED = re.compile(
    r"(?:^\s*(?:(?:const|let|var|val|final|static|my|local|auto|private|public)\b[^=]*|[A-Za-z_]\w*\s)=\s*|"
    r"(?:compile|RegExp|Regex|regex|new|match|search|findall|fullmatch|sub|test|preg_\w+|MustCompile)\s*\(\s*)$"
)


def read_reply(
    reply: str, language_id: str, given: tuple[Example, ...]
) -> tuple[str, str, tuple[Example, ...], str]:  # fmt: skip
    """The pattern in a reply, flags that it brings, its examples with those that were given, and what else it says.

    Raises `UnusableReply` where there is no pattern, or more than one.
    """
    found, behind = blocks(re.sub(r"\r\n?", "\n", reply))
    filled = [block for block in found if block.text.strip()]
    outside = "\n".join((*(block.before for block in found), behind)) if filled else behind
    text, outside = (filled[0].text.strip("\n"), outside) if filled else _unfenced(outside)
    own, rest = examples_of(outside, text)
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1:
        inside, text = examples_of(text, text.partition("\n")[0])  # a model that put all into the fence
        own = (*own, *inside)
        lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) != 1 and not re.search(r"\(\?[a-z]*x", text):
        what = "no pattern" if not lines else "several patterns"
        raise UnusableReply(f"The model gave {what}, and nothing was changed. Try again.", follow_up=_ASK_AGAIN)
    examples = all_examples(given, own)
    pattern, flags = _unwrapped(lines[0] if len(lines) == 1 else text, language_id, examples)
    if not pattern:
        raise UnusableReply(
            "The model gave an empty pattern, and nothing was changed. Try again.", follow_up=_ASK_AGAIN
        )
    return pattern, flags, examples, re.sub(r"\n{3,}", "\n\n", rest).strip()


def _unfenced(text: str) -> tuple[str, str]:
    """The pattern in a reply without a fence, and what else it says: a line `pattern: …`, or a line that is code."""
    lines = text.strip("\n").split("\n")
    filled = [line for line in lines if line.strip() and examples_of(line, "")[1]]
    for number, line in enumerate(lines):
        named = re.match(
            r"\s*[*_]*(?:pattern|regex|regular expression)[*_]*\s*:[*_]*\s*(\S.*?)\s*$", line, re.IGNORECASE
        )
        alone = re.fullmatch(r"\s*(`{1,2})(.+)\1\s*", line)
        if named is not None or alone is not None or len(filled) == 1:
            inside = named[1] if named is not None else line.strip()
            code = re.fullmatch(r"(`{1,2})(.+)\1", inside)
            if code is None and named is None and not looks_like_pattern(inside):
                continue
            return (code[2] if code is not None else inside), "\n".join((*lines[:number], *lines[number + 1 :]))
    return "", text


def _unwrapped(text: str, language_id: str, examples: Sequence[Example]) -> tuple[str, str]:
    """The pattern and its flags where the model wrote a literal, or a call that makes it, after all.

    Quotes or slashes that stand in every text that must match are the pattern's own.
    """
    pattern = text.strip(" \t") if text.strip() else text
    places = list(literals_in(pattern, language_id))
    if len(places) == 1 and places[0] != (0, len(pattern)):
        start, end = places[0]
        if _ASSIGNED.search(pattern[:start]) and re.fullmatch(r"[\s;),.\w|]*", pattern[end:]):
            pattern = pattern[start:end]
    found = literal(pattern, language_id)
    slashes = re.fullmatch(r"/(.+)/([a-z]*)", pattern) if found is None else None
    if found is None and slashes is None:
        return pattern, ""
    mark = next((character for character in pattern if character in "\"'`/"), "")
    wanted = [example.text for example in examples if example.matches]
    if mark and wanted and all(mark in text for text in wanted) and pattern[0] == mark:
        return pattern, ""
    if found is None:
        assert slashes is not None
        return slashes[1].replace("\\/", "/"), slashes[2]
    return found.text, found.flags
