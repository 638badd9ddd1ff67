"""What the server answers to `initialize`, as plain JSON.

The editor waits for this answer, so it is made without lsprotocol, without the actions and without their imports; a
test holds the names here and the actions' own together.
"""

from __future__ import annotations

import re
from typing import Any

from dragoman import __version__

ENCODINGS = ("utf-8", "utf-16", "utf-32")

METHODS = ("dragoman/run", "dragoman/route", "dragoman/context", "dragoman/status")

ACTIONS = (
    "fix",
    "edit",
    "comments",
    "ask",
    "chat",
    "explain",
    "refactor",
    "document",
    "regex",
    "tests",
    "review",
    "review.changes",
    "commit",
)
"""The names of `dragoman.actions.ACTIONS`."""

COMMANDS = (
    *(f"dragoman.{name}" for name in ACTIONS),
    "dragoman.action",
    "dragoman.complete",
    "dragoman.cancel",
    "dragoman.download",
    "dragoman.page",
    "dragoman.kept.apply",
    "dragoman.kept.show",
    "dragoman.kept.discard",
    "dragoman.finding.fix",
    "dragoman.findings.clear",
    "dragoman.hunk.accept",
    "dragoman.hunk.reject",
    "dragoman.hunks.accept",
    "dragoman.hunks.reject",
)
"""Every command, for some editors run only those that are listed. `dragoman.action` runs the person's own actions."""

TAKEN = frozenset(command.removeprefix("dragoman.") for command in COMMANDS)
"""Names that an action of the person's own can't have."""


def initialize_result(params: object) -> dict[str, Any]:
    """InitializeResult for these params.

    No `resolveProvider`: a resolve freezes some editors' window, and every action is complete as it is.
    """
    options = params.get("initializationOptions") if isinstance(params, dict) else None
    completion = {"completionProvider": {"resolveProvider": False}} if completes(options) else {}
    every_cell = [{"notebook": "*", "cells": [{"language": "*"}]}]
    notebooks = {"notebookDocumentSync": {"notebookSelector": every_cell}} if has_notebooks(params) else {}
    return {
        "capabilities": {
            "positionEncoding": encoding_of(params),
            **notebooks,
            "textDocumentSync": {"openClose": True, "change": 2, "save": {"includeText": False}},
            "codeActionProvider": {"codeActionKinds": ["quickfix", "refactor", "source.dragoman"]},
            "codeLensProvider": {"resolveProvider": False},
            "inlineCompletionProvider": {"workDoneProgress": False},
            **completion,
            "hoverProvider": _takes_hovers(params),
            "executeCommandProvider": {"commands": list(COMMANDS), "workDoneProgress": True},
            "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
            "experimental": {"dragoman": {"methods": list(METHODS)}},
        },
        "serverInfo": {"name": "dragoman", "version": __version__},
    }


def completes(options: object) -> bool:
    """Whether these initializationOptions say `inline.as_completion`: no other settings are known yet."""
    if not isinstance(options, dict):
        return False
    inner = options.get("dragoman")
    settings = inner if isinstance(inner, dict) else options
    inline = settings.get("inline")
    nested = inline.get("as_completion") if isinstance(inline, dict) else None
    return nested is True or settings.get("inline.as_completion") is True


def _takes_hovers(params: object) -> bool:
    """Whether a hover that says nothing stays unseen beside another server's.

    Neovim before 0.11 shows each server's hover by itself, and a message for each that has none.
    """
    client = params.get("clientInfo") if isinstance(params, dict) else None
    if not isinstance(client, dict) or client.get("name") != "Neovim":
        return True
    return re.match(r"v?0\.([0-9]|10)\.", f"{client.get('version')}.") is None


def plainest(params: object) -> dict[str, Any]:
    """The params without any capability but the encoding: for a client whose own can't be understood."""
    values = params if isinstance(params, dict) else {}
    kept = {key: values.get(key) for key in ("processId", "rootUri", "workspaceFolders")}
    return {**kept, "capabilities": {"general": {"positionEncodings": [encoding_of(params)]}}}


def has_notebooks(params: object) -> bool:
    """Whether the client names `notebookDocument.synchronization`."""
    value = params
    for key in ("capabilities", "notebookDocument", "synchronization"):
        value = value.get(key) if isinstance(value, dict) else None
    return isinstance(value, dict)


def encoding_of(params: object) -> str:
    """The first position encoding that the client names and we know; UTF-16 where it names none (LSP 3.17)."""
    value = params
    for key in ("capabilities", "general", "positionEncodings"):
        value = value.get(key) if isinstance(value, dict) else None
    offered = value if isinstance(value, list) else []
    return next((str(kind) for kind in offered if kind in ENCODINGS), "utf-16")
