"""The providers that need no more than a name: where they are, what they speak, where their key is. Only data."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType

from dragoman.providers.base import Quirks


@dataclass(frozen=True, slots=True)
class Preset:
    """One provider's row.

    name: the settings' name, as in `[providers.name]`.
    dialect: the name in `DIALECTS`.
    key_variables: environment variables that usually hold its key, first one first.
    model: asked where the settings name none; "" where the server's own list decides.
    embedding_model: the same for embeddings; "" where the list decides, or where there are none.
    needs_key: nothing can be asked without a key.
    key_page: where a person gets a key; "" where there is none to get.
    start: how a person starts the server on their own machine; "" for one that is elsewhere.
    max_tokens, num_ctx: used where the settings and the request leave them open.
    stream_usage: whether it takes `stream_options` (see `Options`).
    quirks: what it does otherwise than OpenAI (see `Quirks`).
    address_variable: environment variable that usually holds its base URL, for one that has no general address.
    auth: what it takes before it can be asked, where its key is not sent as it is: `copilot`, or `local` for a server
    of our own (see `engine.access`).
    opt_in: asked only where the settings say `enabled = true` in so many words.
    key_url: where a key is checked, for one that shows its list of models to everybody.
    login_scope: the rights that the device flow asks for; None where people don't log in by it.
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
    quirks: Quirks = field(default_factory=Quirks)
    address_variable: str = ""
    auth: str = ""
    opt_in: bool = False
    embedding_model: str = ""
    key_url: str = ""
    login_scope: str | None = None


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
        model="claude-sonnet-5-5",
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
        embedding_model="text-embedding-3-small",
        quirks=Quirks(fill="completions"),
    ),
    Preset(
        name="gemini",
        title="Google Gemini",
        dialect="gemini",
        base_url="https://generativelanguage.googleapis.com",
        key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        model="gemini-3.8-flash",
        key_page="https://aistudio.google.com/apikey",
        embedding_model="gemini-embedding-001",
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
        quirks=Quirks(stop_limit=None, fill="infill"),
    ),
    Preset(
        name="local",
        title="llama.cpp inside Dragoman (`dragoman[local]`)",
        dialect="openai",
        base_url="http://127.0.0.1:0/v1",  # the port is known when the engine has started it
        local=True,
        needs_key=False,
        start="pip install 'dragoman[local]'",
        auth="local",
        max_tokens=4096,
        num_ctx=16384,  # what the model was trained for may need more memory than there is
        quirks=Quirks(stop_limit=None, fill="infill"),
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
        quirks=Quirks(stop_limit=None, lacks=frozenset({"json"}), fill="template"),  # it knows JSON by schema alone
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
        quirks=Quirks(stop_limit=None, fill="template"),  # it refuses `suffix`
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
        key_url="https://openrouter.ai/api/v1/key",
        quirks=Quirks(
            effort="reasoning",
            headers=(("x-title", "Dragoman"),),  # in its own statistics
        ),
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
        quirks=Quirks(fill="mistral"),
        embedding_model="mistral-embed",
    ),
    Preset(
        name="deepseek",
        title="DeepSeek",
        dialect="openai",
        base_url="https://api.deepseek.com",
        key_variables=("DEEPSEEK_API_KEY",),
        model="deepseek-v4-flash",
        key_page="https://platform.deepseek.com/api_keys",
        quirks=Quirks(
            lacks=frozenset({"images", "json_schema"}),
            stop_limit=16,
            effort="thinking",
            keeps_thinking=True,
            fill="deepseek",
        ),
    ),
    Preset(
        name="azure",
        title="Azure OpenAI",
        dialect="azure",
        base_url="",  # every resource has its own
        key_variables=("AZURE_OPENAI_API_KEY",),
        model="gpt-5-mini",
        key_page="https://portal.azure.com",
        address_variable="AZURE_OPENAI_ENDPOINT",
        quirks=Quirks(fill="completions"),
    ),
    Preset(
        name="together",
        title="Together",
        dialect="openai",
        base_url="https://api.together.xyz/v1",
        key_variables=("TOGETHER_API_KEY",),
        model="openai/gpt-oss-120b",
        key_page="https://api.together.ai/settings/api-keys",
        quirks=Quirks(fill="template"),
    ),
    Preset(
        name="fireworks",
        title="Fireworks",
        dialect="openai",
        base_url="https://api.fireworks.ai/inference/v1",
        key_variables=("FIREWORKS_API_KEY",),
        model="accounts/fireworks/models/gpt-oss-120b",
        key_page="https://app.fireworks.ai/settings/users/api-keys",
        quirks=Quirks(fill="template"),
    ),
    Preset(
        name="github",
        title="GitHub Models",
        dialect="openai",
        base_url="https://models.github.ai/inference",
        key_variables=("GITHUB_TOKEN",),
        model="openai/gpt-4.1",
        key_page="https://github.com/settings/personal-access-tokens",
        quirks=Quirks(models_url="https://models.github.ai/catalog/models"),
        opt_in=True,  # many machines hold such a token for other purposes
        key_url="https://api.github.com/user",
        login_scope="read:user",
    ),
    Preset(
        name="copilot",
        title="GitHub Copilot",
        dialect="openai",
        base_url="https://api.githubcopilot.com",
        key_variables=("COPILOT_GITHUB_TOKEN",),
        model="gpt-4.1",
        key_page="https://github.com/settings/copilot",
        quirks=Quirks(version=""),
        auth="copilot",
        opt_in=True,  # see its terms in docs/providers.md
        login_scope="read:user",
    ),
    Preset(
        name="dragoman",
        title="Dragoman's own gateway",
        dialect="openai",
        base_url="http://127.0.0.1:8765/v1",
        key_variables=("DRAGOMAN_GATEWAY_TOKEN",),
        local=True,
        needs_key=False,
        start="dragoman serve",
        quirks=Quirks(stop_limit=None, fill="completions"),
    ),
)

PRESETS = MappingProxyType({row.name: row for row in _ROWS})
"""By name. An OpenAI-compatible server is one more row."""
