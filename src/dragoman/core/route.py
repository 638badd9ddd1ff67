"""Who is asked, in which order, and why: a pure decision over settings, standing and the time.

It asks nobody and waits for nothing: the engine brings the facts, and does what is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dragoman.core.encodings import for_model
from dragoman.core.hints import Dispatch, Selection
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.selection import Contender, Facts, Score, Wishes, ordered, scores_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dragoman.core.hints import Hints, Stickiness


NOTHING_KNOWN = Facts()


@dataclass(frozen=True, slots=True)
class Place:
    """One endpoint of one provider with one model: the unit that is asked, rests, and has a breaker.

    `provider` is the settings' name (`ollama`, `my-server`), `dialect` names the file in `providers/`.
    `model` is "" where the person named none and the provider's own list decides.
    """

    provider: str
    dialect: str
    endpoint: str
    model: str
    local: bool

    @property
    def keeps_local(self) -> bool:
        """Whether what it is asked stays with the person: Ollama passes models that are called so on to its cloud."""
        return self.local and not (self.dialect == "ollama" and self.model.endswith(("-cloud", ":cloud")))

    def __hash__(self) -> int:
        """Of what tells places apart: they are looked up several times for each decision."""
        return hash((self.provider, self.endpoint, self.model))


class Option(NamedTuple):
    """A place that might be asked, with what speaks for and against it now.

    models: every model that the settings name for the provider, besides the place's own.
    obstacle: why it can't be asked until the person does something, and what; None where there is nothing of the kind.
    rests_until: the clock's seconds from which on it may be asked; `rest_reason` says why it rests.
    window: the model's context window in tokens, where it is known.
    """

    place: Place
    models: tuple[str, ...] = ()
    obstacle: str | None = None
    rests_until: float = 0.0
    rest_reason: str = ""
    window: int | None = None
    facts: Facts = NOTHING_KNOWN


class Candidate(NamedTuple):
    """A place that will be asked, the reason for its rank in a few words, and what is known of it.

    `score` is there where the order goes by scores.
    """

    place: Place
    reason: str
    facts: Facts = NOTHING_KNOWN
    score: Score | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A provider that will not be asked, why, and what the person can do about it.

    `until` is the clock's seconds at which it may be asked again, where it only rests. `too_long`: a shorter request
    would be taken.
    """

    provider: str
    model: str
    reason: str
    until: float | None = None
    too_long: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """How the candidates are asked: the settings, and the request's hints over them. Units as in `core.hints.Hints`."""

    dispatch: Dispatch = Dispatch.SINGLE
    selection: Selection = Selection.PRIORITY
    k: int = 2
    min_useful_tokens: int = 5
    max_latency_ms: int | None = None
    budget_usd: float | None = None
    stickiness: Stickiness = "none"


@dataclass(frozen=True, slots=True)
class Decision:
    """The ordered candidates and everyone who was left out, each with a reason; and how they are asked."""

    intent: LabelledIntent
    candidates: tuple[Candidate, ...]
    left_out: tuple[LeftOut, ...]
    plan: Plan = field(default_factory=Plan)

    @property
    def first_due(self) -> float | None:
        """The clock's seconds at which the first of those that only rest may be asked again."""
        return min((left.until for left in self.left_out if left.until is not None), default=None)


class Preferences(Protocol):
    """The part of the settings that orders candidates; `core.settings.Routing` is one."""

    @property
    def prefer_local_for(self) -> Sequence[Intent]:
        """Intents that go to local providers first."""
        ...

    @property
    def fallback_order(self) -> Sequence[str]:
        """Providers in the order of asking, when nothing else is said."""
        ...

    @property
    def intents(self) -> Mapping[Intent, Sequence[str]]:
        """Providers to ask first, by intent."""
        ...

    @property
    def selection(self) -> Selection:
        """How candidates are ordered."""
        ...

    @property
    def dispatch(self) -> Dispatch:
        """How many are asked."""
        ...

    @property
    def k(self) -> int:
        """How many at once, at most."""
        ...

    @property
    def min_useful_tokens(self) -> int:
        """What wins a race."""
        ...

    @property
    def max_latency_ms(self) -> int:
        """When whoever has given nothing useful is left for the next; 0 is never."""
        ...

    @property
    def stickiness(self) -> Stickiness:
        """What stays with the one that answered before."""
        ...

    @property
    def providers(self) -> Sequence[str]:
        """Nobody else is asked; empty is everybody."""
        ...

    @property
    def priority_weights(self) -> Mapping[str, float]:
        """By provider, what its score is multiplied by."""
        ...


