"""What every store must do, as checks that each kind of store is put to."""

from __future__ import annotations

import asyncio


def added(values, _now):
    """A change: one more."""
    number = int(values[0] or 0) + 1
    return (str(number),), number


def moved(values, _now):
    """A change of two keys: one from the first to the second."""
    first, second = (int(value or 0) for value in values)
    return (str(first - 1), str(second + 1)), first - 1


def removed(_values, _now):
    """A change: gone."""
    return (None,), None


def put(text):
    """A change: that text, whatever was there."""
    return lambda _values, _now: ((text,), None)


async def keeps_what_is_posted(store):
    """A change is seen by the next one, by `peek` and by `scan`; results come back to whoever posted."""
    assert await store.post(("limit/a",), added) == 1
    assert await store.post(("limit/a",), added) == 2
    assert store.peek("limit/a") == "2"
    assert store.peek("limit/never") is None
    await store.post(("limit/b",), put("ä\n|"))
    assert await store.scan("limit/") == {"limit/a": "2", "limit/b": "ä\n|"}
    assert await store.scan("turn/") == {}


async def changes_several_keys_as_one(store):
    """Two keys change together, and a removed one is gone."""
    await asyncio.gather(*(store.post(("limit/one", "limit/other"), moved) for _ in range(20)))
    assert (store.peek("limit/one"), store.peek("limit/other")) == ("-20", "20")
    await store.post(("limit/one",), removed)
    assert store.peek("limit/one") is None
    assert await store.scan("limit/") == {"limit/other": "20"}


async def does_what_nobody_waits_for(store):
    """What is posted and not waited for is done, in the order of posting."""
    for number in range(30):
        store.post(("limit/last",), put(str(number)))
    assert await store.post(("limit/last",), added) == 30


async def leaves_alone_what_is_not_changed(store):
    """A change that returns the same texts writes nothing, and may still have a result."""
    await store.post(("limit/a",), put("5"))
    assert await store.post(("limit/a", "limit/b"), lambda values, _: (values, values)) == ("5", None)
    assert await store.scan("limit/") == {"limit/a": "5"}


async def tells_a_mistake_in_a_change(store):
    """A change that raises changes nothing, and the store goes on."""

    def broken(_values, _now):
        raise ZeroDivisionError

    await store.post(("limit/a",), put("5"))
    try:
        await store.post(("limit/a",), broken)
    except ZeroDivisionError:
        pass
    else:
        raise AssertionError("the mistake was hidden")
    assert await store.post(("limit/a",), added) == 6


CHECKS = (
    keeps_what_is_posted,
    changes_several_keys_as_one,
    does_what_nobody_waits_for,
    leaves_alone_what_is_not_changed,
    tells_a_mistake_in_a_change,
)


async def two_windows_agree(one, other):
    """Two windows that change the same key at once lose nothing, and each hears of what the other did."""
    for window, listener in ((one, other), (other, one)):  # both are open, whatever that took
        await window.post(("place/open",), put(str(id(window))))
        await heard(listener, "place/open", str(id(window)))

    async def adds(window):
        for _ in range(25):
            await window.post(("limit/sum",), added)

    await asyncio.gather(adds(one), adds(other))
    assert await one.post(("limit/sum",), lambda values, _: (values, values[0])) == "50"
    await one.post(("place/x",), put("from one"))
    await one.post(("place/gone",), put("soon gone"))
    await heard(other, "place/gone", "soon gone")
    await one.post(("place/gone",), removed)
    await heard(other, "place/gone", None)
    assert other.peek("place/x") == "from one"


async def heard(store, key, text):
    """Wait until the store has seen the text of another process."""
    for _ in range(200):
        if store.peek(key) == text:
            return
        store.freshen()
        await asyncio.sleep(0.02)
    raise AssertionError(f"never heard that {key} is {text!r}")
