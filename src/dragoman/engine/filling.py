"""Inline completions: the same loop as for everything else, under settings for something that is wanted at once.

One call at a time, no retries, local first. What comes beyond the line or the block is not waited for.
"""

from __future__ import annotations

from contextlib import aclosing
from itertools import count
from typing import TYPE_CHECKING

from dragoman.core.chat import Stop, TextDelta
from dragoman.core.errors import NothingToAsk
from dragoman.core.events import Done, Reset, Routed
from dragoman.core.fill import chat_request, fill_request, from_chat
from dragoman.core.hints import Dispatch, Hints
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.ports import Filled, Job
from dragoman.core.redact import mangled, restore
from dragoman.core.trimming import trim
from dragoman.engine.places import endpoints

if TYPE_CHECKING:
    from dragoman.core.completion import Question
    from dragoman.core.ports import Secrets
    from dragoman.core.settings import Settings
    from dragoman.engine.loop import Engine

_INTENT = LabelledIntent(Intent.CODE, "action", "inline completion")

_WHAT_TO_SET = (
    "Nobody is asked while you type: start a local server (`ollama serve`), or set providers.NAME.inline_model"
)


class Filling:
    """`core.ports.Filler` on an engine like the completer's, with the settings for inline completion."""

    def __init__(self, completer: Engine, settings: Settings) -> None:
        self._engine = completer.alike(inline_settings(settings))
        self._willing = _willing(settings)
        self._numbers = count(1)

    def use(self, settings: Settings, secrets: Secrets) -> None:
        """Other settings and keys from now on."""
        self._willing = _willing(settings)
        self._engine.use(inline_settings(settings), secrets)

    async def fill(self, question: Question, *, invoked: bool) -> Filled:
        """See `core.ports.Filler`."""
        if not invoked and not self._willing:
            raise NothingToAsk(_WHAT_TO_SET)
        job = Job(
            f"inline-{next(self._numbers)}",
            chat_request(question.shown, hides=bool(question.secrets.entries)),
            _INTENT,
            Hints(providers=() if invoked else tuple(self._willing)),
            action="complete",
            local_only=question.local_only or not (invoked or self._leaves()),
            sources=(question.source,),
            fill=fill_request(question.shown),
        )
        asked: Routed | None = None
        text = ""
        cut_short = False
        async with aclosing(self._engine.stream(job)) as events:
            async for event in events:
                match event:
                    case Routed():
                        asked = event
                    case Reset():
                        text = ""
                    case TextDelta():
                        text += event.text
                        if _is_enough(question, text, event, asked):
                            break
                    case Done():
                        cut_short = event.stop is Stop.LENGTH
        assert asked is not None
        gap = question.gap
        if asked.chats:
            text = from_chat(text, gap)
        if cut_short and gap.several:
            text = text[: text.rfind("\n") + 1]
        if question.secrets.entries and mangled(text, question.secrets):
            text = ""  # nobody knows what would have to stand there
        return Filled(trim(gap, restore(text, question.secrets)).text, asked.provider, asked.model)

    def _leaves(self) -> bool:
        """Whether somebody is meant to be asked while the person types who is not local."""
        return not all(self._willing.values())


def inline_settings(settings: Settings) -> Settings:
    """The settings as they are for inline completion.

    Whoever has an `inline_model` is asked for that one. Nothing is asked twice, waited for, or asked of several at
    once: before it came, the person has typed on.
    """
    providers = {
        name: provider.model_copy(update={"models": {**provider.models, Intent.CODE: provider.inline_model}})
        if provider.inline_model
        else provider
        for name, provider in settings.providers.items()
    }
    routing = settings.routing
    local_first = (*routing.prefer_local_for, Intent.CODE)
    return settings.model_copy(
        update={
            "providers": providers,
            "routing": routing.model_copy(update={"dispatch": Dispatch.SINGLE, "prefer_local_for": local_first}),
            "retry": settings.retry.model_copy(update={"max_retries": 0, "max_retry_after_s": 0}),
        }
    )


def _willing(settings: Settings) -> dict[str, bool]:
    """Who may be asked with every pause in the typing: who is local, and who has a model for it; and whether what they
    are asked stays with the person.
    """
    providers = settings.providers
    named = {name for name, provider in providers.items() if provider.inline_model}
    off = {name for name, provider in providers.items() if not provider.enabled}
    allowed = settings.routing.providers
    willing: dict[str, bool] = {}
    for endpoint in endpoints(inline_settings(settings), Intent.CODE):
        place = endpoint.place
        may = place.provider not in off and (not allowed or place.provider in allowed)
        if may and (place.keeps_local or place.provider in named):
            willing[place.provider] = place.keeps_local and willing.get(place.provider, True)
    return willing


def _is_enough(question: Question, text: str, delta: TextDelta, asked: Routed | None) -> bool:
    """Whether whatever comes now would be left out. Only whole lines can tell."""
    if asked is None or asked.chats or "\n" not in delta.text:
        return False
    return trim(question.gap, restore(text[: text.rfind("\n") + 1], question.secrets)).ended
