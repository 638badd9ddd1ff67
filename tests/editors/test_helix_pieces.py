"""The pieces of configuration for Helix, as both its versions read them (`hx --health`)."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib

import pytest

from editors.conftest import PROGRAMS
from editors.desk import REPOSITORY
from editors.helix import Helix, OldHelix

pytestmark = [pytest.mark.editors, pytest.mark.widely]

PIECES = REPOSITORY / "editors" / "helix"
LANGUAGES = [
    language["name"] for language in tomllib.loads((PIECES / "languages.toml").read_text(encoding="utf-8"))["language"]
]
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("version", [Helix, OldHelix])
def test_no_server_is_lost(tmp_path, version, language):
    """Helix starts for a language what it would start without the piece, in its order, and Dragoman last."""
    shutil.copytree(PIECES, tmp_path / "with" / "helix")
    (tmp_path / "without").mkdir()
    before, after = (servers(version, tmp_path / folder, language) for folder in ("without", "with"))
    assert [server for server in after if server in {*before, "dragoman"}] == [*before, "dragoman"]


def servers(version: type[Helix], configuration, language):
    """What Helix says that it would start, found on the path or not."""
    missing = version.missing(PROGRAMS)
    assert missing is None, missing
    environment = {"HOME": str(configuration), "XDG_CONFIG_HOME": str(configuration), "PATH": "/usr/bin:/bin"}
    command = [PROGRAMS / version.program, "--health", language]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert told.stderr == ""
    head, _, rest = COLOURS.sub("", told.stdout).partition("Configured debug adapter")
    assert head.startswith("Configured language servers:")
    assert rest
    return re.findall(r"^  \S (\S+):", head, re.MULTILINE)
