"""Document: write or renew the doc comment of the definition at the cursor, and change nothing else."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from dragoman.actions.base import Action, Offer, ResultKind
from dragoman.actions.places import definition, near_definition, selected
from dragoman.actions.prompting import edit_messages
from dragoman.core.errors import BadInput
from dragoman.core.intent import Intent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.chat import Message
    from dragoman.core.context import Context
    from dragoman.core.syntax import Syntax
    from dragoman.core.text import Range

_FORMS = MappingProxyType(
    {
        "python": "a docstring (PEP 257)",
        "javascript": "a JSDoc comment",
        "javascriptreact": "a JSDoc comment",
        "typescript": "a TSDoc comment",
        "typescriptreact": "a TSDoc comment",
        "rust": "a `///` doc comment",
        "go": "a Go doc comment that begins with the name",
        "java": "a Javadoc comment",
        "csharp": "an XML doc comment",
        "php": "a PHPDoc comment",
        "cpp": "a Doxygen comment",
        "c": "a Doxygen comment",
        "elixir": "a `@doc` attribute",
    }
)


def _offer(scene: Scene) -> Sequence[Offer]:
    return (Offer("Document", "refactor.rewrite"),) if near_definition(scene) else ()


def _target(scene: Scene, syntax: Syntax) -> Range:
    found = definition(scene, syntax) or selected(scene)
    if found is None:
        raise BadInput("Nothing here can be documented. Put the cursor inside a function or class.")
    return found


def _prompt(scene: Scene, context: Context) -> tuple[Message, ...]:
    form = _FORMS.get(scene.snapshot.language, "a doc comment in the language's usual form")
    task = (
        f"Write {form} for the target, or renew the one it has: what it is for, its parameters, result and errors "
        "where they are not plain from the code. The code itself stays exactly as it is."
    )
    if scene.instruction:
        task += f" In particular: {scene.instruction}"
    return edit_messages(scene, context, task)


DOCUMENT = Action("document", "Document", ResultKind.EDIT, Intent.CODE, _offer, _target, _prompt, cacheable=True)
