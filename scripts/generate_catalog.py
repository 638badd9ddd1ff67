"""Writes the catalog of models from genai-prices and the abilities below. Run as scripts/generate-catalog.

Windows and prices are genai-prices' of today; where a price depends on the time of day, the highest is taken. Abilities
are written here by hand after the vendors' model pages: what they don't say stays unknown.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genai_prices.data import providers
from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
    ModelInfo,
    ModelPrice,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

CATALOG = Path(__file__).parent.parent / "src" / "dragoman" / "providers" / "catalog.json"

SOURCES = {
    "anthropic": "anthropic",
    "openai": "openai",
    "gemini": "google",
    "xai": "x-ai",
    "groq": "groq",
    "mistral": "mistral",
    "deepseek": "deepseek",
    "together": "together",
    "fireworks": "fireworks",
}
"""Our provider's name -> genai-prices' own."""

NOT_OURS = re.compile(
    r"audio|image|tts|whisper|realtime|live|ocr|transcribe|voice|orpheus|voxtral|moderation|guard|robotics|banana|omni"
    r"|^(?:ada|babbage|curie|davinci|text-davinci|computer-use|ft:|gpt-4o-mini-2024-07-18\.ft|gpt-rosalind|claude-v1)"
    r"|-instruct-v0|:free$|:extended$|phi-|wizardlm|RedPajama|GPT-JT|llama-?2|llama2|vicuna|Qwen1\.5|Nous|StripedHyena"
    r"|-preview$|cyber|search|chronos|MythoMax|NexusRaven|OpenOrca|ReMM|Toppy|OLMo|CodeLlama|alpaca|openchat|Snorkel"
    r"|OpenHermes|SOLAR|Yi-|Platypus|gemma-2b|gemma-7b|WizardLM|phi-2|Mistral-7B-v0|Mixtral-8x7B-v0|Llama-3-",
    re.IGNORECASE,
)
"""Models that hold no conversation in text, or that nobody serves any more."""

OURS_ALTHOUGH = re.compile(r"^(?:gemini-[3-9][\w.]*-(?:pro|flash)-preview|gpt-4\.5-preview)$")

ABILITIES = {
    "anthropic": (
        (r"^claude-(?:opus|sonnet|haiku)-[4-9]|^claude-[4-9][\d.-]*-(?:opus|sonnet|haiku)", "TVH"),
        (r"^claude-3[-.]7|^claude-sonnet-3[-.]7", "TVH"),
        (r"^claude-3", "TVh"),
        (r"^claude-2", "tvh"),
    ),
    "openai": (
        (r"^text-embedding", "E"),
        (r"^gpt-5[\d.-]*-chat|^gpt-(?:4o|4\.1|4-turbo)|^chatgpt-4o", "TVh"),
        (r"^gpt-[5-9]|^o1(?:-pro)?$|^o3(?:-pro)?$|^o4-mini$", "TVH"),
        (r"^o3-mini", "TvH"),
        (r"^o1-mini|^o1-preview", "tvH"),
        (r"^gpt-3\.5-turbo$|^gpt-4$", "Tvh"),
    ),
    "gemini": (
        (r"embedding", "E"),
        (r"^gemini-(?:1\.5|2\.0)", "TVh"),
        (r"^gemini-(?:2\.5|[3-9])", "TVH"),
    ),
    "xai": (
        (r"non-reasoning", "TVh"),
        (r"^grok-code", "TvH"),
        (r"^grok-4", "TVH"),
        (r"^grok-3-mini", "TvH"),
        (r"^grok-3", "Tvh"),
        (r"^grok-2-vision", "TVh"),
    ),
    "groq": ((r"gpt-oss", "TvH"), (r"^llama-3\.[13]", "Tvh"), (r"llama-4", "TVh")),
    "mistral": (
        (r"embed", "E"),
        (r"^codestral", "TvhF"),
        (r"^devstral", "Tvh"),
        (r"^magistral", "TH"),
        (r"^pixtral|^mistral-(?:medium-3|large-2512|small-2603)", "TV"),
        (r"^mistral-(?:large|medium|small)", "T"),
    ),
    "deepseek": ((r"^deepseek-chat", "TvhF"), (r"^deepseek-reasoner", "vH")),
}
"""Provider -> (model id, letters), the first one that matches: capital for can, small for can't, absent for unknown.

