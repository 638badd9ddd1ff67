"""Whose process is at the other end of a connection on loopback, as far as the system tells.

Decides nothing: where the system does not tell, nobody is somebody else, and the address has to keep its secret.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

_TABLES = (("/proc/net/tcp", ""), ("/proc/net/tcp6", "0000000000000000FFFF0000"))
"""Linux's open connections (proc(5)), and what stands before an IPv4 address in each table."""


def is_somebody_elses(peer: tuple[str, int], here: tuple[str, int]) -> bool:
    """Whether another user's process holds the end `peer` of the IPv4 connection to `here`. Reads a file: off the loop.

    Root's is not somebody else's: root needs no connection to know everything.
    """
    for table, before in _TABLES:
        wanted = [before + _hex(peer), before + _hex(here)]
        with suppress(OSError), Path(table).open(encoding="ascii") as rows:
            for row in rows:
                columns = row.split()
                if columns[1:3] == wanted:
                    return int(columns[7]) not in {0, os.getuid()}
    return False


def _hex(address: tuple[str, int]) -> str:
    host, port = address
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"
