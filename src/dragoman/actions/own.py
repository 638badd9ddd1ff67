"""Own actions: prompts that a person, or a project, has put into the settings, made into actions like the others."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from dragoman.actions.base import Action, Offer, ResultKind
from dragoman.actions.findings import RULES
from dragoman.actions.places import definition, document_name, has_selection, near_definition, selected, whole_file
from dragoman.actions.prompting import answer_messages, code_messages, edit_messages, fenced
from dragoman.actions.review import numbered
from dragoman.core.errors import BadInput
from dragoman.core.intent import Intent
from dragoman.core.languages import language, language_id
from dragoman.core.printable import in_one_line, printable_name
from dragoman.core.template import filled, placeholders

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.chat import Message
    from dragoman.core.context import Context
    from dragoman.core.settings import OwnAction
    from dragoman.core.syntax import Syntax
    from dragoman.core.text import Range

_INTENTS = MappingProxyType(
    {
        ResultKind.EDIT: Intent.CODE,
        ResultKind.ANSWER: Intent.EXPLANATION,
        ResultKind.FINDINGS: Intent.ANALYSIS,
    }
)
_AROUND: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"file": ("imports", "before", "symbol", "after"), "diagnostics": ("diagnostics",)}
)
"""Pieces of the context that a placeholder gives already."""


def own_action(name: str, own: OwnAction) -> Action:
    """The action of these settings, whose prompt is there."""
    result = ResultKind(own.result)
    kind: str = own.kind or ("refactor.rewrite" if result is ResultKind.EDIT else "source.dragoman")
    kind = f"{kind}.{name}" if kind == "source.dragoman" else kind
    title = in_one_line(own.title or name.replace("-", " ").replace("_", " ").capitalize())
    return Action(
        name,
        title,
        result,
        own.intent or _INTENTS[result],
        partial(_offer, title, kind, frozenset(language_id(name.lower()) for name in own.languages)),
        _target,
        partial(_prompt, own.prompt or "", result),
        original=_numbered if result is ResultKind.FINDINGS else None,
        provider=own.provider,
        model=own.model,
    )


def _offer(title: str, kind: str, languages: frozenset[str], scene: Scene) -> Sequence[Offer]:
    if not languages & {"*", scene.snapshot.language.lower()}:
        return ()
    there = has_selection(scene) or near_definition(scene) or whole_file(scene) is not None
    return (Offer(title, kind),) if there else ()


def _target(scene: Scene, syntax: Syntax) -> Range:
    found = selected(scene) or definition(scene, syntax) or whole_file(scene)
    if found is None:
        raise BadInput(
            "There is nothing here to work on. Select some text, or put the cursor inside a function or class."
        )
    return found


def _numbered(scene: Scene, target: Range) -> str:
    return numbered(scene.snapshot, target)


def _prompt(template: str, result: ResultKind, scene: Scene, context: Context) -> tuple[Message, ...]:
    used = placeholders(template)
    task = filled(template, _values(scene, context)).strip()
    if scene.instruction and "instruction" not in used:
        task += f"\nIn particular: {scene.instruction}"
    given = {kind for placeholder in used for kind in _AROUND.get(placeholder, ())}
    rest = replace(context, pieces=tuple(piece for piece in context.pieces if piece.kind not in given))
    shows_target = "selection" not in used
    match result:
        case ResultKind.ANSWER:
            return answer_messages(scene, rest, task, shows_target=shows_target)
        case ResultKind.FINDINGS:
            rules = f"You review it. Its lines are numbered; cite those numbers.\n{RULES}"
            return code_messages(scene, rest, task, rules, shows_target=shows_target)
        case _:
            return edit_messages(scene, rest, task, shows_target=shows_target)


def _values(scene: Scene, context: Context) -> dict[str, Callable[[], str]]:
    """What stands for each placeholder. Texts of the document are fenced: they are data."""
    of = language(scene.snapshot.language)
    target = context.of_kind("target")[0]
    return {
        "selection": lambda: fenced(target.text, of.fence),
        "file": lambda: _file(context, of.fence),
        "language": lambda: of.name,
        "path": lambda: printable_name(document_name(scene)),
        "instruction": lambda: scene.instruction,
        "diagnostics": lambda: "".join(piece.text for piece in context.of_kind("diagnostics")).rstrip() or "none",
    }


def _file(context: Context, fence: str) -> str:
    """The document, as much of it around the target as the context's budget allows."""
    from dragoman.core.context import TARGET_MARK  # noqa: PLC0415 - the menu needs none of it

    def text(kind: str) -> str:
        return "".join(piece.text for piece in context.of_kind(kind))

    core = text("symbol").replace(TARGET_MARK, text("target")) or text("target")
    left = any(piece.kind in {"before", "after"} for piece in context.left_out)
    shown = fenced(f"{text('imports')}{text('before')}{core}{text('after')}", fence)
    return f"{shown}\n(Parts of the file are left out.)" if left else shown
