"""The one door to tiktoken: how many tokens a text is, exactly where the model's encoding is public and at hand.

Nothing is downloaded: the encodings are package data. No text is cut into tokens on the event loop unless it is short,
and no encoding is loaded there; until one is loaded, and for all other models, a count is an estimate.
"""

from __future__ import annotations

import asyncio
import json
import logging
import pkgutil
import re
from functools import partial
from typing import TYPE_CHECKING, Protocol

from dragoman.core.encodings import Counted, encoding_of, estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dragoman.core.encodings import Encoding
    from dragoman.core.ports import Workers

log = logging.getLogger(__name__)

QUIET_SECONDS = 3.0
"""So long nothing must have been counted before an encoding is loaded: that holds all threads for a moment."""

SHORT_CHARACTERS = 8_000
"""What can be counted on the loop: it takes about a millisecond."""

LONGEST_SLICE = 1 << 16
"""In characters. The pattern of an encoding gives up on some texts of a million."""

_SAFE_CUT = re.compile(r"[\r\n](?=\w)")
"""No token of the encodings reaches over such a place, whatever stands before and behind it."""


class Encoder(Protocol):
    """A loaded encoding, as tiktoken's `Encoding` is one."""

    def encode_ordinary(self, text: str) -> list[int]:
        """The tokens of a text in which nothing is special."""
        ...


def load(encoding: Encoding) -> Encoder:
    """The encoding from the package's data. It takes a fraction of a second and tens of megabytes; blocks.

    Raises `ImportError`, `OSError` or `ValueError` where the installation is not whole.
    """
    import lzma  # noqa: PLC0415 - most never need it, and not every Python has it

    import tiktoken  # noqa: PLC0415 - the same

    about = json.loads(_data("encodings.json"))[encoding]
    try:
        data = lzma.decompress(_data(f"{encoding}.xz"))
    except lzma.LZMAError as error:
        raise ValueError(f"the ranks of {encoding} are damaged") from error
    ranks: dict[bytes, int] = {}
    end = about["tokens"]
    for rank, length in enumerate(data[:end]):
        ranks[data[end : end + length]] = rank
        end += length
    encoder = tiktoken.Encoding(encoding, pat_str=about["pattern"], mergeable_ranks=ranks, special_tokens={})
    ranks.clear()  # it has its own by now, and this is a third of the memory
    return encoder


def _data(name: str) -> bytes:
    return pkgutil.get_data(__name__, f"ranks/{name}") or b""


def slices(text: str, longest: int = LONGEST_SLICE) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it ends where no token can reach over."""
    start = 0
    while len(text) - start > longest:
        safe = _SAFE_CUT.search(text, start + longest // 2, start + longest)
        end = safe.end() if safe else start + longest
        yield text[start:end], safe is not None
        start = end
    yield text[start:], True


def count_with(encoder: Encoder, text: str) -> Counted:
    """The tokens of the text, exact unless it is long and without line ends. Takes a second for some ten megabytes."""
    pieces = [(len(encoder.encode_ordinary(piece)), safe) for piece, safe in slices(text)]
    return Counted(sum(tokens for tokens, _ in pieces), estimated=not all(safe for _, safe in pieces))


class Estimates:
    """`core.ports.Tokens` that loads nothing."""

    def estimate(self, text: str, model: str = "") -> int:
        """About how many the model counts."""
        return estimate_tokens(text, model)

    def count(self, text: str, model: str) -> int:
        """The same."""
        return estimate_tokens(text, model)

    def begin(self, text: str, model: str) -> Callable[[], int]:
        """The same, when it is wanted."""
        return partial(estimate_tokens, text, model)


class Tokens(Estimates):
    """`core.ports.Tokens`. Made and used on one event loop."""

    def __init__(self, workers: Workers, load: Callable[[Encoding], Encoder] = load) -> None:
        self._workers = workers
        self._load = load
        self._encoders: dict[Encoding, asyncio.Task[Encoder]] = {}
        self._soon: dict[Encoding, asyncio.TimerHandle] = {}
        self._counting: set[asyncio.Task[Counted]] = set()

    def is_exact(self, model: str) -> bool:
        """Whether the model's encoding is loaded."""
        return self._encoder(model) is not None

    def count(self, text: str, model: str) -> int:
        """The tokens of a text, exact where it is short and the model's encoding is loaded; never waits.

        Where it is not loaded yet, it will be as soon as nothing has been asked for a moment.
        """
        encoder = self._encoder(model)
        if encoder is not None and len(text) <= SHORT_CHARACTERS:
            return count_with(encoder, text).tokens
        if encoder is None:
            self.warm(model)
        return estimate_tokens(text, model)

    def begin(self, text: str, model: str) -> Callable[[], int]:
        """Begin to count where the model's encoding is loaded: exact once that is done, before and elsewhere `count`.

        For what may be needed later, and then at once. Loads nothing itself.
        """
        encoder = self._encoder(model)
        if encoder is None or len(text) <= SHORT_CHARACTERS:
            return partial(self.count, text, model)
        counting = asyncio.ensure_future(self._workers.run(partial(count_with, encoder, text)))
        self._counting.add(counting)
        counting.add_done_callback(self._counting.discard)
        return lambda: counting.result().tokens if _has_result(counting) else estimate_tokens(text, model)

    async def counted(self, text: str, model: str) -> Counted:
        """The tokens of a text of any length, off the loop; waits for the model's encoding where it has one."""
        encoding = encoding_of(model)
        if encoding is None:
            return Counted(estimate_tokens(text, model), estimated=True)
        try:
            encoder = await asyncio.shield(self._loading(encoding))
        except (ImportError, OSError, ValueError):
            return Counted(estimate_tokens(text, model), estimated=True)
        return await self._workers.run(partial(count_with, encoder, text))

    def warm(self, model: str) -> None:
        """Load the model's encoding, if it has one, once nothing has been asked for a moment."""
        encoding = encoding_of(model)
        if encoding is None or encoding in self._encoders:
            return
        if waiting := self._soon.pop(encoding, None):
            waiting.cancel()
        self._soon[encoding] = asyncio.get_running_loop().call_later(QUIET_SECONDS, self._loading, encoding)

    def close(self) -> None:
        """Nothing more is loaded or counted."""
        for waiting in self._soon.values():
            waiting.cancel()
        for task in (*self._encoders.values(), *self._counting):
            task.cancel()

    def _encoder(self, model: str) -> Encoder | None:
        encoding = encoding_of(model)
        loading = self._encoders.get(encoding) if encoding else None
        return loading.result() if loading is not None and _has_result(loading) else None

    def _loading(self, encoding: Encoding) -> asyncio.Task[Encoder]:
        """The encoding as it is loaded, once. What can't be loaded is not tried again."""
        if encoding not in self._encoders:
            if waiting := self._soon.pop(encoding, None):
                waiting.cancel()
            loading = asyncio.ensure_future(self._workers.run(partial(self._load, encoding)))
            loading.add_done_callback(_tell_fault)
            self._encoders[encoding] = loading
        return self._encoders[encoding]


def _has_result(task: asyncio.Task[Encoder] | asyncio.Task[Counted]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _tell_fault(loading: asyncio.Task[Encoder]) -> None:
    if not loading.cancelled() and (fault := loading.exception()):
        log.warning("tokens are only estimated from now on: an encoding can't be loaded: %s", fault)
