"""Scripted providers for `dragoman simulate`: on a port until stopped, with a fault on request.

They tell each call in one line and never its prompt.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dragoman.simulator.demo_script import demo_script
from dragoman.simulator.script import with_fault
from dragoman.simulator.server import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.simulator.script import Call, Fault, Reply

_GUIDE = """\
Scripted providers listen at {url} (no model answers here). In your settings:

[providers.ollama]
base_url = "{url}"
model = "scripted-coder"

[providers.anthropic]
base_url = "{url}"
model = "scripted-chat"

[providers.openai]
base_url = "{url}/v1"
model = "scripted-chat"  # with `responses = true` it is asked at /responses

[providers.azure]
endpoint = "{url}"
model = "scripted-chat"

[providers.gemini]
base_url = "{url}"
model = "scripted-chat"

[providers.mistral]
base_url = "{url}/v1"
model = "scripted-coder"

[providers.llamacpp]
base_url = "{url}/v1"

Any key will do, but the vendors are asked only where there is one: OPENAI_API_KEY=x, and so on.
A path before the API's own (such as {url}/second) plays one more provider.

Who gives out tokens is played too:
  Entra ID, Copilot     authority = "{url}"
  a managed identity    IDENTITY_ENDPOINT={url}/metadata/identity/oauth2/token
  a service account     "token_uri": "{url}/token" in its JSON file"""


def guide(url: str) -> str:
    """How a person points settings at the simulator at that URL."""
    return _GUIDE.format(url=url)


async def serve(
    tell: Callable[[str], None],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    fault: Fault | None = None,
    every: int = 1,
    after: int = 2,
) -> None:
    """Answers until it is cancelled, and tells where it listens and each call in one line, without prompts.

    Every n-th call meets the fault; `after` is in pieces of the answer. Raises `OSError` where the port is taken.
    """
    script = demo_script() if fault is None else with_fault(demo_script(), fault, after=after, every=every)

    def told(call: Call) -> Reply:
        reply = script(call)
        outcome = f"{reply.fault}: {reply.fault.summary}" if reply.fault else "answers"
        tell(f"{call.method} {call.path} {call.model or '(no model)'}: {outcome}")
        return reply

    async with Simulator(told, host=host, port=port) as simulator:
        tell(guide(simulator.url))
        await asyncio.Event().wait()
