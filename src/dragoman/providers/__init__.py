"""One file per wire dialect, sans-I/O: a request becomes a `Call`, bytes become deltas. No socket is opened here."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from dragoman.providers import anthropic, ollama, openai
from dragoman.providers.presets import PRESETS, Preset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.providers.base import Dialect

DIALECTS: Mapping[str, Dialect] = MappingProxyType({"anthropic": anthropic, "ollama": ollama, "openai": openai})
"""By the name that settings and presets use. A new wire is one file and one entry."""

__all__ = ["DIALECTS", "PRESETS", "Preset"]