def planned(hints: Hints, preferences: Preferences, per_request_usd: float = 0.0) -> Plan:
    """The settings with the request's own wishes over them; what a request may cost where it says nothing, 0: all."""
    selection, dispatch = preferences.selection, preferences.dispatch
    if isinstance(hints.strategy, Dispatch):
        dispatch = hints.strategy
    elif hints.strategy is not None:
        selection = hints.strategy
    if hints.provider or (hints.model and hints.model != "auto"):
        selection = Selection.MANUAL
    return Plan(
        dispatch=dispatch,
        selection=selection,
        k=hints.k or preferences.k,
        min_useful_tokens=hints.min_useful_tokens or preferences.min_useful_tokens,
        max_latency_ms=hints.max_latency_ms or preferences.max_latency_ms or None,
        budget_usd=hints.budget_usd or per_request_usd or None,
        stickiness=hints.stickiness or preferences.stickiness,
    )


def decide(
    intent: LabelledIntent,
    hints: Hints,
    preferences: Preferences,
    options: Iterable[Option],
    *,
    now: float,
    needed_tokens: int = 0,
    chance: float = 0.0,
    sticky: Place | None = None,
    per_request_usd: float = 0.0,
    local_only: bool = False,
) -> Decision:
    """The candidates in the order of asking, and everyone else with the reason.

    The options of one provider keep their order. `needed_tokens` is what the request is estimated to take of a window,
    `chance` a number in [0, 1) for the orders that draw. `sticky` goes first if it may be asked at all. `local_only`:
    nobody else is a candidate, whoever names them.
    """
    plan = planned(hints, preferences, per_request_usd)
    chosen, left_out = _chosen(hints, list(options))
    allowed = hints.providers or preferences.providers
    candidates: list[tuple[Option, str]] = []
    seen: set[Place] = set()
    for option, named in chosen:
        place = option.place
        if place in seen:
            continue
        seen.add(place)
        too_long = _too_long(option, needed_tokens)
        obstacle = (
            (NOT_LOCAL if local_only and not place.keeps_local else None)
            or _not_allowed(option, allowed, named)
            or option.obstacle
            or too_long
            or _too_dear(option, plan.budget_usd)
        )
        if obstacle:
            left_out.append(LeftOut(place.provider, place.model, obstacle, too_long=obstacle is too_long))
        elif option.rests_until > now:
            left_out.append(_resting(option, now))
        else:
            candidates.append((option, named))
    wishes = Wishes(intent.intent, chance, hints.priority_weights or preferences.priority_weights, hints.providers)
    ranked = _ranked(intent.intent, preferences, candidates, plan.selection, wishes)
    return Decision(intent, tuple(_sticky_first(ranked, sticky)), tuple(left_out), plan)


NOT_LOCAL = "not local, and privacy.local_only keeps a file that would be sent to local providers"


def _not_allowed(option: Option, allowed: Sequence[str], named: str) -> str | None:
    """Why it is not on the list of those that may be asked. Who is named by the request itself needs no list."""
    if not allowed or named or option.place.provider in allowed:
        return None
    return f"not among the providers that may be asked: {', '.join(allowed)}"


def _too_dear(option: Option, budget_usd: float | None) -> str | None:
    cost = option.facts.cost_usd
    if budget_usd is None or cost == 0:
        return None
    if cost is None:
        return f"its price is not known, and the request may cost {budget_usd:g} USD: set prices for its model"
    return f"would cost about {cost:.4f} USD, and the request may cost {budget_usd:g}" if cost > budget_usd else None


def _sticky_first(candidates: list[Candidate], sticky: Place | None) -> list[Candidate]:
    first = [candidate for candidate in candidates if candidate.place == sticky]
    if not first:
        return candidates
    stays = first[0]._replace(reason="answered before, and the conversation stays with it")
    return [stays, *(candidate for candidate in candidates if candidate is not first[0])]


def _chosen(hints: Hints, options: list[Option]) -> tuple[list[tuple[Option, str]], list[LeftOut]]:
    """The options that the request's own words leave, each with the word for it ("" where it said nothing)."""
    provider, model = _named(hints, options)
    if provider is None and model is None:
        return [(option, "") for option in options], []
    chosen: list[tuple[Option, str]] = []
    left_out: list[LeftOut] = []
    for option in options:
        place = option.place
        if provider is not None and place.provider != provider:
            left_out.append(LeftOut(place.provider, place.model, f"the request names {provider}"))
        elif model is not None and provider is None and model not in (place.model, *option.models):
            left_out.append(LeftOut(place.provider, place.model, f"the request names the model {model}"))
        else:
            asked = replace(place, model=model or place.model)
            window = option.window if asked == place else None  # another model's is not known here
            chosen.append((option._replace(place=asked, window=window), "named by the request"))
    if not chosen:
        left_out.insert(0, _nobody(provider, model, options))
    return chosen, left_out


