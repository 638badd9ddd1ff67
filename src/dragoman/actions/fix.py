"""Fix: mend what other language servers, or a compiler, reported; several problems at once too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.actions.base import Action, Offer, ResultKind
from dragoman.actions.places import paragraph, selected
from dragoman.actions.prompting import edit_messages, short
from dragoman.core.errors import BadInput
from dragoman.core.intent import Intent
from dragoman.core.syntax import whole_lines
from dragoman.core.text import Range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Diagnostic, Scene
    from dragoman.core.chat import Message
    from dragoman.core.context import Context
    from dragoman.core.syntax import Syntax

KIND = "quickfix"
_MOST = 5
"""Problems that get an entry of their own."""


def _offer(scene: Scene) -> Sequence[Offer]:
    single = {diagnostic.message: diagnostic for diagnostic in reversed(scene.diagnostics)}
    offers = [
        Offer(f"Fix: {short(diagnostic.message)}", KIND, diagnostics=(diagnostic,))
        for diagnostic in scene.diagnostics
        if single[diagnostic.message] is diagnostic
    ][:_MOST]
    if len(scene.diagnostics) > 1:
        offers.append(Offer(f"Fix all {len(scene.diagnostics)} problems here", KIND, diagnostics=scene.diagnostics))
    return offers


def _target(scene: Scene, syntax: Syntax) -> Range:
    if not scene.diagnostics:
        if scene.instruction:
            found = selected(scene) or _around(scene, syntax, scene.selection)
            if found is not None:
                return found
        raise BadInput(
            "There is no diagnostic here to fix. Put the cursor on one, or say what is wrong as the instruction."
        )
    ranges = [
        _around(scene, syntax, diagnostic.range) or scene.snapshot.full_lines(scene.snapshot.clamp(diagnostic.range))
        for diagnostic in scene.diagnostics
    ]
    return Range(min(range_.start for range_ in ranges), max(range_.end for range_ in ranges))


def _around(scene: Scene, syntax: Syntax, range_: Range) -> Range | None:
    """The definition around a place, else the lines up to blank ones; None on a blank line."""
    clamped = scene.snapshot.clamp(range_)
    symbol = syntax.symbol_at(whole_lines(scene.snapshot, clamped)) or syntax.symbol_at(clamped.start)
    return whole_lines(scene.snapshot, symbol.range) if symbol is not None else paragraph(scene, clamped.start.line)


def problem_line(diagnostic: Diagnostic) -> str:
    """One line on a diagnostic, as a model is shown it."""
    origin = " ".join(part for part in (diagnostic.source, diagnostic.code) if part)
    message = " ".join(diagnostic.message.split())
    return f"line {diagnostic.range.start.line + 1}: {diagnostic.severity}: {message}{f' ({origin})' if origin else ''}"


def _prompt(scene: Scene, context: Context) -> tuple[Message, ...]:
    problems = scene.diagnostics
    task = "Fix this" if len(problems) <= 1 else f"Fix all {len(problems)} problems"
    if problems:
        task += " in the target, at the root rather than by silencing the check:\n" + "\n".join(
            f"- {problem_line(problem)}" for problem in problems
        )
    else:
        task += " in the target."
    if scene.instruction:
        task += f"\n{scene.instruction}"
    return edit_messages(scene, context, task)


FIX = Action("fix", "Fix", ResultKind.EDIT, Intent.CODE, _offer, _target, _prompt)
