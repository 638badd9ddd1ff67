"""What servers tell of their models beside the names, in the answer to `models_call`: each in members of its own.

Sources: the model list pages of OpenRouter, Together, Groq, Mistral, Gemini, Anthropic, vLLM, LM Studio and llama.cpp.
Reads leniently: what is not there, or is not what it should be, stays unknown.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dragoman.core.price import Price
from dragoman.providers.base import Capabilities
from dragoman.providers.wire import mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = ("id", "name", "model")
_LISTS = ("data", "models")
_CONTEXT = (
    "context_length", "context_window", "max_context_length", "max_model_len", "inputTokenLimit", "max_input_tokens",
)  # fmt: skip
_OUTPUT = ("outputTokenLimit", "max_completion_tokens", "max_output_tokens")


@dataclass(frozen=True, slots=True)
class Listing:
    """What a server says of one model."""

    capabilities: Capabilities = field(default_factory=Capabilities)
    price: Price | None = None


def listings(body: bytes) -> dict[str, Listing]:
    """What the list tells, by the model's name; empty where it can't be read."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(value, dict):
        value = next((value[name] for name in _LISTS if isinstance(value.get(name), list)), [])
    found: dict[str, Listing] = {}
    for item in value if isinstance(value, list) else ():
        name = next((item[key] for key in _NAMES if isinstance(item.get(key), str)), "") if _is_table(item) else ""
        if name:
            found[name.removeprefix("models/")] = Listing(_capabilities(item), _price(mapping(item.get("pricing"))))
    return found


def _capabilities(item: Mapping[str, Any]) -> Capabilities:
    own = mapping(item.get("capabilities"))
    parameters, methods = _words(item, "supported_parameters"), _words(item, "supportedGenerationMethods")
    modalities = _words(mapping(item.get("architecture")), "input_modalities")
    output = _number(item, _OUTPUT) or _number(mapping(item.get("top_provider")), _OUTPUT)
    return Capabilities(
        context=_number(item, _CONTEXT) or _number(mapping(item.get("meta")), ("n_ctx",)),
        output=output,
        tools=_flag(own, "function_calling") if parameters is None else "tools" in parameters,
        vision=_flag(own, "vision") if modalities is None else "image" in modalities,
        thinking=_flag(item, "thinking") if parameters is None else "reasoning" in parameters,
        fill=_flag(own, "completion_fim"),
        embeddings=None if methods is None else not {"embedContent", "batchEmbedContents"}.isdisjoint(methods),
    )


def _price(pricing: Mapping[str, Any]) -> Price | None:
    """OpenRouter tells USD per token as text, Together USD per million as numbers. A negative one: it varies."""
    given, answered = _amount(pricing, "prompt"), _amount(pricing, "completion")
    if given is not None and answered is not None:
        cached, written = (
            None if amount is None else amount * 1e6
            for amount in (_amount(pricing, "input_cache_read"), _amount(pricing, "input_cache_write"))
        )
        return Price(given * 1e6, answered * 1e6, cached, cache_write=written)
    given, answered = _amount(pricing, "input"), _amount(pricing, "output")
    known = given is not None and answered is not None and given + answered > 0  # Together's 0 and 0: not by token
    return Price(given, answered) if known and given is not None and answered is not None else None


def _amount(pricing: Mapping[str, Any], name: str) -> float | None:
    value = pricing.get(name)
    try:
        amount = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except ValueError:
        return None
    return amount if 0 <= amount < 1e6 else None


def _number(item: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    values = (item.get(name) for name in names)
    return next((value for value in values if isinstance(value, int) and value > 0 and value is not True), None)


def _flag(item: Mapping[str, Any], name: str) -> bool | None:
    value = item.get(name)
    return value if isinstance(value, bool) else None


def _words(item: Mapping[str, Any], name: str) -> frozenset[str] | None:
    value = item.get(name)
    return frozenset(word for word in value if isinstance(word, str)) if isinstance(value, list) else None


def _is_table(item: object) -> bool:
    return isinstance(item, dict)
