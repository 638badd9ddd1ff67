"""Makes settings of layers: later ones win, key by key. What is wrong is dropped alone, and named.

Never raises on what a person wrote, and never repeats a value that could be a key.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, get_args

from dragoman.core.intent import Intent
from dragoman.core.settings import Section, Settings
from dragoman.core.settings_actions import action_conflicts, changes_own_action, foreign_titles, unusable_actions
from dragoman.core.settings_checks import conflicts, foreign, nearest, plain_name, unknown_names, unusable_providers
from dragoman.core.settings_layers import Choice, Layer, Path, Problem, dotted
from dragoman.core.settings_schema import is_by_intent, is_list, is_table_of, keys, section_in, wanted
from dragoman.core.trust import Foreign, Wish

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pydantic.fields import FieldInfo

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MODEL = re.compile(r"[A-Za-z0-9_.:/@+-]{1,128}")
_KEY_PLACES = ("api_key", "client_secret")

MOST_FOREIGN = 200
"""Settings that are looked at in a file that nobody has trusted: each that is wrong costs time and a line."""


@dataclass(frozen=True, slots=True)
class Effective:
    """What is in effect, what was wrong, and where each value comes from.

    `sources` gives the layer's source by dotted key; a key that is not in it has its default. `foreign` are the
    projects' files of which something was refused that they may set once they are trusted. `prompt_files` are the
    prompts of own actions, by name, that are still to be read.
    """

    settings: Settings
    problems: tuple[Problem, ...]
    sources: Mapping[str, str]
    foreign: tuple[Foreign, ...] = ()
    prompt_files: Mapping[str, Choice] = field(default_factory=dict)


def parse(
    layers: Sequence[Layer], *, presets: Mapping[str, str], dialects: Collection[str], taken: Collection[str] = ()
) -> Effective:
    """The settings that the layers make together, the last one winning.

    `presets` gives each preset's dialect by its name, `dialects` all that there are. A provider that can't be asked (no
    preset of that name, no dialect, no address) is left out, and so are names of nobody in the routing's lists.
    `taken` are names that own actions can't have.
    """
    problems: list[Problem] = []
    wrong: set[str] = set()
    choices: dict[Path, Choice] = {}
    foreign_files: list[Foreign] = []
    for layer in layers:
        problems += layer.problems
        refused: list[Choice] = []
        for number, found in enumerate(_table(Settings, layer.raw, (), layer)):
            if not layer.trusted and number == MOST_FOREIGN:
                problems.append(
                    layer.problem((), f"holds more than {MOST_FOREIGN} settings: the others are passed over")
                )
                break
            if isinstance(found, Problem):
                problems.append(found)
                wrong.add(found.key)
            elif refusal := _refusal(found, choices):
                problems.append(refusal)
                refused.append(found)
            else:
                choices[found.path] = found
        if refused and layer.seal:
            wishes = tuple(Wish(dotted(choice.path), choice.value) for choice in refused)
            foreign_files.append(Foreign(layer.seal, layer.source, wishes))
    unusable = unusable_providers(choices, presets, dialects)
    problems += unusable.values()
    choices = {path: choice for path, choice in choices.items() if path[0] != "providers" or path[1] not in unusable}
    known = {*presets, *(path[1] for path in choices if path[0] == "providers")}
    unusable_own = unusable_actions(choices, known, taken, wrong)
    problems += [problem for problem in unusable_own.values() if problem]
    choices = {path: choice for path, choice in choices.items() if path[0] != "actions" or path[1] not in unusable_own}
    choices |= {choice.path: choice for choice in foreign_titles(choices)}
    for path, choice in choices.items():
        if path[:2] in (("routing", "fallback_order"), ("routing", "intents")):
            problems += unknown_names(choice, {*known, *unusable})
            choices[path] = replace(choice, value=[name for name in choice.value if name in known])
    settings = _settings(choices)
    problems += [*conflicts(settings, choices, presets), *action_conflicts(choices)]
    return Effective(settings, tuple(problems), _sources(choices), tuple(foreign_files), _prompt_files(choices))


def _prompt_files(choices: Mapping[Path, Choice]) -> dict[str, Choice]:
    """The choices of prompt files, by the action's name, where no prompt stands in the settings themselves."""
    return {
        path[1]: choice
        for path, choice in choices.items()
        if path[0] == "actions" and path[2:] == ("prompt_file",) and (*path[:2], "prompt") not in choices
    }


