"""What tokens cost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.chat import Usage
from dragoman.core.price import FREE, Price, cost

PLAIN = Price(3.0, 15.0, 0.3)
WRITTEN = Price(3.0, 15.0, 0.3, cache_write=3.75)


@pytest.mark.parametrize(
    ("usage", "price", "dollars"),
    [
        (Usage(1_000_000, 0), PLAIN, 3.0),
        (Usage(0, 1_000_000), PLAIN, 15.0),
        (Usage(1_000_000, 0, cached_tokens=400_000), PLAIN, 0.6 * 3 + 0.4 * 0.3),
        (Usage(1_000_000, 0, cached_tokens=400_000), Price(3.0, 15.0), 3.0),
        (Usage(10, 1_000_000, reasoning_tokens=900_000), PLAIN, 15.0 + 10 * 3 / 1e6),
        (Usage(1_000_000, 0, 400_000, cache_write_tokens=500_000), PLAIN, 0.6 * 3 + 0.4 * 0.3),
        (Usage(1_000_000, 0, 400_000, cache_write_tokens=500_000), WRITTEN, 0.1 * 3 + 0.4 * 0.3 + 0.5 * 3.75),
        (Usage(1_000_000, 0, 400_000, cache_write_tokens=900_000), WRITTEN, 0.4 * 0.3 + 0.6 * 3.75),
        (Usage(500, 500), FREE, 0.0),
        (Usage(500, 500), None, None),
        (Usage(), None, 0.0),
    ],
)
def test_tokens_have_their_price(usage, price, dollars):
    """Input, output, and what was read from a cache or written to it, by the million; reasoning is output.

    Without a price of its own a part costs what the rest does; without any price nothing is claimed.
    """
    assert cost(usage, price) == (None if dollars is None else pytest.approx(dollars))


def test_a_long_request_costs_its_own_price_as_a_whole():
    """Above the limit all of the request is charged at the higher price, at the limit none of it."""
    price = Price(1.0, 2.0, None, 200_000, Price(10.0, 20.0))
    assert cost(Usage(200_000, 1000), price) == pytest.approx(0.2 + 0.002)
    assert cost(Usage(200_001, 1000), price) == pytest.approx(200_001 * 10 / 1e6 + 0.02)


TOKENS = st.integers(0, 10_000_000)


MONEY = st.floats(0, 1000)


PRICES = st.builds(Price, MONEY, MONEY, st.none() | MONEY, cache_write=st.none() | MONEY)


@given(TOKENS, TOKENS, TOKENS, TOKENS, PRICES)
def test_a_cost_is_never_negative_and_grows_with_the_answer(sent, answered, cached, written, price):
    """However a provider counts its cached tokens, no request earns money, and a longer answer is never cheaper."""
    short = cost(Usage(sent, answered, cached, cache_write_tokens=written), price)
    long = cost(Usage(sent, answered + 1, cached, cache_write_tokens=written), price)
    assert 0 <= short <= long
