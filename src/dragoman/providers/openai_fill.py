"""The ways in which the OpenAI family fills in the middle. A server has one of them, by its row. Opens no socket."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import Stop, TextDelta, Usage, UsageDelta
from dragoman.providers.openai_stream import Reader
from dragoman.providers.wire import count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.chat import Delta


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask for the middle.

    path: behind the base URL, or `beside` its version.
    prefix, suffix, limit: what the body calls them. most: the longest answer that may be asked for, in tokens.
    streams_usage: whether it takes `stream_options`. every_model: all of the server's models can do it.
    template: there is no suffix in the body; the model's own template holds both.
    """

    path: str
    prefix: str = "prompt"
    suffix: str = "suffix"
    limit: str = "max_tokens"
    most: int | None = None
    beside: bool = False
    streams_usage: bool = True
    every_model: bool = False
    template: bool = False


WAYS = MappingProxyType(
    {
        "completions": Way("/completions"),  # OpenAI's reference, "Completions" (legacy)
        "mistral": Way("/fim/completions", streams_usage=False),
        "deepseek": Way("/beta/completions", most=4096, beside=True, every_model=True),
        "template": Way("/completions", template=True),
        "infill": Way("/infill", "input_prefix", "input_suffix", "n_predict", beside=True, streams_usage=False),
    }
)
"""By the name that `Quirks.fill` uses. The last one is llama.cpp's (its server's README, "POST /infill")."""

_LLAMA_STOPS = MappingProxyType({"limit": Stop.LENGTH, "eos": Stop.STOP, "word": Stop.STOP})


class FillReader(Reader):
    """The chunks of completions, of Mistral's chat-like ones, and of llama.cpp's own."""

    __slots__ = ()

    def _take(self, chunk: Mapping[str, Any], deltas: list[Delta]) -> None:
        content = chunk.get("content")
        if "choices" in chunk or not isinstance(content, str):
            super()._take(chunk, deltas)
            return
        if content:
            deltas.append(TextDelta(content))
        if chunk.get("stop") is True:  # in the last one alone; no sentinel follows
            deltas.append(UsageDelta(_usage(chunk)))
            self._stop = _llama_stop(chunk)
            deltas.append(self._finish())


def _llama_stop(chunk: Mapping[str, Any]) -> Stop:
    if chunk.get("stopped_limit") is True:  # servers before `stop_type`
        return Stop.LENGTH
    return _LLAMA_STOPS.get(str(chunk.get("stop_type")), Stop.STOP)


def _usage(chunk: Mapping[str, Any]) -> Usage:
    # `tokens_cached` counts the whole slot, the answer too: not what was saved.
    return Usage(input_tokens=count(chunk, "tokens_evaluated"), output_tokens=count(chunk, "tokens_predicted"))