def _sources(choices: Mapping[Path, Choice]) -> dict[str, str]:
    return {dotted(path): choice.layer.source for path, choice in choices.items() if not isinstance(choice.value, dict)}


def _table(section: type[Section], raw: object, above: Path, layer: Layer) -> Iterator[Choice | Problem]:
    """What one table of a layer chooses, and what is wrong in it."""
    for path, value in _items(raw, above, layer):
        if isinstance(value, Problem):
            yield value
            continue
        field = section.model_fields.get(path[-1])
        if field is None:
            yield layer.problem(path, f"unknown key {dotted(path)}", _nearest_key(path, section))
        elif inner := section_in(field.annotation):
            rows = (
                _rows(inner, value, path, layer) if is_table_of(field.annotation) else _table(inner, value, path, layer)
            )
            yield from rows
        elif is_table_of(field.annotation):
            yield from _by_intent(section, field, value, path, layer)
        else:
            yield _leaf(section, field, value, path, layer)


def _items(raw: object, above: Path, layer: Layer) -> Iterator[tuple[Path, Any]]:
    """The entries of a table with their keys; an absent or null one is not set. What is no table is its own problem."""
    if layer.loose and isinstance(raw, str):
        raw = _json_or_text(raw, "{")
    if isinstance(raw, dict):
        yield from (((*above, str(key)), value) for key, value in raw.items() if value is not None)
    elif raw is not None:
        yield above, layer.problem(above, f"{dotted(above)} wants a table of settings".strip())


def _rows(section: type[Section], raw: object, above: Path, layer: Layer) -> Iterator[Choice | Problem]:
    """A table of tables whose names the person chooses. An empty one counts: it says that the provider is wanted."""
    allowed, more = (_MODEL, ", ':', '/', '@', '+'") if above == ("prices",) else (_NAME, "")
    for path, value in _items(raw, above, layer):
        if isinstance(value, Problem):
            yield value
        elif not allowed.fullmatch(path[-1]):
            yield layer.problem(path, f"{dotted(path)}: a name is made of letters, digits, '-', '_'{more} and '.'")
        else:
            if isinstance(value, dict) and (layer.trusted or not value):
                yield Choice(path, {}, layer)
            yield from _table(section, value, path, layer)


def _by_intent(
    section: type[Section], field: FieldInfo, raw: object, above: Path, layer: Layer
) -> Iterator[Choice | Problem]:
    """A table with one value for each intent, or for each model."""
    intents = [intent.value for intent in Intent] if is_by_intent(field.annotation) else None
    for path, value in _items(raw, above, layer):
        if isinstance(value, Problem):
            yield value
        elif intents is None and not _MODEL.fullmatch(path[-1]):
            yield layer.problem(path, f"{dotted(path)}: this is no model's name")
        elif intents is not None and path[-1] not in intents:
            message = f"{dotted(path)}: the intents are {', '.join(intents)}"
            yield layer.problem(path, message, nearest(path[-1], intents))
        else:
            yield _leaf(section, field, value, path, layer)


