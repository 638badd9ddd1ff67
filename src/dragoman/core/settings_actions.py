"""Own actions in the settings: which of them can't be offered, and why. Judges values; reads no prompt file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dragoman.core.settings_checks import nearest
from dragoman.core.settings_layers import Choice, dotted
from dragoman.core.template import misspelt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from dragoman.core.settings_layers import Path, Problem

ACTION_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
"""Without a dot: dotted names are commands about results."""


def changes_own_action(choice: Choice, choices: Mapping[Path, Choice]) -> str:
    """Why a project that nobody has trusted may not set this: the action is the person's; "" where it is not."""
    table = choice.path[:2]
    theirs = table[0] == "actions" and any(path[:2] == table and other.layer.trusted for path, other in choices.items())
    return "an untrusted project may not change an action of yours" if theirs else ""


def unusable_actions(
    choices: Mapping[Path, Choice], providers: Collection[str], taken: Collection[str], wrong: Collection[str]
) -> dict[str, Problem | None]:
    """Own actions that can't be offered, by name; None where a wrong value of its own has been told already.

    `taken` are the names of what is built in, `wrong` the dotted keys of values that could not be read.
    """
    found: dict[str, Problem | None] = {}
    for table, choice in _tables(choices).items():
        name = table[1]
        layer, key = choice.layer, dotted(table)
        provider = choices.get((*table, "provider"))
        if name in taken:
            message = f"{key}: this name is taken by an action or command of Dragoman's own, choose another"
            found[name] = layer.problem(table, message)
        elif not ACTION_NAME.fullmatch(name):
            message = f"{key}: an action's name is made of small letters, digits, '-' and '_'"
            found[name] = layer.problem(table, message)
        elif any(k.startswith(f"{key}.") and not any(dotted(path) == k for path in choices) for k in wrong):
            found[name] = None
        elif (*table, "prompt") not in choices and (*table, "prompt_file") not in choices:
            found[name] = layer.problem(table, f"{key} wants prompt, or prompt_file: the text that a model is asked")
        elif provider and provider.value not in providers:
            message = f'{key} is not offered: no provider is called "{provider.value[:40]}"'
            found[name] = provider.layer.problem(provider.path, message, nearest(provider.value, providers))
    return found


def foreign_titles(choices: Mapping[Path, Choice]) -> Iterator[Choice]:
    """Titles that say where it comes from, for each action of a project that nobody has trusted: nobody is to choose
    it for one that is built in.
    """
    for table in _tables(choices):
        strangers = [choice for path, choice in choices.items() if path[:2] == table and not choice.layer.trusted]
        if strangers:
            title = choices.get((*table, "title"))
            name = title.value if title else table[1]
            yield Choice((*table, "title"), f"{name[:60]} (project)", strangers[0].layer)


def action_conflicts(choices: Mapping[Path, Choice]) -> Iterator[Problem]:
    """What is odd about actions that are offered all the same."""
    for table in _tables(choices):
        prompt, file = choices.get((*table, "prompt")), choices.get((*table, "prompt_file"))
        if prompt and file:
            message = f"{dotted(file.path)} has no effect beside {dotted(prompt.path)}: keep one of them"
            yield file.layer.problem(file.path, message)
        if prompt and (problem := misspelt_placeholder(prompt, prompt.value)):
            yield problem


def misspelt_placeholder(choice: Choice, template: str) -> Problem | None:
    """What the person is told where a placeholder of the prompt seems to be misspelt."""
    near = misspelt(template)
    if near is None:
        return None
    written, meant = near
    message = f"{dotted(choice.path)}: {{{written}}} is no placeholder and stays as it is"
    return choice.layer.problem(choice.path, message, f"{{{meant}}}")


def _tables(choices: Mapping[Path, Choice]) -> dict[Path, Choice]:
    """Each own action's table, with a choice that stands in it."""
    return {path[:2]: choice for path, choice in choices.items() if path[0] == "actions" and len(path) > 1}
