"""Measure everything, print the table: python -m bench [--quick] [--only NAME] [--json FILE]."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.client import ServerGone
from bench.measures import MEASURES
from bench.stage import set_up
from bench.table import printed

if TYPE_CHECKING:
    from types import FrameType

    from bench.table import Row

LONGEST_SECONDS = 300
"""A run takes some half of this; one that hangs ends all the same."""


def main() -> int:
    """Returns 0 once everything is measured, whatever the figures say: they are for people to judge."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="What Dragoman costs, beside its peers.")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: figures to glance at")
    parser.add_argument("--only", choices=list(MEASURES), action="append", help="this alone; may be given again")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there too")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGALRM, _end)
    signal.alarm(LONGEST_SECONDS)
    began, load = time.monotonic(), os.getloadavg()[0]
    rows: list[Row] = []
    with (
        tempfile.TemporaryDirectory(prefix="dragoman-bench-") as folder,
        set_up(Path(folder).resolve(), quick=options.quick) as stage,
    ):
        for name in options.only or MEASURES:
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            try:
                rows += MEASURES[name](stage)
            except ServerGone as error:
                errors = (stage.folder / "errors.log").read_text(encoding="utf-8", errors="replace")
                print(f"{name}: a server {error}. It said last:\n{errors[-2000:]}", file=sys.stderr)
                return 1
    print(printed(rows))
    machine = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cpus": os.cpu_count(),
        "loadBefore": load,
        "seconds": round(time.monotonic() - began, 1),
        "quick": options.quick,
    }
    print(f"\n{', '.join(f'{name}: {value}' for name, value in machine.items())}")
    if options.json is not None:
        figures = {"machine": machine, "rows": [row.as_json() for row in rows]}
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def _end(number: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does, so that no child stays behind."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