def _leaf(section: type[Section], field: FieldInfo, value: Any, path: Path, layer: Layer) -> Choice | Problem:
    """One value, judged by its model alone. Text from the environment is typed by what the setting wants."""
    of_intent = is_table_of(field.annotation)
    if layer.loose and isinstance(value, str):
        value = value.strip()
        if is_list(get_args(field.annotation)[1] if of_intent else field.annotation):
            value = _list(value)
    document = {path[-2]: {path[-1]: value}} if of_intent else {path[-1]: value}
    try:
        section.model_validate_json(json.dumps(document), strict=not layer.loose)
    except (ValueError, TypeError, RecursionError):
        return _wrong_value(field, value, path, layer)
    if layer.from_editor and path[-1] in _KEY_PLACES and str(value).startswith("cmd:"):
        return layer.problem(
            path, f"{dotted(path)}: a command can't come from an editor's settings: put it into your own config.toml"
        )
    if layer.from_editor and path == ("tests", "run") and value == "always":
        return layer.problem(path, 'tests.run = "always" can\'t come from an editor: put it into your own config.toml')
    return Choice(path, value, layer)


def _wrong_value(field: FieldInfo, value: object, path: Path, layer: Layer) -> Problem:
    if path[-1] in _KEY_PLACES:
        places = "env:NAME, keyring, vault or cmd:COMMAND"
        message = f"{dotted(path)} must say where the key is ({places}), never the key itself"
        variable = isinstance(value, str) and re.fullmatch(r"[A-Z0-9_]{1,30}_(KEY|TOKEN)", value)
        return layer.problem(path, message, f"env:{value}" if variable else None)
    return layer.problem(path, f"{dotted(path)}{_shown(value, path)}: wants {wanted(field)}")


def _shown(value: object, path: Path) -> str:
    """The wrong value, where it is short and can't hold a secret."""
    if path[-1] in ("base_url", "endpoints", "endpoint", "authority", "proxy", "credentials"):
        return ""
    number = isinstance(value, int | float) and -1e15 < value < 1e15
    text = isinstance(value, str) and len(value) <= 20 and value.isprintable()
    return f" = {json.dumps(value, ensure_ascii=False)}" if number or text else ""


def _refusal(choice: Choice, choices: Mapping[Path, Choice]) -> Problem | None:
    if choice.layer.trusted:
        return None
    if reason := changes_own_action(choice, choices):
        return choice.layer.problem(choice.path, f"{dotted(choice.path)}: {reason}")
    budget = choices.get(("context", "max_tokens"))
    return foreign(choice, budget.value if budget else Settings().context.max_tokens)


def _settings(choices: Mapping[Path, Choice]) -> Settings:
    """The choices over the defaults. A provider's own time limits stand over the general ones."""
    tree: dict[str, Any] = Settings().model_dump(mode="json")
    for path in sorted(choices, key=len):
        table = tree
        for part in path[:-1]:
            table = table.setdefault(part, {})
        table[path[-1]] = choices[path].value
    for provider in tree["providers"].values():
        if "timeouts" in provider:
            provider["timeouts"] = {**tree["timeouts"], **provider["timeouts"]}
    return Settings.model_validate(tree)


def _nearest_key(path: Path, section: type[Section]) -> str | None:
    """The key that was probably meant: one of the same table, or one that stands elsewhere under that name."""
    everywhere = {
        key.path if "*" not in key.path else (*path[:2], *key.path[2:])
        for key in keys()
        if "*" not in key.path or (path[0] == key.path[0] and len(path) > 2)
    }
    same = (other for other in sorted(everywhere) if other[-1] == path[-1] or _plain(other) == _plain(path))
    if elsewhere := next(same, None):
        return dotted(elsewhere)
    here = nearest(path[-1], section.model_fields)
    return dotted((*path[:-1], here)) if here else nearest(dotted(path), sorted(map(dotted, everywhere)))


def _plain(path: Path) -> str:
    return plain_name("".join(path))


def _json_or_text(text: str, opening: str) -> object:
    if not text.lstrip().startswith(opening):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _list(text: str) -> object:
    value = _json_or_text(text, "[")
    return [item for part in value.split(",") if (item := part.strip())] if isinstance(value, str) else value
