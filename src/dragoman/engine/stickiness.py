"""Who answered before: for requests that are to stay with one provider, and with its prompt cache. Asks nobody."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.core.hints import Stickiness
    from dragoman.core.ports import Job
    from dragoman.core.route import Place

MOST_KEPT = 1000
LONGEST_SECONDS = 3600.0
"""A conversation that rested for so long has lost its prompt cache everywhere."""


class WhoAnswered:
    """The places that answered, by conversation: for `turn` one job and what is asked again for it, for `session` all
    requests of one session that are of the same kind of work.
    """

    def __init__(self) -> None:
        self._places: OrderedDict[tuple[str, ...], tuple[Place, float]] = OrderedDict()

    def before(self, job: Job, stickiness: Stickiness, now: float) -> Place | None:
        """Who answered the last time, if it is to answer again."""
        place, at = self._places.get(_key(job, stickiness), (None, 0.0))
        return place if now - at < LONGEST_SECONDS else None

    def answered(self, job: Job, stickiness: Stickiness, place: Place, now: float) -> None:
        """The place has given a whole answer."""
        if stickiness == "none":
            return
        key = _key(job, stickiness)
        self._places[key] = (place, now)
        self._places.move_to_end(key)
        while len(self._places) > MOST_KEPT:
            self._places.popitem(last=False)


def _key(job: Job, stickiness: Stickiness) -> tuple[str, ...]:
    if stickiness == "session":
        return ("session", job.session, job.hints.intent or job.intent.intent)
    return (stickiness, job.id)
