"""Ways to build a script."""

from __future__ import annotations

import pytest

from dragoman.simulator import Call, Fault, Reply, by_model, by_prefix, in_order, with_fault
from dragoman.simulator.script import as_script


def call(model="m", prefix=""):
    """A call as a script sees it."""
    body = {"model": model, "messages": []}
    return Call("openai", "POST", "/v1/chat/completions", prefix, {}, body, stream=True, completion=True, received_at=0)


FIRST, SECOND, THIRD = (Reply(text=(word,)) for word in ("first", "second", "third"))


def test_replies_come_in_order_and_the_last_one_stays():
    """The n-th call gets the n-th reply; the last one is repeated."""
    script = in_order(FIRST, SECOND)
    assert [script(call()) for _ in range(4)] == [FIRST, SECOND, SECOND, SECOND]


@pytest.mark.parametrize("answers", [FIRST, [FIRST], lambda _: FIRST])
def test_a_script_is_made_from_what_is_at_hand(answers):
    """One reply, a sequence of them, and a function are all scripts."""
    script = as_script(answers)
    assert [script(call()) for _ in range(2)] == [FIRST, FIRST]


def test_models_and_prefixes_have_scripts_of_their_own():
    """Each model, or prefix, counts its own calls."""
    script = by_model({"a": in_order(FIRST, SECOND)}, by_prefix({"/slow": in_order(SECOND)}, in_order(THIRD)))
    asked = [call("a"), call("b"), call("b", "/slow"), call("a", "/slow")]
    assert [script(one) for one in asked] == [FIRST, THIRD, SECOND, SECOND]


def test_every_nth_call_meets_the_fault():
    """With `every=3` the third and the sixth call meet the fault, and the rest of the reply stays."""
    script = with_fault(in_order(FIRST), Fault.CUT, after=5, every=3)
    replies = [script(call()) for _ in range(6)]
    assert [reply.fault for reply in replies] == [None, None, Fault.CUT] * 2
    assert {reply.text for reply in replies} == {FIRST.text}
    assert replies[2].after == 5


@pytest.mark.parametrize(
    "messages",
    [None, "text", [], ["text"], [{"role": "user"}], [{"role": "user", "content": [1, {"type": "image"}]}]],
)
def test_odd_messages_have_an_empty_prompt(messages):
    """A call whose messages are not what they should be has an empty prompt."""
    odd = call()
    odd.body["messages"] = messages
    assert (odd.prompt, odd.system) == ("", "")
