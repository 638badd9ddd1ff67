"""The child process of `engine.local`: llama.cpp's server on loopback. Reads its task from stdin, and ends with it.

Run as `python -m dragoman.engine.local_server`. It imports nothing else of Dragoman, and its key is in no list of
processes: stdin's first line is `{"model", "num_ctx", "threads", "key"}` in JSON. One line comes back on stdout:
`READY http://127.0.0.1:PORT`. When stdin ends, because the parent closed it or is no more, so does the process.
"""

from __future__ import annotations

import json
import os
import sys
import threading

READY = "READY "
_ERRORS_ONLY = 1


def main() -> None:
    """Serves until stdin ends."""
    task = json.loads(sys.stdin.buffer.readline())
    watcher = threading.Thread(target=_end_with_stdin, daemon=True)
    watcher.start()

    import xllamacpp  # noqa: PLC0415 - the parent may be gone before it is loaded

    params = xllamacpp.CommonParams()
    params.model.path = task["model"]
    params.n_ctx = task["num_ctx"]
    params.n_parallel = 1  # all of the window for each question
    if task["threads"]:
        params.cpuparams.n_threads = task["threads"]
    params.api_keys = [task["key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.ui = False
    params.verbosity = _ERRORS_ONLY
    server = xllamacpp.Server(params)
    address = server.listening_address
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())  # nobody reads it from here on
    sys.stdout.write(f"{READY}{address}\n")
    sys.stdout.flush()
    watcher.join()


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)  # at once, whatever is being computed


if __name__ == "__main__":
    main()
