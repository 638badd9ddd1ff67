"""`cmd:` references: a command of the person's own, such as a password manager's, prints the key.

Started without a shell and without our own secrets; what it complains of is shown shortened and masked.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
from typing import TYPE_CHECKING

from dragoman.engine.key_lookup import KeyPlaceTrouble
from dragoman.providers.failures import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

COMMAND_SECONDS = 60.0
"""After this it is ended. So long, because a person may have to unlock something by hand; no request waits for that."""

LARGEST_OUTPUT_BYTES = 16_000

_OWN_VARIABLES = "DRAGOMAN_"
_SECRET_LOOKING = re.compile(r"(?=[^\s]*\d)[A-Za-z0-9_+/=.-]{12,}")
_COMPLAINT_LENGTH = 160


def program(command: str) -> str:
    """The command's first word, which is all of it that is ever shown."""
    return command.split(maxsplit=1)[0]


def command_environment(environment: Mapping[str, str], secrets: Collection[str]) -> dict[str, str]:
    """The environment without our own settings and without the variables that hold our secrets."""
    return {
        name: value
        for name, value in environment.items()
        if name not in secrets and not name.startswith(_OWN_VARIABLES)
    }


def printed_key(command: str, environment: Mapping[str, str], seconds: float = COMMAND_SECONDS) -> str:
    """What the command prints, without its last line break. Blocks. Raises `KeyPlaceTrouble`.

    It is split as a POSIX shell would split it; nothing in it is expanded.
    """
    try:
        argv = shlex.split(command)
    except ValueError:
        raise KeyPlaceTrouble("has a quote that is never closed: correct the setting") from None
    try:
        process = subprocess.Popen(  # noqa: S603 - the person's own command, from a setting that no project may make
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,  # it can't ask on the terminal that an editor draws on, and ends with its children
        )
    except (OSError, ValueError):
        raise KeyPlaceTrouble("can't be started: install it, or correct the setting") from None
    with process:
        try:
            output, complaints = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise KeyPlaceTrouble(f"printed no key within {seconds:g} s: try it in a terminal") from None
        finally:
            _end(process)
    if process.returncode:
        reason = _complaint(complaints)
        said = f" ({reason})" if reason else ""
        raise KeyPlaceTrouble(f"failed with exit code {process.returncode}{said}: try it in a terminal")
    return _text(output)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends it with all its children, who would keep its pipes open."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _text(output: bytes) -> str:
    if len(output) > LARGEST_OUTPUT_BYTES:
        raise KeyPlaceTrouble("printed more than a key: correct the setting")
    try:
        text = output.decode()
    except UnicodeDecodeError:
        raise KeyPlaceTrouble("printed no text: correct the setting") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise KeyPlaceTrouble("printed nothing: try it in a terminal")
    return text


def _complaint(output: bytes) -> str:
    """The last line of what it complained of, without anything that looks like a secret."""
    lines = output[-LARGEST_OUTPUT_BYTES:].decode("utf-8", "replace").split("\n")
    last = next((line for line in reversed(lines) if line.strip()), "")
    return one_line(_SECRET_LOOKING.sub("***", last))[:_COMPLAINT_LENGTH].rstrip(" .:")
