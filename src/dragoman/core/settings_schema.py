"""The settings described: what each wants in words, the list of all keys, the JSON schema.

Reads all of it from the models, and holds no names of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from inspect import isclass
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

from dragoman.core.intent import Intent
from dragoman.core.settings import Named, Section, Settings, Unit, Wants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NOUNS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


@dataclass(frozen=True, slots=True)
class Key:
    """One setting. `path` has `*` for a name that the person chooses, `INTENT` for any intent, `MODEL` and
    `PROVIDER` for names of these.
    """

    path: tuple[str, ...]
    wants: str
    default: Any
    description: str


def section_in(annotation: object) -> type[Section] | None:
    """The table that a field's type holds, if any: `Timeouts`, `Timeouts | None`, the rows of `dict[str, Provider]`."""
    candidates = (annotation, *get_args(annotation))
    return next((item for item in candidates if isclass(item) and issubclass(item, Section)), None)


def is_table_of(annotation: object) -> bool:
    """Whether the person chooses the names in that table (providers, models), or they are intents."""
    return get_origin(annotation) is dict


def is_by_intent(annotation: object) -> bool:
    """Whether the names in that table are intents."""
    return is_table_of(annotation) and get_args(annotation)[0] is Intent


def is_list(annotation: object) -> bool:
    """Whether the value is a list."""
    return get_origin(annotation) is tuple


def wanted(field: FieldInfo) -> str:
    """What a value must be, for the person: "a number of seconds above 0 up to 86400"."""
    return _words(field.annotation, field.metadata)


def keys(section: type[Section] = Settings, above: tuple[str, ...] = ()) -> Iterator[Key]:
    """Every setting, in the models' order."""
    for name, field in section.model_fields.items():
        inner, path = section_in(field.annotation), (*above, name)
        if inner:
            yield from keys(inner, (*path, "*") if is_table_of(field.annotation) else path)
        else:
            default = field.get_default(call_default_factory=True)
            yield Key(path + _below(field.annotation), wanted(field), default, field.description or "")


def _below(annotation: object) -> tuple[str, ...]:
    if not is_table_of(annotation):
        return ()
    if is_by_intent(annotation):
        return ("INTENT",)
    named = [item.word for item in get_args(get_args(annotation)[0]) if isinstance(item, Named)]
    return tuple(named) or ("MODEL",)


def json_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of `config.toml`, for editors that check and complete TOML."""
    schema = Settings.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_tidied(schema), "title": "Dragoman settings"}


def _tidied(value: Any) -> Any:
    """Without pydantic's titles, which only repeat the names, and without null: TOML has none."""
    if isinstance(value, list):
        return [_tidied(item) for item in value if item != {"type": "null"}]
    if not isinstance(value, dict):
        return value
    tidy = {
        key: _tidied(inner)
        for key, inner in value.items()
        if not (key == "title" and isinstance(inner, str)) and not (key == "default" and inner is None)
    }
    options = tidy.pop("anyOf", None)
    if options is None:
        return tidy
    return {**options[0], **tidy} if len(options) == 1 else {**tidy, "anyOf": options}


def _words(annotation: Any, metadata: Iterable[Any]) -> str:
    metadata = [inner for item in metadata for inner in (item.metadata if isinstance(item, FieldInfo) else [item])]
    told = next((item.words for item in metadata if isinstance(item, Wants)), None)
    if told:
        return told
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _words(arguments[0], [*metadata, *arguments[1:]])
    if origin in (Union, UnionType):
        return _words(next(item for item in arguments if item is not NoneType), metadata)
    if origin is dict:
        return _words(arguments[1], ())
    if origin is tuple:
        item = _words(arguments[0], ())
        return "a list of texts" if item == _NOUNS[str] else f"a list, each item {item}"
    if origin is Literal:
        return _one_of(arguments)
    if isclass(annotation) and issubclass(annotation, Enum):
        return _one_of([item.value for item in annotation])
    return _NOUNS[annotation] + _bounds(metadata)


def _one_of(values: Iterable[object]) -> str:
    quoted = [f'"{value}"' for value in values]
    return quoted[0] if len(quoted) == 1 else f"one of {', '.join(quoted)}"


def _bounds(metadata: Iterable[Any]) -> str:
    metadata = list(metadata)
    unit = [f" of {item.words}" for item in metadata if isinstance(item, Unit)]
    above = [f" above {item.gt}" for item in metadata if isinstance(item, Gt)]
    least = [f" from {item.ge}" for item in metadata if isinstance(item, Ge)]
    most = [f" up to {item.le}" for item in metadata if isinstance(item, Le)]
    return "".join(unit + above + least + most)
