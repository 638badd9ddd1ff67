"""Inline completions: who is asked, in which way, and what is made of the answer; on virtual time."""

from __future__ import annotations

import asyncio

import pytest

from dragoman.core.completion import Gap, Question
from dragoman.core.errors import AllCandidatesFailed, NothingToAsk
from dragoman.core.redact import INSTRUCTION, redact
from dragoman.core.settings import Settings
from dragoman.engine.filling import Filling
from engine.virtual import (
    Keys,
    Reply,
    ScriptedTransport,
    engine_of,
    event,
    refuses,
    says,
    settings_of,
    unreachable,
    virtual_time,
)

CODER = "qwen2.5-coder:1.5b"
PREFIX, SUFFIX = "def f(a):\n    ", "\n\nx = f(1)\n"


def question(prefix=PREFIX, suffix=SUFFIX, *, several=True, **more):
    """A question in a Python file."""
    gap = Gap("python", prefix, suffix, several, name="a.py")
    return Question(gap, more.pop("shown", gap), **more)


def filled(*texts, reason="stop"):
    """A whole answer to a gap by OpenAI's completions."""
    pieces = (event(choices=[{"text": text}]) for text in texts)
    last = event(choices=[{"text": "", "finish_reason": reason}])
    counted = event(choices=[], usage={"prompt_tokens": 9, "completion_tokens": 3})
    return Reply((*pieces, last, counted, b"data: [DONE]\n\n"))


def filling_of(transport, settings, **more):
    """Filling over an engine on the script."""
    return Filling(engine_of(transport, settings, **more), settings)


def local(*names, **sections):
    """Local servers with a model that fills gaps."""
    providers = {name: {"local": True, "inline_model": CODER} for name in names}
    return settings_of(*names, providers=providers | sections.pop("providers", {}), **sections)


@virtual_time
async def test_a_model_is_asked_by_its_template():
    """A server of one's own is given the family's template, without the chat's messages, and its text is proposed."""
    transport = ScriptedTransport(one=[filled("return", " a")])
    found = await filling_of(transport, local("one")).fill(question(), invoked=False)
    assert (found.text, found.provider, found.model) == ("return a", "one", CODER)
    body = transport.bodies[0]
    assert body["prompt"] == f"<|fim_prefix|>{PREFIX}<|fim_suffix|>{SUFFIX}<|fim_middle|>"
    assert "<|endoftext|>" in body["stop"]
    assert "messages" not in body


@virtual_time
async def test_a_model_of_no_family_is_asked_in_a_chat():
    """Where nothing is known of how a model fills gaps, it is shown the cursor's place in a chat."""
    transport = ScriptedTransport(one=[says("Sure!\n\n```python\n", "return a\n```\n")])
    settings = local("one", providers={"one": {"local": True}})
    found = await filling_of(transport, settings).fill(question(), invoked=False)
    assert found.text == "return a"
    assert "⟪cursor⟫" in transport.bodies[0]["messages"][-1]["content"]


@virtual_time
async def test_a_text_with_a_familys_token_goes_by_chat():
    """Code that speaks of the template's own tokens is not put into it."""
    transport = ScriptedTransport(one=[says("```\nreturn a\n```")])
    asked = question("TOKEN = '<|fim_prefix|>'\ndef f(a):\n    ")
    assert (await filling_of(transport, local("one")).fill(asked, invoked=False)).text == "return a"
    assert "messages" in transport.bodies[0]


@virtual_time
async def test_local_ones_come_first():
    """Whoever is local is asked before the cloud, whatever the order says."""
    settings = settings_of("cloud", "near", providers={"cloud": {"inline_model": CODER}, "near": {"local": True}})
    transport = ScriptedTransport(cloud=[filled("no")], near=[says("```\nreturn a\n```")])
    assert (await filling_of(transport, settings).fill(question(), invoked=False)).provider == "near"
    assert transport.hosts == ["near"]


