"""Where a call of the OpenAI family goes, with which key, and what the model is called there. Sends nothing.

Source for Azure: its REST reference: the v1 endpoint, and "data plane inference" for dated versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from dragoman.providers.wire import api_root

if TYPE_CHECKING:
    from dragoman.providers.base import Azure, Target

_ENDINGS = ("/chat/completions", "/responses", "/completions", "/embeddings", "/models")
"""What a person may have pasted with the base URL."""

_BY_DEPLOYMENT = ("/chat/completions", "/completions", "/embeddings")
"""What has a deployment in its address at Azure, where the version is dated."""


def address(target: Target, path: str) -> str:
    """The address of a path. A bare host gets the `/v1` that nearly every compatible server knows."""
    if target.options.azure:
        return _at_azure(target, target.options.azure, path)
    root = api_root(target.base_url, *_ENDINGS)
    return f"{root}{path}" if urlsplit(root).path else f"{root}{target.options.quirks.version}{path}"


def beside(target: Target, path: str) -> str:
    """The address of a path that stands beside the version, not below it."""
    return f"{api_root(target.base_url, *_ENDINGS, '/v1', '/beta')}{path}"


def _at_azure(target: Target, azure: Azure, path: str) -> str:
    root = api_root(target.base_url, *_ENDINGS, "/v1", "/openai")
    if azure.api_version is None:
        return f"{root}/openai/v1{path}"
    deployment = f"/deployments/{quote(model_name(target), safe='')}" if path in _BY_DEPLOYMENT else ""
    return f"{root}/openai{deployment}{path}?api-version={quote(azure.api_version, safe='')}"


def model_name(target: Target) -> str:
    """What the model is called there: at Azure, the name of its deployment."""
    azure = target.options.azure
    return azure.deployments.get(target.model, target.model) if azure else target.model


def headers(target: Target, accept: str = "application/json", *, body: bool = False) -> tuple[tuple[str, str], ...]:
    """What goes with a call: the key, the organisation, the row's headers and the person's own."""
    options = target.options
    sent = [("content-type", "application/json")] if body else []
    sent.append(("accept", accept))
    if target.secret and options.azure and not options.azure.bearer:
        sent.append(("api-key", target.secret))
    elif target.secret:
        sent.append(("authorization", f"Bearer {target.secret}"))
    if options.organization:
        sent.append(("openai-organization", options.organization))
    return (*sent, *options.quirks.headers, *options.headers)


def stream_headers(target: Target) -> tuple[tuple[str, str], ...]:
    """What goes with a request for a stream."""
    return headers(target, "text/event-stream", body=True)
