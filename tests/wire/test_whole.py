"""Answers that come whole: asked for so by a setting, from the simulator over real sockets."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from dragoman.app import App
from dragoman.core.chat import Request, TextDelta, Usage, user
from dragoman.core.events import Done
from dragoman.core.hints import Hints
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.ports import Job
from dragoman.simulator import Reply, Simulator

KEYS = {
    "anthropic": "ANTHROPIC_API_KEY",
    "azure": "AZURE_OPENAI_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "ollama": "",
    "openai": "OPENAI_API_KEY",
}
ADDRESSES = {"openai": "{url}/v1", "azure": "{url}/openai/v1"}


@pytest.mark.parametrize(
    ("provider", "responses"), [*((name, False) for name in sorted(KEYS)), ("openai", True), ("azure", True)]
)
async def test_an_answer_in_one_piece(provider, responses):
    """With `stream = false` the request asks for no stream, and the whole answer has text, tokens and an end."""
    reply = Reply(("One ", "and two."), usage=Usage(12, 5))
    async with Simulator(reply, models=("m",)) as simulator:
        assignments = [
            f"providers.{provider}.base_url={ADDRESSES.get(provider, '{url}').format(url=simulator.url)}",
            f"providers.{provider}.model=m",
            f"providers.{provider}.stream=false",
        ]
        if provider in {"openai", "azure"}:
            assignments.append(f"providers.{provider}.responses={str(responses).lower()}")
        environment = {KEYS[provider]: "test-key"} if KEYS[provider] else {}
        async with await App.open(assignments, environment=environment) as app:
            assert not [problem for problem in app.effective.problems if problem.severity != "note"]
            intent = LabelledIntent(Intent.GENERAL, "hint", "")
            job = Job("1", Request((user("Count."),)), intent, Hints(provider=provider))
            async with aclosing(app.completer.stream(job)) as stream:
                events = [event async for event in stream]
        asked = simulator.completions[-1]
    assert asked.stream is False
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "One and two."
    (done,) = [event for event in events if isinstance(event, Done)]
    assert (done.usage.input_tokens, done.usage.output_tokens, done.usage.estimated) == (12, 5, False)
