"""The scripted provider of `dragoman demo`: answers that follow from the code it is shown, by rules and no model.

It says so in every explanation. It never fails: what it does not understand comes back unchanged under a comment.
"""

from __future__ import annotations

import contextlib
import re
import textwrap
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from dragoman.core.chat import Usage
from dragoman.simulator import demo_python
from dragoman.simulator.script import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.simulator.script import Call, Script

_HONEST = "*Scripted provider: rules over the syntax tree wrote this, no model did.*"
_NOTE = "Scripted provider: no rule applies here, nothing is changed."
_FENCE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})(?P<language>[\w+#.-]*)[^\n]*\n(?P<code>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL
)
_TARGET = re.compile(r"^The target \([^\n]*\):\n", re.MULTILINE)
_FILE = re.compile(r"^File: (?:[^\n]*[/\\])?(?P<stem>[A-Za-z_]\w*)\.py\b", re.MULTILINE)
_HASH_COMMENTS = frozenset(
    {"python", "py", "ruby", "sh", "bash", "yaml", "toml", "perl", "r", "elixir", "make", "dockerfile"}
)
_DASH_COMMENTS = frozenset({"lua", "sql", "haskell", "ada", "elm"})


_NOT_UNDERSTOOD = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What Python's parser raises: not Python, null bytes, nested too deeply."""


class _Block(NamedTuple):
    """A fenced block of the prompt; `language` is in lower case."""

    fence: str
    language: str
    code: str


def demo_script(between: float = 0.03) -> Script:
    """Answers in pieces of a word, `between` seconds apart."""

    def reply(call: Call) -> Reply:
        text = answer(call.system, call.prompt)
        pieces = tuple(re.findall(r"\s*\S+|\s+\Z", text))
        usage = Usage(input_tokens=(len(call.system) + len(call.prompt)) // 4, output_tokens=len(text) // 4)
        return Reply(text=pieces, usage=usage, before_first=5 * between, between=between)

    return reply


def answer(system: str, prompt: str) -> str:
    """What the provider says to instructions and prompt as `actions/` writes them, or to any that holds fenced code."""
    block = _code_in_question(prompt)
    if block is None:
        return f"There is no code in the question, so there is nothing that rules could say.\n\n{_HONEST}\n"
    if "fenced code block" not in system:
        return f"{_described(block)}\n\n{_HONEST}\n"
    return f"{block.fence}{block.language}\n{_changed(block, _change(prompt))}{block.fence}\n"


def _code_in_question(prompt: str) -> _Block | None:
    """The fenced block that is called the target, else the last one."""
    target = _TARGET.search(prompt)
    blocks = list(_FENCE.finditer(prompt, target.end() if target else 0))
    if not blocks:
        return None
    match = blocks[0 if target else -1]
    return _Block(match["fence"], match["language"].lower(), match["code"])


def _change(prompt: str) -> Callable[[str], str]:
    """What the task, behind the last "Task:", wants done to the code."""
    task = prompt.rpartition("Task: ")[2].lower()
    if "write tests" in task:
        file = _FILE.search(prompt)
        return partial(demo_python.tests, module=file["stem"] if file else "module")
    return demo_python.document if "docstring" in task or "doc comment" in task else demo_python.simplify


def _described(block: _Block) -> str:
    if _is_python(block):
        with contextlib.suppress(*_NOT_UNDERSTOOD):
            return demo_python.describe(textwrap.dedent(block.code))
    return _counted(block)


def _counted(block: _Block) -> str:
    lines = block.code.splitlines()
    first = next((line.strip() for line in lines if line.strip()), "")
    return f"{len(lines)} lines of {block.language or 'text'}, beginning with `{first}`."


def _changed(block: _Block, change: Callable[[str], str]) -> str:
    """The code after the change; documented where that changes nothing; else under a comment."""
    dedented = textwrap.dedent(block.code)
    for attempt in (change, demo_python.document) if _is_python(block) else ():
        with contextlib.suppress(*_NOT_UNDERSTOOD):
            changed = attempt(dedented)
            if changed != dedented:
                return textwrap.indent(changed, _margin(block.code))
    return f"{_margin(block.code)}{_comment(block.language)} {_NOTE}\n{block.code}"


def _margin(code: str) -> str:
    """The indentation that `textwrap.dedent` takes away."""
    first = next((line for line in code.splitlines() if line.strip()), "")
    dedented = next((line for line in textwrap.dedent(code).splitlines() if line.strip()), "")
    return first[: len(first) - len(dedented)]


def _is_python(block: _Block) -> bool:
    return block.language in {"python", "py"}


def _comment(language: str) -> str:
    if language in _HASH_COMMENTS:
        return "#"
    return "--" if language in _DASH_COMMENTS else "//"
