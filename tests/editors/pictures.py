"""Keeps a terminal's screen as a picture for the documentation, where `PICTURES=docs/pictures` says so.

Drives no editor; without the variable the picture goes where the test says, and is thrown away.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from editors.capture import svg_of

if TYPE_CHECKING:
    from editors.driver import TerminalEditor


def keep(editor: TerminalEditor, folder: Path, name: str, title: str, wanted: str) -> None:
    """Takes the screen as it is, and looks whether it can be read out."""
    picture = svg_of(editor.terminal.coloured(), editor.size[0], title=title)
    (Path(os.environ.get("PICTURES") or folder) / f"{name}.svg").write_text(picture, encoding="utf-8")
    texts = [element.text or "" for element in ET.fromstring(picture).iter()]
    assert title in texts
    assert wanted in "".join(texts)
