"""dragoman lsp: the language server. The editor waits for the answer to `initialize`: on stdio it is given before
anything else is imported, and what serves from then on is in `cli.serve`.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE = "example: dragoman lsp --set routing.prefer_local_for=code"


def run_lsp(arguments: Sequence[str]) -> int:
    """Serve until the client leaves; returns the exit code."""
    parser = argparse.ArgumentParser(prog="dragoman lsp", description="The language server.", epilog=EXAMPLE)
    transport = parser.add_mutually_exclusive_group()
    transport.add_argument("--stdio", action="store_true", help="serve one client on stdin and stdout (default)")
    transport.add_argument("--tcp", metavar="HOST:PORT", help="serve any number of clients on a TCP port")
    transport.add_argument("--socket", metavar="PATH", help="serve any number of clients on a Unix socket")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="a setting, over all others")
    parser.add_argument("--log-level", default=None, help="debug, info, warning (default: DRAGOMAN_LOG, else info)")
    parser.add_argument("--log-content", action="store_true", help="log code and prompts too")
    options = parser.parse_args(arguments)

    early = None
    if not (options.tcp or options.socket):
        from dragoman.lsp.early import answer_early, taken_stdout

        try:
            early = answer_early(0, taken_stdout())
        except KeyboardInterrupt:
            return 130
        except OSError:
            return 1  # the editor has gone before it got its answer
    from dragoman.cli.serve import serve

    return serve(options, early)
