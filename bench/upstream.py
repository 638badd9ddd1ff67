"""A model server in OpenAI's dialect that is as fast as can be: blocking sockets, prebuilt frames, a thread a client.

What it streams stands in the model's name: "tokens=2000;gap=0.0005;batch=1" (tokens in all, seconds between two sends,
tokens in one send). Prints its port; ends when its stdin does.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

_EVENT = {
    "id": "chatcmpl-bench",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "bench",
    "choices": [{"index": 0, "delta": {"content": "word, "}, "finish_reason": None}],
}
_LAST = {**_EVENT, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def _frame(data: str) -> bytes:
    """One event as one chunk of the body, as model servers send it."""
    event = f"data: {data}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(event), event)


_TOKEN = _frame(json.dumps(_EVENT, separators=(",", ":")))
_END = _frame(json.dumps(_LAST, separators=(",", ":"))) + _frame("[DONE]") + b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Plan:
    """What one answer is made of; `gap` is in seconds."""

    tokens: int = 100
    gap: float = 0.0
    batch: int = 1

    @classmethod
    def named(cls, model: str) -> Self:
        """The plan in a model's name."""
        values = dict(part.split("=") for part in model.split(";"))
        return cls(int(values["tokens"]), float(values.get("gap", "0")), int(values.get("batch", "1")))


def _serve(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, suppress(ConnectionError), connection.makefile("rb") as file:
        while file.readline():
            length = 0
            while (line := file.readline().strip().lower()) != b"":
                if line.startswith(b"content-length:"):
                    length = int(line[15:])
            _answer(connection, Plan.named(json.loads(file.read(length))["model"]))


def _answer(connection: socket.socket, plan: Plan) -> None:
    connection.sendall(_HEAD)
    due, left = time.perf_counter(), plan.tokens
    while left:
        batch = min(plan.batch, left)
        connection.sendall(_TOKEN * batch)
        left -= batch
        due += plan.gap
        if (wait := due - time.perf_counter()) > 0:
            time.sleep(wait)
    connection.sendall(_END)


def main() -> None:
    """Serve until stdin ends."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(listener.getsockname()[1], flush=True)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
