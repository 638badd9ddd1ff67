"""The answer to `initialize` before the server itself is loaded: the editor goes on while the imports run.

Reads stdin up to the end of the first message and no further than what the pipe holds already. What was read goes to
the real server, which handles all of it, that message too, and keeps back only the answer that was given here. Whatever
is odd about the first message is left to the server.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, NamedTuple

from dragoman.lsp.capabilities import initialize_result

LARGEST_HEAD = 4096
LARGEST_MESSAGE = 1 << 20


class Early(NamedTuple):
    """What was read, whether stdin has ended, the id of the request that was answered, or None, and the file
    descriptor that the client reads from.
    """

    data: bytes
    ended: bool
    answered: int | str | None
    stdout: int


def taken_stdout() -> int:
    """A descriptor of stdout for the protocol alone: from here on, whatever prints to stdout goes to stderr."""
    stdout = os.dup(1)
    sys.stdout.flush()
    os.dup2(2, 1)
    return stdout


def answer_early(stdin: int, stdout: int) -> Early:
    """Wait for the first message, on these file descriptors, and answer it if it is a sound `initialize`."""
    data = b""
    while True:
        piece = os.read(stdin, 1 << 16)
        if not piece:
            return Early(data, ended=True, answered=None, stdout=stdout)
        data += piece
        body = _body(data)
        if body is not None:
            break
    request = _initialize(body)
    if request is None:
        return Early(data, ended=False, answered=None, stdout=stdout)
    number, params = request
    message = {"jsonrpc": "2.0", "id": number, "result": initialize_result(params)}
    answer = json.dumps(message, separators=(",", ":")).encode()
    frame = memoryview(b"Content-Length: %d\r\n\r\n" % len(answer) + answer)
    while frame:
        frame = frame[os.write(stdout, frame) :]
    return Early(data, ended=False, answered=number, stdout=stdout)


def _body(data: bytes) -> bytes | None:
    """The first message's body; b"" where this is none that can be answered here; None while more must come."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return None if len(data) <= LARGEST_HEAD else b""
    lengths = [
        value.strip()
        for name, _, value in (line.partition(b":") for line in head.split(b"\r\n"))
        if name.strip().lower() == b"content-length"
    ]
    if len(lengths) != 1 or not lengths[0].isdigit() or len(lengths[0]) > 7 or int(lengths[0]) > LARGEST_MESSAGE:
        return b""
    length = int(lengths[0])
    return rest[:length] if len(rest) >= length else None


def _initialize(body: bytes) -> tuple[int | str, dict[str, Any]] | None:
    """Id and params of the request, where it is `initialize` as it should be. The server judges everything else."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0" or message.get("method") != "initialize":
        return None
    params, number = message.get("params"), message.get("id")
    if not isinstance(params, dict) or isinstance(number, bool) or not isinstance(number, int | str):
        return None
    return (number, params) if _sound(params) else None


def _sound(params: dict[str, Any]) -> bool:
    """Whether what the server can't do without is of the right types."""
    folders = params.get("workspaceFolders")
    return (
        isinstance(params.get("capabilities"), dict)
        and isinstance(params.get("processId"), int | None)
        and isinstance(params.get("rootUri"), str | None)
        and (
            folders is None
            or (
                isinstance(folders, list)
                and all(
                    isinstance(folder, dict)
                    and isinstance(folder.get("uri"), str)
                    and isinstance(folder.get("name"), str)
                    for folder in folders
                )
            )
        )
    )
