"""What the vendors' libraries are told and asked: one reply, one tool, one picture for all of them."""

from __future__ import annotations

import base64

import pytest

from dragoman.core.chat import Usage
from dragoman.simulator import Reply, ToolCall

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def answer():
    """Thinking and text in pieces, with every kind of token counted."""
    return Reply(text=("Grüße ", "an ", "alle 🎉"), thinking=("let me ", "see"), usage=Usage(20, 9, 5, 3))


@pytest.fixture
def calling():
    """Two tool calls, the first with its arguments in pieces."""
    tools = (ToolCall("read_file", ('{"path":', '"a.py"}')), ToolCall("list_files", ("{}",)))
    return Reply(text=("One moment.",), tools=tools)


@pytest.fixture
def schema():
    """The arguments of `read_file`."""
    return {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}


@pytest.fixture
def png():
    """A picture of one point."""
    return PNG
