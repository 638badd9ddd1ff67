"""The table of everything that the simulator answers: a method and a path lead to a vendor's wire. Only data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dragoman.simulator import (
    anthropic,
    azure,
    embeddings,
    gemini,
    grants,
    llamacpp,
    mistral,
    ollama,
    ollama_generate,
    ollama_pull,
    openai,
    openai_completions,
    openai_responses,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dragoman.simulator.frames import Dialect
    from dragoman.simulator.http import HttpRequest
    from dragoman.simulator.script import Call


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row.

    path: a regular expression; its group `model` names the model. What stands before it is the prefix.
    name: the vendor's, as `Call.dialect` has it.
    completion: a model is asked, so the script replies.
    document: makes the answer from the call and the models' names, where it is nothing but a document.
    header: must be in the request; several vendors can share a path.
    keyless: it is asked without the provider's key.
    """

    method: str
    path: str
    name: str
    dialect: Dialect
    completion: bool = False
    document: Callable[[Call, Sequence[str]], bytes] | None = None
    header: str | None = None
    keyless: bool = False


class Found(NamedTuple):
    """The endpoint of a request, the prefix before it, and the model in its path."""

    endpoint: Endpoint
    prefix: str
    model: str


_DEPLOYMENT = "/openai/deployments/(?P<model>[^/]+)"
_GEMINI = "/v1(?:alpha|beta)?/models/(?P<model>[^/:]+)"
_VERTEX = "/v1(?:beta1)?/projects/[^/]+/locations/[^/]+/publishers/google/models/(?P<model>[^/:]+)"
_PUBLISHER = "/v1beta1/publishers/google/models/(?P<model>[^/:]+)"

ENDPOINTS = (
    Endpoint("POST", "/api/chat", "ollama", ollama, completion=True, keyless=True),
    Endpoint("POST", "/api/generate", "ollama", ollama_generate, completion=True, keyless=True),
    Endpoint("POST", "/api/embed", "ollama", embeddings.OLLAMA, completion=True, keyless=True),
    Endpoint("POST", "/api/pull", "ollama", ollama_pull, keyless=True),
    Endpoint("POST", "/api/show", "ollama", ollama, document=ollama.show, keyless=True),
    Endpoint("GET", "/api/tags", "ollama", ollama, document=ollama.models, keyless=True),
    Endpoint("GET", "/api/version", "ollama", ollama, document=ollama.version, keyless=True),
    # Azure before OpenAI: its v1 endpoint is OpenAI's path behind one word.
    Endpoint("POST", f"{_DEPLOYMENT}/chat/completions", "azure", azure.DEPLOYMENTS, completion=True),
    Endpoint("POST", f"{_DEPLOYMENT}/completions", "azure", azure.DEPLOYED_COMPLETIONS, completion=True),
    Endpoint("POST", f"{_DEPLOYMENT}/embeddings", "azure", azure.DEPLOYED_EMBEDDINGS, completion=True),
    Endpoint("GET", "/openai/(?:deployments|models)", "azure", azure.DEPLOYMENTS, document=openai.models),
    Endpoint("POST", "/openai/v1/chat/completions", "azure", azure.V1, completion=True),
    Endpoint("POST", "/openai/v1/responses", "azure", azure.RESPONSES, completion=True),
    Endpoint("POST", "/openai/v1/completions", "azure", azure.COMPLETIONS, completion=True),
    Endpoint("POST", "/openai/v1/embeddings", "azure", azure.EMBEDDINGS, completion=True),
    Endpoint("GET", "/openai/v1/models", "azure", azure.V1, document=openai.models),
    Endpoint("POST", "/v1/messages", "anthropic", anthropic, completion=True),
    Endpoint("POST", f"{_GEMINI}:(?:streamG|g)enerateContent", "gemini", gemini, completion=True),
    Endpoint("POST", f"{_GEMINI}:batchEmbedContents", "gemini", embeddings.GEMINI, completion=True),
    Endpoint("GET", "/v1(?:alpha|beta)/models", "gemini", gemini, document=gemini.models),
    Endpoint("GET", _GEMINI, "gemini", gemini, document=gemini.model, header="x-goog-api-key"),
    Endpoint("POST", f"{_VERTEX}:(?:streamG|g)enerateContent", "vertex", gemini, completion=True),
    Endpoint("POST", f"{_VERTEX}:batchEmbedContents", "vertex", embeddings.GEMINI, completion=True),
    Endpoint("POST", f"{_VERTEX}:predict", "vertex", embeddings.VERTEX, completion=True),
    Endpoint("GET", "/v1beta1/publishers/google/models", "vertex", gemini, document=gemini.publisher_models),
    Endpoint("GET", _PUBLISHER, "vertex", gemini, document=gemini.publisher_model),
    Endpoint("POST", "/v1/fim/completions", "mistral", mistral, completion=True),
    Endpoint("POST", "/infill", "llamacpp", llamacpp, completion=True),
    Endpoint("POST", "(?:/v1)?/chat/completions", "openai", openai, completion=True),
    Endpoint("POST", "(?:/v1)?/responses", "openai", openai_responses, completion=True),
    Endpoint("POST", "(?:/v1)?/completions", "openai", openai_completions, completion=True),
    Endpoint("POST", "(?:/v1)?/embeddings", "openai", embeddings.OPENAI, completion=True),
    # Three vendors, one path: the headers that only two of them want tell them apart.
    Endpoint("GET", "/v1/models", "anthropic", anthropic, document=anthropic.models, header="anthropic-version"),
    Endpoint("GET", "/v1/models", "gemini", gemini, document=gemini.models, header="x-goog-api-key"),
    Endpoint("GET", "(?:/v1)?/models", "openai", openai, document=openai.models),
    Endpoint("POST", "/[^/]+/oauth2/v2.0/token", "entra", grants.ENTRA, keyless=True),
    Endpoint("GET", "/metadata/identity/oauth2/token", "identity", grants.IDENTITY, keyless=True),
    Endpoint("POST", "/token", "google", grants.GOOGLE, keyless=True),
    Endpoint("GET", "/copilot_internal/v2/token", "copilot", grants.COPILOT, keyless=True),
)
"""In the order of looking: the first row that fits answers."""


def find(request: HttpRequest) -> Found | None:
    """The endpoint of a request, or None where there is none."""
    for endpoint in ENDPOINTS:
        if request.method != endpoint.method or (endpoint.header and endpoint.header not in request.headers):
            continue
        match = re.fullmatch(f"(?P<prefix>.*?){endpoint.path}", request.path)
        if match:
            named = match.groupdict()
            return Found(endpoint, named["prefix"], named.get("model", ""))
    return None