def _named(hints: Hints, options: list[Option]) -> tuple[str | None, str | None]:
    """Provider and model that the request names; `provider/model` is taken apart where no such model is configured."""
    provider, model = hints.provider or None, hints.model or None
    if model in (None, "auto"):
        return provider, None
    known = {name for option in options for name in (option.place.model, *option.models)}
    prefix, slash, rest = model.partition("/")
    if provider is None and model not in known and slash and any(o.place.provider == prefix for o in options):
        return prefix, rest
    return provider, model


def _nobody(provider: str | None, model: str | None, options: list[Option]) -> LeftOut:
    there = ", ".join(dict.fromkeys(option.place.provider for option in options if not option.obstacle)) or "none"
    if provider is not None:
        return LeftOut(provider, model or "", f"there is no such provider; configured: {there}")
    return LeftOut("", model or "", f"no configured provider names the model {model}: ask for provider/{model}")


def _too_long(option: Option, needed_tokens: int) -> str | None:
    needed_tokens = for_model(needed_tokens, option.place.model)
    if option.window is None or needed_tokens <= option.window:
        return None
    return (
        f"about {needed_tokens} tokens are more than its window of {option.window}: "
        "select less, lower context.max_tokens, or take a model with a larger window"
    )


def _resting(option: Option, now: float) -> LeftOut:
    place, seconds = option.place, max(1, round(option.rests_until - now))
    return LeftOut(place.provider, place.model, f"rests for {seconds} s: {option.rest_reason}", option.rests_until)


def _ranked(
    intent: Intent, preferences: Preferences, options: list[tuple[Option, str]], selection: Selection, wishes: Wishes
) -> list[Candidate]:
    """The options in the order of asking."""
    local_first = intent in preferences.prefer_local_for
    table = {name: number for number, name in reversed(list(enumerate(preferences.intents.get(intent, ()))))}
    fallback = {name: number for number, name in reversed(list(enumerate(preferences.fallback_order)))}

    def reason(option: Option, named: str) -> str:
        name = option.place.provider
        if named:
            return named
        if local_first and option.place.local:
            return f"{intent} goes to local providers first"
        if name in table:
            return f"number {table[name] + 1} for {intent}"
        if name in fallback:
            return f"number {fallback[name] + 1} of the fallback order"
        return "configured, though in no order"

    contenders = [
        Contender(
            option.place.provider,
            option.place.local,
            option.facts,
            (
                table.get(option.place.provider, len(table)),
                fallback.get(option.place.provider, len(fallback)),
                number,
            ),
            reason(option, named),
        )
        for number, (option, named) in enumerate(options)
    ]
    scores = scores_of(contenders, wishes.weights) if selection is Selection.SCORED else None
    return [
        Candidate(options[number][0].place, why, options[number][0].facts, scores[number] if scores else None)
        for number, why in ordered(contenders, selection, wishes, local_first=local_first)
    ]


_NO_CHAT = ("embed", "bge-", "minilm", "rerank", "whisper", "tts", "moderation", "guard", "dall-e", "clip")
"""Parts of the names of models that can't hold a conversation."""

_CODE_MODEL = ("code", "codestral", "devstral")
_MAKES_CODE = frozenset({Intent.CODE, Intent.TESTS, Intent.REGEX})


def preferred_model(models: Iterable[str], intent: Intent) -> str | None:
    """The model to ask of those a server lists, in its own order; None where none can chat.

    For code one whose name says code, for the rest one whose name does not.
    """
    able = [model for model in models if not any(part in model.lower() for part in _NO_CHAT)]
    wanted = intent in _MAKES_CODE
    return min(able, key=lambda model: any(part in model.lower() for part in _CODE_MODEL) != wanted, default=None)


_EMBEDS = ("embed", "bge-", "minilm")


def embedding_model(models: Iterable[str]) -> str | None:
    """The first of the models a server lists whose name says that it makes embeddings; None where none does."""
    return next((model for model in models if any(part in model.lower() for part in _EMBEDS)), None)
