"""What real editors say of themselves in `initialize`, as far as the server asks for it; from their public sources.

`waits` says whether a command's response may wait for the result, `literals` whether the menu takes code actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

OPERATIONS = ["create", "rename", "delete"]
LITERALS = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix", "refactor", "source"]}}}
MESSAGE_ITEMS = {"messageActionItem": {"additionalPropertiesSupport": True}}


@dataclass(frozen=True, slots=True)
class Client:
    """One editor."""

    name: str
    version: str
    capabilities: dict[str, Any]
    waits: bool = False
    encoding: str = "utf-16"


NEOVIM_0_10 = Client(
    "Neovim",
    "0.10.4",
    {
        "general": {"positionEncodings": ["utf-16"]},
        "window": {
            "workDoneProgress": True,
            "showMessage": MESSAGE_ITEMS,
            "showDocument": {"support": True},
        },
        "workspace": {
            "applyEdit": True,
            "workspaceEdit": {"resourceOperations": ["rename", "create", "delete"]},
            "configuration": True,
            "didChangeConfiguration": {"dynamicRegistration": False},
            "workspaceFolders": True,
        },
        "textDocument": {
            "synchronization": {"didSave": True, "dynamicRegistration": False},
            "codeAction": {
                **LITERALS,
                "isPreferredSupport": True,
                "dataSupport": True,
                "resolveSupport": {"properties": ["edit", "command"]},
            },
        },
    },
    waits=True,
)

NEOVIM_0_12 = Client(
    "Neovim",
    "0.12.4",
    {
        **NEOVIM_0_10.capabilities,
        "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
        "workspace": {
            **NEOVIM_0_10.capabilities["workspace"],
            "workspaceEdit": {
                "resourceOperations": ["rename", "create", "delete"],
                "documentChanges": True,
                "changeAnnotationSupport": {"groupsOnLabel": False},
                "normalizesLineEndings": True,
            },
        },
    },
    waits=True,
    encoding="utf-8",
)

VSCODE = Client(
    "Visual Studio Code",
    "1.104.0",
    {
        "general": {
            "positionEncodings": ["utf-16"],
            "staleRequestSupport": {"cancel": True, "retryOnContentModified": []},
        },
        "window": {"workDoneProgress": True, "showMessage": MESSAGE_ITEMS, "showDocument": {"support": True}},
        "workspace": {
            "applyEdit": True,
            "workspaceEdit": {
                "documentChanges": True,
                "resourceOperations": OPERATIONS,
                "failureHandling": "textOnlyTransactional",
                "normalizesLineEndings": True,
                "changeAnnotationSupport": {"groupsOnLabel": True},
            },
            "configuration": True,
            "didChangeConfiguration": {"dynamicRegistration": True},
            "executeCommand": {"dynamicRegistration": True},
            "workspaceFolders": True,
        },
        "textDocument": {
            "codeAction": {**LITERALS, "dataSupport": True, "resolveSupport": {"properties": ["edit"]}},
        },
    },
    waits=True,
)

HELIX = Client(
    "helix",
    "25.07.1",
    {
        "general": {"positionEncodings": ["utf-8", "utf-32", "utf-16"]},
        "window": {"workDoneProgress": True, "showDocument": {"support": True}},
        "workspace": {
            "applyEdit": True,
            "workspaceEdit": {
                "documentChanges": True,
                "resourceOperations": OPERATIONS,
                "failureHandling": "abort",
                "normalizesLineEndings": False,
            },
            "configuration": True,
            "didChangeConfiguration": {"dynamicRegistration": False},
            "executeCommand": {"dynamicRegistration": False},
            "workspaceFolders": True,
        },
        "textDocument": {
            "codeAction": {
                **LITERALS,
                "isPreferredSupport": True,
                "disabledSupport": True,
                "dataSupport": True,
                "resolveSupport": {"properties": ["edit", "command"]},
            }
        },
    },
    encoding="utf-8",
)

ZED = Client(
    "Zed",
    "0.205.0",
    {
        "general": {"positionEncodings": ["utf-16"]},
        "window": {"workDoneProgress": True, "showMessage": MESSAGE_ITEMS, "showDocument": {"support": True}},
        "workspace": {
            "applyEdit": True,
            "workspaceEdit": {
                "documentChanges": True,
                "resourceOperations": OPERATIONS,
                "snippetEditSupport": True,
                "normalizesLineEndings": True,
            },
            "configuration": True,
            "didChangeConfiguration": {"dynamicRegistration": True},
            "executeCommand": {"dynamicRegistration": True},
            "workspaceFolders": True,
        },
        "textDocument": {
            "codeAction": {**LITERALS, "dataSupport": True, "resolveSupport": {"properties": ["edit", "command"]}}
        },
    },
)

EGLOT = Client(
    "Eglot",
    "1.19",
    {
        "general": {"positionEncodings": ["utf-32", "utf-8", "utf-16"]},
        "window": {"showDocument": {"support": True}, "workDoneProgress": True},
        "workspace": {
            "applyEdit": True,
            "executeCommand": {"dynamicRegistration": False},
            "workspaceEdit": {"documentChanges": True},
            "didChangeWatchedFiles": {"dynamicRegistration": True},
            "configuration": True,
            "workspaceFolders": True,
        },
        "textDocument": {
            "synchronization": {"dynamicRegistration": False, "willSave": True, "didSave": True},
            "codeAction": {"dynamicRegistration": False, "isPreferredSupport": True, **LITERALS},
        },
    },
    encoding="utf-32",
)

BARE = Client("", "", {})
"""A client that says nothing of itself: the plainest path."""

CLIENTS = (NEOVIM_0_10, NEOVIM_0_12, VSCODE, HELIX, ZED, EGLOT, BARE)


def initialize_params(client: Client) -> dict[str, Any]:
    """What it sends."""
    information = {"name": client.name, "version": client.version} if client.name else None
    return {"capabilities": client.capabilities, "clientInfo": information}


def identity(client: Client) -> str:
    """Its name in a test's."""
    return f"{client.name} {client.version}".strip().replace(" ", "-") or "bare"