@virtual_time
async def test_while_typing_the_cloud_is_asked_only_where_the_settings_mean_it():
    """Without an inline_model a cloud provider hears nothing of who types; asked in so many words, it answers."""
    transport = ScriptedTransport(cloud=[says("```\nreturn a\n```")])
    filling = filling_of(transport, settings_of("cloud"))
    with pytest.raises(NothingToAsk, match="inline_model"):
        await filling.fill(question(), invoked=False)
    assert transport.hosts == []
    assert (await filling.fill(question(), invoked=True)).text == "return a"
    meant = settings_of("cloud", providers={"cloud": {"inline_model": CODER}})
    filling.use(meant, Keys())
    transport.scripts["cloud"] = [filled("return b")]
    assert (await filling.fill(question(), invoked=False)).text == "return b"


@virtual_time
async def test_a_local_servers_models_in_the_cloud_are_not_local():
    """What Ollama passes on to its cloud hears nothing of who types, whether it was named or is what the server has."""
    tags = Reply((b'{"models":[{"name":"some-coder:480b-cloud"}]}',), headers={"content-type": "application/json"})
    transport = ScriptedTransport(near=[tags])
    ollama = {"base_url": "http://near", "model": "some-coder:480b-cloud"}
    filling = filling_of(transport, Settings.model_validate({"providers": {"ollama": ollama}}))
    with pytest.raises(NothingToAsk):
        await filling.fill(question(), invoked=False)
    assert transport.hosts == []
    filling.use(Settings.model_validate({"providers": {"ollama": {"base_url": "http://near"}}}), Keys())
    with pytest.raises(AllCandidatesFailed, match="local"):
        await filling.fill(question(), invoked=False)
    assert transport.bodies == [{}]


@pytest.mark.parametrize("invoked", [True, False])
@virtual_time
async def test_what_is_kept_local_reaches_no_other(invoked):
    """However it is asked, a file that is kept local goes to no cloud provider, not even when the local one fails."""
    settings = settings_of("near", "cloud", providers={"near": {"local": True}, "cloud": {"inline_model": CODER}})
    transport = ScriptedTransport(near=[refuses(500)], cloud=[filled("return a")])
    with pytest.raises(AllCandidatesFailed):
        await filling_of(transport, settings).fill(question(local_only=True), invoked=invoked)
    assert set(transport.hosts) == {"near"}


@virtual_time
async def test_who_fails_is_passed_over_at_once():
    """Nothing is asked twice or waited for: the next one is asked within the moment."""
    transport = ScriptedTransport(one=[refuses(503)], two=[unreachable()], three=[filled("return a")])
    began = asyncio.get_running_loop().time()
    found = await filling_of(transport, local("one", "two", "three")).fill(question(), invoked=False)
    assert found.provider == "three"
    assert transport.hosts == ["one", "two", "three"]
    assert asyncio.get_running_loop().time() == began


@pytest.mark.parametrize("refusal", [refuses(400), refuses(404), refuses(404, "model does not support suffix")])
@virtual_time
async def test_who_knows_nothing_of_gaps_is_asked_in_a_chat(refusal):
    """A server that refuses a completion is asked in a chat at once, and in chats alone for some minutes."""
    transport = ScriptedTransport(one=[refusal, says("```\nreturn a\n```"), says("```\nreturn b\n```"), filled("c")])
    filling = filling_of(transport, local("one"))
    assert (await filling.fill(question(), invoked=False)).text == "return a"
    assert (await filling.fill(question(), invoked=False)).text == "return b"
    assert ["messages" in body for body in transport.bodies] == [False, True, True]
    await asyncio.sleep(700)
    assert (await filling.fill(question(), invoked=False)).text == "c"
    assert "messages" not in transport.bodies[-1]


@virtual_time
async def test_who_refuses_the_chat_too_is_passed_over():
    """A refusal that has nothing to do with the gap goes on as any other does."""
    transport = ScriptedTransport(one=[refuses(404, "model not found")], two=[filled("return a")])
    assert (await filling_of(transport, local("one", "two")).fill(question(), invoked=False)).provider == "two"
    assert transport.hosts == ["one", "one", "two"]


