"""One file per wire dialect, sans-I/O: a request becomes a `Call`, bytes become deltas. No socket is opened here."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from dragoman.providers import anthropic, azure, gemini, ollama, openai, openai_responses
from dragoman.providers.openai_models import wants_responses
from dragoman.providers.presets import PRESETS, Preset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.providers.base import Dialect, Target

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        "anthropic": anthropic,
        "azure": azure,
        "gemini": gemini,
        "ollama": ollama,
        "openai": openai,
        "openai-responses": openai_responses,
    }
)
"""By the name that settings and presets use. A new wire is one file and one entry."""


def spoken(dialect: str, target: Target) -> Dialect:
    """What is spoken with the target's model: some of OpenAI's, at Azure too, want `/responses` for chat.

    `Options.responses` decides where it is set, else the model's name.
    """
    responses = target.options.responses
    if responses is None:
        responses = wants_responses(target.model)
    return openai_responses if responses and dialect in ("openai", "azure") else DIALECTS[dialect]


__all__ = ["DIALECTS", "PRESETS", "Preset", "spoken"]
