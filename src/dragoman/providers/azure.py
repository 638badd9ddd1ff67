"""Azure OpenAI: OpenAI's dialect at addresses of its own (see `openai_place`). Opens no socket."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dragoman.providers import openai
from dragoman.providers.base import Azure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.core.chat import FillRequest, Request
    from dragoman.providers.base import Call, Target

EMBED_BATCH = openai.EMBED_BATCH
reader, fill_reader, error = openai.reader, openai.fill_reader, openai.error
can_fill = openai.can_fill
embeddings, models = openai.embeddings, openai.models


def call(request: Request, target: Target) -> Call:
    """The streaming request to the deployment's chat completions."""
    return openai.call(request, _there(target))


def fill_call(request: FillRequest, target: Target) -> Call:
    """The streaming request for the middle to the deployment's completions."""
    return openai.fill_call(request, _there(target))


def embed_call(texts: Sequence[str], target: Target) -> Call:
    """The request for the vectors of one batch."""
    return openai.embed_call(texts, _there(target))


def models_call(target: Target) -> Call:
    """The request for the models that the resource could deploy; a key can't list the deployments themselves."""
    return openai.models_call(_there(target))


def _there(target: Target) -> Target:
    return target if target.options.azure else replace(target, options=replace(target.options, azure=Azure()))