T tools, V vision, H thinking, F fill in the middle, E embeddings.
"""

_DATE = r"(?:\[-@\]|-|@)\\d\{(?:8|4\}-\\d\{2\}-\\d\{2)\}"


def main() -> None:
    """Writes the catalog."""
    today = datetime.now(UTC)
    lines = [f'{{"made": "{today:%Y-%m-%d}", "source": "genai-prices {version("genai-prices")}",', '"providers": {']
    for number, (name, theirs) in enumerate(SOURCES.items()):
        source = next(provider for provider in providers if provider.id == theirs)
        rows = [row for model in source.models if wanted(name, model) for row in rows_of(name, model, today)]
        body = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
        lines.append(f'"{name}": [\n{body}\n]' + ("," if number < len(SOURCES) - 1 else ""))
    CATALOG.write_text("\n".join([*lines, "}}"]) + "\n", "utf-8")
    print(f"wrote {CATALOG.name}, {CATALOG.stat().st_size} bytes")


def wanted(provider: str, model: ModelInfo) -> bool:
    """Whether it is a model of the provider's own that answers in text, or gives embeddings."""
    if model.deprecated or (NOT_OURS.search(model.id) and not OURS_ALTHOUGH.search(model.id)):
        return False
    if provider == "openai" and model.id.startswith("gpt-oss"):
        return False
    if provider == "gemini":
        return model.id.startswith(("gemini-", "gemma-"))
    return provider != "together" or bool(model.context_window)


def rows_of(provider: str, model: ModelInfo, today: datetime) -> Iterator[list[Any]]:
    """A row for each set of letters: [names, window, letters, price tiers]; see `dragoman.providers.catalog`."""
    names_by_letters: dict[str, list[str]] = {}
    names = [name.lower() for name in dict.fromkeys(patterns_of(model.match))]
    for name in names:
        if re.sub(r"[-@](?:\d{8}|\d{4}-\d{2}-\d{2})$", "", name) in set(names) - {name}:
            continue  # the same with a date behind it, which the catalog strips
        found = (letters for regex, letters in ABILITIES.get(provider, ()) if re.search(regex, name.strip("*")))
        names_by_letters.setdefault(next(found, ""), []).append(name)
    for letters, alike in names_by_letters.items():
        tiers = tiers_of(todays(model, today), embeds="E" in letters)
        if tiers or model.context_window:
            yield ["|".join(alike), model.context_window, letters, tiers]


def patterns_of(clause: Any) -> list[str]:
    """Names with a star at the ends where anything may stand. A date behind a name is the catalog's to strip."""
    match clause:
        case ClauseEquals():
            return [clause.equals]
        case ClauseStartsWith():
            return [f"{clause.starts_with}*"]
        case ClauseEndsWith():
            return [f"*{clause.ends_with}"]
        case ClauseContains():
            return [f"*{clause.contains}*"]
        case ClauseOr():
            return [pattern for inner in clause.or_ for pattern in patterns_of(inner)]
        case ClauseRegex():
            name = re.sub(_DATE, "", clause.regex.removeprefix("^").removesuffix("$")).replace("\\.", ".")
            if re.fullmatch(r"[\w./@:-]+", name):
                return [name]
            print(f"left out the pattern {clause.regex}")
        case ClauseAnd():
            # The other conditions only except kinds of models that are left out here anyway.
            return [pattern for inner in clause.and_[:1] for pattern in patterns_of(inner)]
    return []


def todays(model: ModelInfo, today: datetime) -> list[ModelPrice]:
    """The prices that hold at some hour of today."""
    if isinstance(model.prices, ModelPrice):
        return [model.prices]
    usual = [
        row.prices
        for row in model.prices
        if row.constraint is None or (isinstance(row.constraint, StartDateConstraint) and row.constraint.active(today))
    ]
    by_hour = [row.prices for row in model.prices if isinstance(row.constraint, TimeOfDateConstraint)]
    return [*usual[-1:], *by_hour]


def tiers_of(prices: list[ModelPrice], *, embeds: bool) -> list[list[float | None]]:
    """[from so many input tokens, input, output, cached input] in USD per million, the dearest of the prices.

    What writing to the cache costs follows where it is told.
    """
    starts = {0} | {
        tier.start
        for price in prices
        for value in vars(price).values()
        if isinstance(value, TieredPrices)
        for tier in value.tiers
    }
    tiers: list[list[float | None]] = []
    for start in sorted(starts):
        given, made, cached, written = (
            max(
                (found for price in prices if (found := at(getattr(price, key, None), start)) is not None), default=None
            )
            for key in ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")
        )
        if made is None and embeds:
            made = 0.0
        if given is None or made is None:
            return []
        known = (given, made, cached) if written is None else (given, made, cached, written)
        tiers.append([start, *map(compact, known)])
    return tiers


def at(price: Decimal | TieredPrices | None, start: int) -> float | None:
    """The price from so many input tokens on."""
    if isinstance(price, TieredPrices):
        price = next((tier.price for tier in reversed(price.tiers) if tier.start <= start), price.base)
    return None if price is None else float(price)


def compact(value: float | None) -> float | None:
    """The number without a fraction where it has none."""
    return int(value) if value is not None and value == int(value) else value


if __name__ == "__main__":
    main()
