"""What has changed in a git repository, by asking `git` itself. Never writes, never runs what a repository configures
(external diffs, text conversions, monitors), and gives git nothing of our environment but what it needs.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from dragoman.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 10.0
MOST_BYTES = 4_000_000

_PASSED_ON = ("PATH", "HOME", "XDG_CONFIG_HOME", "SYSTEMROOT", "USERPROFILE", "TMPDIR", "TEMP")
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=true")
_DIFF = (
    "diff",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--relative",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--unified=6",
    "--submodule=short",
    "--ignore-submodules=dirty",
)
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""What a repository without a commit is compared with."""


class Git:
    """`core.ports.Repository` over the command `git`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        passed_on = {name: environment[name] for name in _PASSED_ON if name in environment}
        self._environment = {**passed_on, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}

    async def holds(self, folder: str) -> bool:
        """Whether the folder is inside a repository's working tree."""
        try:
            return (await self._git(folder, "rev-parse", "--is-inside-work-tree")).strip() == "true"
        except BadInput:
            return False

    async def changes(self, folder: str, *, staged: bool = False) -> str:
        """The unified diff of what has changed below the folder since the last commit; "" where nothing has.

        `staged`: only what is in the index, if anything is. Raises `BadInput` where there is no repository.
        """
        if not await self.holds(folder):
            raise BadInput(f"{folder} is in no git repository: open a folder that is, or run `git init` there.")
        if staged and (in_index := await self._git(folder, *_DIFF, "--cached")):
            return in_index
        base = "HEAD" if await self._has_commits(folder) else _EMPTY_TREE
        return await self._git(folder, *_DIFF, base)

    async def _has_commits(self, folder: str) -> bool:
        try:
            await self._git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
        except BadInput:
            return False
        return True

    async def _git(self, folder: str, *arguments: str) -> str:
        """What git prints. Raises `BadInput` with its first line of complaint."""
        try:
            process = await asyncio.create_subprocess_exec(
                "git",
                *_SAFE,
                *arguments,
                cwd=folder,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except FileNotFoundError:
            raise BadInput(
                "git is not installed, or is not on the PATH: install it, or start with another PATH."
            ) from None
        except OSError as error:
            raise BadInput(f"git can't be started in {folder}: {error.strerror}.") from None
        try:
            output, complaint = await asyncio.wait_for(self._outputs(process), SECONDS)
        except TimeoutError:
            raise BadInput(f"git took more than {SECONDS:g} s in {folder}: try `git {arguments[0]}` there.") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            line = next(iter(complaint.decode("utf-8", "replace").strip().splitlines()), "no reason given")
            raise BadInput(f"git {arguments[0]} failed in {folder}: {line}")
        return output.decode("utf-8", "replace")

    async def _outputs(self, process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
        assert process.stdout is not None
        assert process.stderr is not None
        output, complaint = await asyncio.gather(_most(process.stdout), _most(process.stderr))
        await process.wait()
        return output, complaint


async def _most(stream: asyncio.StreamReader) -> bytes:
    """What the stream holds. Raises `BadInput` where that is more than anybody reads."""
    pieces, size = [], 0
    while piece := await stream.read(65_536):
        size += len(piece)
        if size > MOST_BYTES:
            raise BadInput(f"git printed more than {MOST_BYTES // 1_000_000} MB of changes: commit some of them first.")
        pieces.append(piece)
    return b"".join(pieces)