@virtual_time
async def test_what_is_beyond_the_block_is_not_waited_for():
    """Once a model writes what would be left out, its connection is closed."""
    endless = Reply((*(event(choices=[{"text": text}]) for text in ("return", " a\n", "\n\ndef g", "():\n")), 60.0))
    transport = ScriptedTransport(one=[endless])
    began = asyncio.get_running_loop().time()
    found = await filling_of(transport, local("one")).fill(question(), invoked=False)
    assert found.text == "return a"
    assert asyncio.get_running_loop().time() - began < 1
    assert transport.open == []


@virtual_time
async def test_one_line_ends_the_answer():
    """Where the rest of a line is wanted, it is asked for with the line's end as stop."""
    transport = ScriptedTransport(one=[filled("1")])
    await filling_of(transport, local("one")).fill(question("x = ", "\ny = 2\n", several=False), invoked=False)
    assert transport.bodies[0]["stop"][0] == "\n"


@virtual_time
async def test_a_cut_line_is_not_proposed():
    """Of several lines that end at the length limit, the last one is left out: nobody knows how it goes on."""
    transport = ScriptedTransport(one=[filled("b = a\n", "    return some_th", reason="length")])
    assert (await filling_of(transport, local("one")).fill(question(), invoked=False)).text == "b = a"


@virtual_time
async def test_nothing_is_an_answer():
    """A model that has nothing to add is not taken for one that failed."""
    transport = ScriptedTransport(one=[filled()], two=[filled("no")])
    assert (await filling_of(transport, local("one", "two")).fill(question(), invoked=False)).text == ""
    assert transport.hosts == ["one"]


@virtual_time
async def test_secrets_come_back_in_what_is_proposed():
    """A model that copies a placeholder has its secret proposed; one that garbles it has nothing proposed."""
    secret = "ghp" + "_" + "aB3dE5gH1jK9mN2pQ4rS6tU8vW0yZ7cF3hJ5"
    prefix = f'TOKEN = "{secret}"\n\n\ndef f(a):\n    '
    redacted = redact(prefix)
    placeholder = redacted.table.placeholders[0]
    shown = Gap("python", redacted.text, SUFFIX, several=True)
    asked = question(prefix, shown=shown, secrets=redacted.table)
    transport = ScriptedTransport(
        one=[filled(f'return "{placeholder}"'), filled('return "REDACTED_7_KEY"'), filled("return a")]
    )
    filling = filling_of(transport, local("one"))
    assert (await filling.fill(asked, invoked=False)).text == f'return "{secret}"'
    assert (await filling.fill(asked, invoked=False)).text == ""
    assert all(secret not in str(body) for body in transport.bodies)
    transport.scripts["one"] = [says(f'```\nreturn "{placeholder}"\n```')]
    filling.use(settings_of("one", providers={"one": {"local": True}}), Keys())
    assert (await filling.fill(asked, invoked=False)).text == f'return "{secret}"'
    assert INSTRUCTION in str(transport.bodies[-1])


@virtual_time
async def test_giving_up_closes_the_connection():
    """A cancelled question closes its provider's connection at once, and counts as cancelled."""
    records = []
    transport = ScriptedTransport(one=[Reply((event(choices=[{"text": "a"}]), 60.0))])
    filling = filling_of(transport, local("one"), records=records)
    task = asyncio.ensure_future(filling.fill(question(), invoked=False))
    await asyncio.sleep(1)
    assert transport.open == ["one"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert transport.open == []
    assert [(record.outcome, record.action) for record in records] == [("cancelled", "complete")]


@virtual_time
async def test_the_audit_log_has_what_is_sent():
    """Where a gap is filled it is the two texts, not the chat that nobody was shown; and where they come from."""
    heard = []

    class Listening:
        async def sent(self, _privacy, outgoing):
            heard.append(outgoing)

        def ended(self, *_args):
            return

    transport = ScriptedTransport(one=[filled("return a")])
    settings = local("one")
    engine = engine_of(transport, settings, audit=Listening())
    await Filling(engine, settings).fill(question(source="a.py:1-5"), invoked=False)
    assert heard[0].texts == (("prefix", PREFIX), ("suffix", SUFFIX))
    assert heard[0].sources == ("a.py:1-5",)
    assert heard[0].action == "complete"
