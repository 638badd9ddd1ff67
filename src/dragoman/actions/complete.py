"""Inline completion up to the question: the gap at the cursor, whom its text may go to, and its secrets hidden.

Like `perform` it asks through ports alone; nothing is asked of a model here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dragoman.actions.hiding import around, hide
from dragoman.actions.places import posix
from dragoman.core.chat import user
from dragoman.core.completion import TOKENS, Question, gap_at
from dragoman.core.errors import BadInput
from dragoman.core.redact import place_in, redact
from dragoman.core.text import Range

if TYPE_CHECKING:
    from dragoman.actions.prepared import Preferences, Tools
    from dragoman.core.completion import Gap
    from dragoman.core.text import Position, Snapshot


async def question_at(
    snapshot: Snapshot, position: Position, path: str, tools: Tools, preferences: Preferences
) -> Question | None:
    """What to ask a model at the cursor; None where nothing should be proposed. `path` is that of the document, or of
    the file which its text is from, or "".

    Raises `BadInput` where the document's text may go to no model.
    """
    may = (await tools.files.disclosures([path]))[path]
    if may.withheld:
        raise BadInput(may.withheld)

    def look() -> Question | None:
        budget = min(TOKENS, preferences.max_context_tokens)
        gap = gap_at(snapshot, position, max_tokens=budget, name=posix(path).rpartition("/")[2])
        if gap is None:
            return None
        question = Question(gap, gap, local_only=may.local_only, source=_source(gap, position))
        document = around(snapshot, Range(position, position))
        return _hidden(question, document, tools) if preferences.redact else question

    return await tools.workers.run(look)


def _hidden(question: Question, document: str, tools: Tools) -> Question | None:
    """The question without secrets; None where the cursor stands in one, or at its end: it may be still being typed."""
    gap = question.gap
    text = gap.prefix + gap.suffix
    if text in document and not redact(document, tools.known_secrets).table.entries:
        return question
    hidden = hide((user(text),), document, tools.known_secrets)
    text = hidden.messages[0].text
    cut = place_in(text, hidden.sent, len(gap.prefix))
    if cut is None:
        return None
    shown = replace(gap, prefix=text[:cut], suffix=text[cut:])
    return replace(question, shown=shown, secrets=hidden.sent)


def _source(gap: Gap, position: Position) -> str:
    """The file with the lines that are shown of it, one-based."""
    first = position.line + 1 - gap.prefix.count("\n")
    last = position.line + 1 + gap.suffix.count("\n")
    return f"{gap.name or 'untitled'}:{first}-{last}"
