"""What only several settings together can tell: providers that can't be asked, names of nobody, values at odds, and
what a foreign project may not set. Judges values that are right by themselves; changes none.
"""

from __future__ import annotations

import difflib
from types import MappingProxyType
from typing import TYPE_CHECKING

from dragoman.core.hints import Dispatch
from dragoman.core.settings_layers import Severity, dotted, one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from dragoman.core.settings import Provider, Routing, Settings, Timeouts
    from dragoman.core.settings_layers import Choice, Path, Problem

_TEXT_FILES = (".md", ".mdc", ".txt", ".rst", ".cursorrules", ".clinerules", ".windsurfrules")
_ONLY = MappingProxyType(
    {
        "keep_alive": ("ollama", "local"),
        "num_ctx": ("ollama", "local"),
        "threads": ("local",),
        "organization": ("openai", "openai-responses"),
        "endpoint": ("azure",),
        "api_version": ("azure",),
        "deployments": ("azure",),
        "responses": ("openai", "azure"),
        "fallback_models": ("openrouter",),
        "integration_id": ("copilot",),
        "project": ("gemini",),
        "location": ("gemini",),
        "credentials": ("gemini",),
    }
)
"""Settings that only some dialects, or providers of these names, know."""


def foreign(choice: Choice, context_tokens: int) -> Problem | None:
    """Why a project that nobody has trusted may not set this, if it may not.

    It may ask for its own texts as context, and for less of it. `context_tokens` is the budget that the person
    has chosen so far. Whatever is not named here is refused: a new setting stays out of reach until somebody decides.
    It is a note, for the person is told of the whole file at once, see `core.trust`.
    """
    match choice.path:
        case ("context", "instructions"):
            reached = [name for name in choice.value if not _is_project_text(name)]
            reason = "an untrusted project may name only text files of its own" if reached else None
        case ("context", "max_tokens"):
            more = choice.value > context_tokens
            reason = "an untrusted project may lower the budget, not raise it" if more else None
        case ("actions", _, "title" | "prompt" | "result" | "languages" | "kind"):
            reason = None  # what is asked, by an entry that the person chooses; never who is asked
        case ("actions", _, "prompt_file"):
            outside = not _is_project_text(choice.value)
            reason = "an untrusted project may name only text files of its own" if outside else None
        case _:
            reason = "an untrusted project may not set this: `dragoman trust` lets it, or your own config.toml does"
    message = f"{dotted(choice.path)}: {reason}"
    return choice.layer.problem(choice.path, message, None, Severity.NOTE) if reason else None


def unusable_providers(
    choices: Mapping[Path, Choice], presets: Mapping[str, str], dialects: Collection[str]
) -> dict[str, Problem]:
    """Providers that can't be asked as they are set, by name."""
    found: dict[str, Problem] = {}
    for choice in choices.values():
        if choice.path[0] != "providers" or (name := choice.path[1]) in found:
            continue
        table = ("providers", name)
        dialect = choices.get((*table, "dialect"))
        if dialect and dialect.value not in dialects:
            message = f"{dotted(dialect.path)}: wants one of {', '.join(sorted(dialects))}"
            found[name] = dialect.layer.problem(dialect.path, message, nearest(str(dialect.value), dialects))
        elif name in presets:
            continue
        elif not dialect:
            found[name] = _stranger(choice, table, presets)
        elif not any((*table, key) in choices for key in ("base_url", "endpoints", "endpoint")):
            message = f"{dotted(table)} wants base_url, the address where its API begins"
            found[name] = choice.layer.problem(table, message)
    return found


def unknown_names(choice: Choice, known: Collection[str]) -> Iterator[Problem]:
    """Names in a routing list that belong to no provider."""
    for name in choice.value:
        if name in known:
            continue
        message = f'{dotted(choice.path)}: no provider is called "{one_line(name, 40)}"'
        yield choice.layer.problem(choice.path, message, _provider_meant(name, known))


