"""What real editors say of themselves in `initialize`, word for word, from the files in `initialize/`.

Neovim, Helix and Eglot 1.17 were recorded as they ran; VS Code, Zed and Eglot 1.21 are from their public sources, as
far as a server that is no language's own asks. How they behave beyond that is from running them, or their sources.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parent / "initialize"


@dataclass(frozen=True, slots=True)
class Client:
    """One editor.

    waits: a command's response may wait for the result. encoding: the one that it is answered with. questions: it can
    be asked something without taking the keys of whoever types. versioned: it takes edits for a version, and may
    not say so.
    """

    name: str
    version: str
    capabilities: dict[str, Any]
    waits: bool = False
    encoding: str = "utf-16"
    questions: bool = False
    versioned: bool = True

    def can(self, path: str) -> Any:
        """The capability at that dotted path; None where it is not named."""
        value: Any = self.capabilities
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return value


def recorded(file: str, **more: Any) -> Client:
    """The editor in that file."""
    params = json.loads((RECORDED / f"{file}.json").read_text("utf-8"))
    return Client(params["clientInfo"]["name"], params["clientInfo"]["version"], params["capabilities"], **more)


NEOVIM_0_10 = recorded("neovim-0.10.4", waits=True)
NEOVIM_0_12 = recorded("neovim-0.12.4", waits=True, encoding="utf-8")
VSCODE = recorded("vscode-1.104.0", waits=True, questions=True)
HELIX_25_01 = recorded("helix-25.01.1", encoding="utf-8")
HELIX = recorded("helix-25.07.1", encoding="utf-8")
ZED = recorded("zed-0.205.0", questions=True)
EGLOT = recorded("eglot-1.17.30", encoding="utf-32")
EGLOT_1_21 = recorded("eglot-1.21", encoding="utf-32")

BARE = Client("", "", {}, versioned=False)
"""A client that says nothing of itself: the plainest path."""

CLIENTS = (NEOVIM_0_10, NEOVIM_0_12, VSCODE, HELIX_25_01, HELIX, ZED, EGLOT, EGLOT_1_21, BARE)


def initialize_params(client: Client) -> dict[str, Any]:
    """What it sends."""
    information = {"name": client.name, "version": client.version} if client.name else None
    return {"capabilities": client.capabilities, "clientInfo": information}


def identity(client: Client) -> str:
    """Its name in a test's."""
    return f"{client.name} {client.version}".strip().replace(" ", "-") or "bare"
