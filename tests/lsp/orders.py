"""A function to refactor, the orders to do so, and a model that answers them."""

from __future__ import annotations

from lsp.desk import span
from lsp.project import accepting

URI = "file:///project/a.py"
CODE = "def total(items):\n    result = 0\n    for item in items:\n        result += item\n    return result\n"
WHOLE = span(0, 0, 4, 17)
NEW = "def total(items):\n    return sum(items)\n"
DIAGNOSTIC = {"range": span(1, 4, 1, 10), "message": "result is unused", "severity": 2}
REPLY = f"```python\n{NEW}```\n"


def order(action, **more):
    """The params of a run that every action can work with."""
    params = {"action": action, "textDocument": {"uri": URI}, "range": WHOLE, "instruction": "make it short"}
    return {**params, "diagnostics": [DIAGNOSTIC], **more}


async def answered(desk, method, params, reply=REPLY):
    """The whole response to a request for which the model says the reply."""
    _, response = desk.ask(method, params)
    await desk.settle()
    if not response.done():
        desk.services.completer.say(reply)
    return await response


async def open_code(desk, text=CODE, uri=URI, language="python"):
    """Open it at a client that takes edits."""
    editor = accepting(desk)
    editor.open(text, uri, language)
    return editor