def conflicts(settings: Settings, choices: Mapping[Path, Choice], presets: Mapping[str, str]) -> Iterator[Problem]:
    """Values that can't work together, named with both keys."""
    timeouts: dict[Path, Timeouts] = {("timeouts",): settings.timeouts}
    for name, provider in settings.providers.items():
        table = ("providers", name)
        timeouts |= {(*table, "timeouts"): provider.timeouts} if provider.timeouts else {}
        dialect = provider.dialect or presets[name]
        for key, only in _ONLY.items():
            choice = next((choice for path, choice in choices.items() if path[:3] == (*table, key)), None)
            if choice and not {dialect, name} & set(only):
                knows = " and ".join(only)
                message = (
                    f"{dotted(choice.path)} has no effect: {dotted(table)} speaks {dialect}; it is for {knows} alone"
                )
                yield choice.layer.problem(choice.path, message)
        yield from _login_conflicts(table, provider, choices)
        if provider.endpoints and (choice := choices.get((*table, "base_url"))):
            message = f"{dotted(choice.path)} has no effect beside {dotted((*table, 'endpoints'))}: keep one of them"
            yield choice.layer.problem(choice.path, message)
        if provider.burst and provider.requests_per_minute is None and (choice := choices.get((*table, "burst"))):
            message = f"{dotted(choice.path)} has no effect without {dotted((*table, 'requests_per_minute'))}"
            yield choice.layer.problem(choice.path, message)
    yield from _routing_conflicts(settings.routing, choices)
    yield from _price_conflicts(settings, choices)
    pairs = [
        ((*table, part), (*table, "total"), getattr(values, part), values.total)
        for table, values in timeouts.items()
        for part in ("connect", "first_token", "silence")
    ]
    retry = settings.retry
    pairs.append((("retry", "base_delay_ms"), ("retry", "max_delay_ms"), retry.base_delay_ms, retry.max_delay_ms))
    for smaller, larger, low, high in pairs:
        choice = choices.get(smaller) or choices.get(larger)
        if choice and low > high:
            message = f"{dotted(smaller)} ({low:g}) is above {dotted(larger)} ({high:g}), which ends it first"
            yield choice.layer.problem(choice.path, message)


def _login_conflicts(table: Path, provider: Provider, choices: Mapping[Path, Choice]) -> Iterator[Problem]:
    """A way to log in that lacks what it needs, and parts of one that is not chosen."""
    if provider.auth == "entra":
        for key in ("tenant", "client_id"):
            if getattr(provider, key) is None and (choice := choices.get((*table, "auth"))):
                message = f'{dotted(choice.path)} = "entra" wants {dotted((*table, key))}'
                yield choice.layer.problem(choice.path, message)
    elif provider.auth == "service_account" and provider.project is None:
        if choice := choices.get((*table, "auth")):
            message = f'{dotted(choice.path)} = "service_account" wants {dotted((*table, "project"))}'
            yield choice.layer.problem(choice.path, message)
    elif choice := choices.get((*table, "client_secret")):
        wanted = f'{dotted((*table, "auth"))} = "entra"'
        yield choice.layer.problem(choice.path, f"{dotted(choice.path)} has no effect without {wanted}")


def _routing_conflicts(routing: Routing, choices: Mapping[Path, Choice]) -> Iterator[Problem]:
    """A way to ask several that asks one."""
    asks_several = routing.dispatch in (Dispatch.SPECULATE_K, Dispatch.PARALLEL_MERGE)
    if asks_several and routing.k == 1 and (choice := choices.get(("routing", "k"))):
        message = f'routing.k = 1 makes routing.dispatch = "{routing.dispatch}" the same as "single"'
        yield choice.layer.problem(choice.path, message)


def _price_conflicts(settings: Settings, choices: Mapping[Path, Choice]) -> Iterator[Problem]:
    """Prices of which a part is missing."""
    for name, price in settings.prices.items():
        choice = choices.get(("prices", name))
        missing = [key for key in ("input_per_million", "output_per_million") if getattr(price, key) is None]
        if choice and missing:
            lacks = " and ".join(missing)
            message = f"{dotted(choice.path)} wants {lacks} too: without it, it has no effect"
            yield choice.layer.problem(choice.path, message)


def nearest(name: str, names: Collection[str]) -> str | None:
    """The name that was probably meant, if one is near; case, hyphens and underscores don't count."""
    plain = {plain_name(known): known for known in names}
    match = difflib.get_close_matches(plain_name(name[:100]), plain, 1)
    return plain[match[0]] if match else None


def plain_name(name: str) -> str:
    """The name as it is compared with others: lower case, no punctuation."""
    return name.lower().translate({ord(character): None for character in "-_."})


def _stranger(choice: Choice, table: Path, presets: Mapping[str, str]) -> Problem:
    message = f"{dotted(table)} is no known provider: for a server of your own set dialect and base_url"
    return choice.layer.problem(table, message, _provider_meant(table[1], presets))


def _provider_meant(name: str, known: Collection[str]) -> str | None:
    also_called = {"google": "gemini", "vertex": "gemini", "claude": "anthropic", "chatgpt": "openai", "grok": "xai"}
    return also_called.get(plain_name(name)) or nearest(name, known)


def _is_project_text(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return (
        ".." not in parts and not name.startswith(("/", "~", "\\")) and ":" not in name and name.endswith(_TEXT_FILES)
    )
