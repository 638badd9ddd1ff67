"""The providers that need no more than a name: where they are, what they speak, where their key is. Only data."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Preset:
    """One provider's row.

    name: the settings' name, as in `[providers.name]`.
    dialect: the name in `DIALECTS`.
    key_variables: environment variables that usually hold its key, first one first.
    model: asked where the settings name none; "" where the server's own list decides.
    needs_key: nothing can be asked without a key.
    key_page: where a person gets a key; "" where there is none to get.
    start: how a person starts the server on their own machine; "" for one that is elsewhere.
    max_tokens, num_ctx: used where the settings and the request leave them open.
    stream_usage: whether it takes `stream_options` (see `Options`).
    """

    name: str
    title: str
    dialect: str
    base_url: str
    key_variables: tuple[str, ...] = ()
    local: bool = False
    model: str = ""
    needs_key: bool = True
    key_page: str = ""
    start: str = ""
    max_tokens: int | None = None
    num_ctx: int | None = None
    stream_usage: bool = True


_ROWS = (
    Preset(
        name="ollama",
        title="Ollama",
        dialect="ollama",
        base_url="http://localhost:11434",
        local=True,
        needs_key=False,
        start="ollama serve",
        max_tokens=4096,  # without a limit a small model that repeats itself never ends
        num_ctx=16384,  # Ollama's own default is 4,096 on small machines: less than a question with its context
    ),
    Preset(
        name="anthropic",
        title="Anthropic",
        dialect="anthropic",
        base_url="https://api.anthropic.com",
        key_variables=("ANTHROPIC_API_KEY",),
        model="claude-sonnet-4-5",
        key_page="https://console.anthropic.com/settings/keys",
        max_tokens=4096,
    ),
    Preset(
        name="openai",
        title="OpenAI",
        dialect="openai",
        base_url="https://api.openai.com/v1",
        key_variables=("OPENAI_API_KEY",),
        model="gpt-5-mini",
        key_page="https://platform.openai.com/api-keys",
    ),
    Preset(
        name="llamacpp",
        title="llama.cpp server",
        dialect="openai",
        base_url="http://127.0.0.1:8080/v1",
        key_variables=("LLAMA_API_KEY",),
        local=True,
        needs_key=False,
        start="llama-server -m MODEL.gguf",
        max_tokens=4096,
    ),
    Preset(
        name="lmstudio",
        title="LM Studio",
        dialect="openai",
        base_url="http://127.0.0.1:1234/v1",
        key_variables=("LM_API_TOKEN",),
        local=True,
        needs_key=False,
        start="lms server start",
        max_tokens=4096,
    ),
    Preset(
        name="vllm",
        title="vLLM",
        dialect="openai",
        base_url="http://127.0.0.1:8000/v1",
        key_variables=("VLLM_API_KEY",),
        local=True,
        needs_key=False,
        start="vllm serve MODEL",
        max_tokens=4096,
    ),
    Preset(
        name="xai",
        title="xAI",
        dialect="openai",
        base_url="https://api.x.ai/v1",
        key_variables=("XAI_API_KEY",),
        model="grok-code-fast-1",
        key_page="https://console.x.ai",
    ),
    Preset(
        name="openrouter",
        title="OpenRouter",
        dialect="openai",
        base_url="https://openrouter.ai/api/v1",
        key_variables=("OPENROUTER_API_KEY",),
        model="openrouter/auto",
        key_page="https://openrouter.ai/settings/keys",
    ),
    Preset(
        name="groq",
        title="Groq",
        dialect="openai",
        base_url="https://api.groq.com/openai/v1",
        key_variables=("GROQ_API_KEY",),
        model="openai/gpt-oss-120b",
        key_page="https://console.groq.com/keys",
    ),
    Preset(
        name="mistral",
        title="Mistral",
        dialect="openai",
        base_url="https://api.mistral.ai/v1",
        key_variables=("MISTRAL_API_KEY",),
        model="codestral-latest",
        key_page="https://console.mistral.ai/api-keys",
        stream_usage=False,  # refused with 422; the usage comes unasked in the last chunk
    ),
    Preset(
        name="deepseek",
        title="DeepSeek",
        dialect="openai",
        base_url="https://api.deepseek.com",
        key_variables=("DEEPSEEK_API_KEY",),
        model="deepseek-chat",
        key_page="https://platform.deepseek.com/api_keys",
    ),
)

PRESETS = MappingProxyType({row.name: row for row in _ROWS})
"""By name. An OpenAI-compatible server is one more row."""
