"""What git itself ignores."""

from __future__ import annotations

import os
import subprocess


def tracked_by_git(folder, files):
    """Those of the files that git does not ignore."""
    asked = "\0".join(files).encode("utf-8", "surrogateescape")
    command = ["git", "check-ignore", "--no-index", "-z", "--stdin"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    said = subprocess.run(
        command, input=asked, capture_output=True, cwd=folder, env=environment, check=False, timeout=30
    )
    assert said.returncode in (0, 1), said.stderr
    return set(files) - set(said.stdout.decode("utf-8", "surrogateescape").split("\0"))
