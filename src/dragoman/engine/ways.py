"""How a job is said to a place: as a chat, or as a gap to be filled where the place can. Opens no socket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from dragoman.core.errors import InvalidRequest, ModelUnavailable, UnknownProviderError
from dragoman.core.fill import family_of, is_clear
from dragoman.engine.known import abilities_of
from dragoman.providers import DIALECTS, ollama, spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dragoman.core.errors import ProviderError
    from dragoman.core.ports import Job
    from dragoman.core.route import Place
    from dragoman.engine.attempt import Heard
    from dragoman.engine.models import ModelLists
    from dragoman.providers.base import Call, Filler, Reader, Target

Way = Literal["chat", "fill", "raw"]
"""`raw` is a gap by the model's own template, past the server's."""


REFUSALS = (InvalidRequest, ModelUnavailable, UnknownProviderError)
"""What a server answers that knows nothing of filling gaps, or whose model does not."""


@dataclass(frozen=True, slots=True)
class _Filling:
    """What reads the answer to a gap."""

    filler: Filler
    error: Callable[[int, Mapping[str, str], bytes], ProviderError]

    def reader(self) -> Reader:
        """See `attempt.Heard`."""
        return self.filler.fill_reader()


async def way_of(job: Job, place: Place, target: Target, models: ModelLists, seconds: float) -> Way:
    """The best way for the job at this place. Its server is asked once what the model can do, where it tells."""
    dialect = DIALECTS[place.dialect]
    if job.fill is None or not hasattr(dialect, "can_fill") or not is_clear(job.fill, target.model):
        return "chat"
    if models.refuses_gaps(place):
        return "chat"
    told = models.told(place)
    known = abilities_of(place, told.capabilities if told else None).fill
    if known is None:
        known = (await models.described(place, target, seconds)).fill
    if cast("Filler", dialect).can_fill(target, known):
        return "fill"
    return "raw" if dialect is ollama and family_of(target.model) is not None else "chat"


def texts_of(job: Job, way: Way) -> tuple[tuple[str, str], ...]:
    """What the job shows a model that way, by whose words it is: pairs of role and text."""
    if way == "chat" or job.fill is None:
        return tuple((message.role, message.text) for message in job.request.messages)
    return ("prefix", job.fill.prefix), ("suffix", job.fill.suffix)


def said(job: Job, place: Place, target: Target, way: Way) -> tuple[Call, Heard]:
    """The call, and what reads its answer. Raises `InvalidRequest` where the dialect can't say it."""
    dialect = DIALECTS[place.dialect]
    if way == "chat" or job.fill is None:
        chat = spoken(place.dialect, target)
        return chat.call(job.request, target), chat
    filler = cast("Filler", dialect)
    call = ollama.raw_fill_call if way == "raw" else filler.fill_call
    return call(job.fill, target), _Filling(filler, dialect.error)
