"""What is known of a place's model before it is asked: its window, what it can do, what it costs.

The person's settings win, then what the server itself told, then the built-in table. Asks nobody.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from dragoman.core.price import FREE, Price
from dragoman.providers import catalog
from dragoman.providers.base import Capabilities

if TYPE_CHECKING:
    from dragoman.core.route import Place
    from dragoman.core.settings import Settings
    from dragoman.providers.base import Options
    from dragoman.providers.listings import Listing


def window_of(settings: Settings, place: Place, options: Options) -> int | None:
    """The context window in tokens, as far as settings and table know it.

    Ollama gives a model the window that it is told, as far as the model goes.
    """
    provider = settings.providers.get(place.provider)
    if provider and provider.context:
        return provider.context
    return options.num_ctx or catalog.capabilities(place.provider, place.model).context


def price_of(settings: Settings, place: Place, told: Listing | None = None) -> Price | None:
    """What the place's tokens cost, or None where nobody knows. `told` is what the server's own list says."""
    name = place.model.lower()
    own = next((price for model, price in settings.prices.items() if model.lower() == name), None)
    if own and own.input_per_million is not None and own.output_per_million is not None:
        cache_write = own.cache_write_per_million
        return Price(own.input_per_million, own.output_per_million, own.cached_per_million, cache_write=cache_write)
    if place.local:
        return FREE
    return (told.price if told else None) or catalog.price(place.provider, place.model)


def abilities_of(place: Place, told: Capabilities | None = None) -> Capabilities:
    """What the place's model can do: what the server says of it, else the table."""
    table = catalog.capabilities(place.provider, place.model)
    return merged(table, told) if told else table


def merged(less: Capabilities, more: Capabilities) -> Capabilities:
    """Both together; where both know something, `more` is believed."""
    said = {name.name: getattr(more, name.name) for name in fields(Capabilities)}
    return replace(less, **{name: value for name, value in said.items() if value is not None})
