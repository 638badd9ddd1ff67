"""What the case documents do not show of reply cleaning: notes, several fences, new code, answers."""

from __future__ import annotations

import pytest

from dragoman.core.errors import UnusableReply
from dragoman.core.fences import blocks
from dragoman.core.fitting import indent_unit
from dragoman.core.reply import answer, new_code, replacement
from dragoman.core.text import Position, Range, Snapshot

FUNCTION = "def f(a):\n    b = a\n    return b\n"


def replaced(reply, text=FUNCTION, language="python", target=None):
    """What the reply becomes in place of a function."""
    snapshot = Snapshot.of(text, language=language)
    return replacement(reply, snapshot, target or Range(Position(0, 0), Position(2, 12)))


def test_a_choice_is_noted():
    """Where one of several blocks was taken, the person can know."""
    found = replaced("```python\ndef f(a):\n    return a\n```\nor\n```python\ndef f(a):\n    return +a\n```")
    assert found.text == "def f(a):\n    return a"
    assert found.notes == ("The reply held 2 code blocks; the first that fits the target is used.",)


def test_a_cut_is_noted():
    """Where text from outside the target was cut off, the person can know."""
    found = replaced(
        "def f(a):\n    return a\n\n\ndef neighbour():\n    pass\n", FUNCTION + "\n\ndef neighbour():\n    pass\n"
    )
    assert found.text == "def f(a):\n    return a"
    assert found.notes == ("The reply repeated text from outside the target; that part was cut off.",)


def test_a_new_helper_is_kept():
    """A function that the model adds beside the target, as asked, is no repetition."""
    text = FUNCTION + "\n\ndef neighbour(a):\n    return a\n"
    assert replaced("def helper(x):\n    return x\n\n\ndef f(a):\n    return helper(a)\n", text).text.startswith(
        "def helper"
    )


def test_a_rewritten_file_without_the_target_is_refused():
    """More than the target, in which the target can't be told, is not used."""
    text = "alpha = 1\nbravo = 2\ncharlie = 3\ndelta_delta = 4\necho_echo = 5\nfoxtrot = 6\n"
    target = Range(Position(2, 0), Position(2, 11))
    with pytest.raises(UnusableReply, match="rewrote more than the target") as raised:
        replaced("foxtrot = 6\nalpha = 1\nbravo = 2\nbravo = 2\ngolf = 7\n", text, target=target)
    assert raised.value.follow_up


def test_blocks_of_another_language_are_passed_over():
    """A shell command before the code is not the code."""
    found = replaced("Run:\n```bash\npip install f\n```\nThen:\n```py\ndef f(a):\n    return a\n```")
    assert found.text == "def f(a):\n    return a"


def test_a_numbered_mapping_keeps_its_numbers():
    """Numbers that the document has at its lines' heads are no line numbers."""
    text = "1: one\n2: two\n"
    found = replaced("```yaml\n1: uno\n2: due\n```", text, "yaml", Range(Position(0, 0), Position(1, 6)))
    assert found.text == "1: uno\n2: due"


def test_blank_lines_at_the_ends_stay():
    """Blank lines that the selection begins and ends with are the document's."""
    snapshot = Snapshot.of("a\n\nx = 1\n\nb\n", language="python")
    assert replacement("```python\nx = 2\n```", snapshot, Range(Position(1, 0), Position(4, 0))).text == "\nx = 2\n\n"


def test_strings_that_stand_at_the_margin_stay_there():
    """A line left of the code's indentation is not moved below zero."""
    snapshot = Snapshot.of("class A:\n    def f(self):\n        return 1\n", language="python")
    found = replacement('def f(self):\n    return """\nx\n"""\n', snapshot, Range(Position(1, 0), Position(2, 16)))
    assert found.text.startswith('    def f(self):\n        return """')


def test_a_diff_in_a_diff_document_is_text():
    """In a patch file a diff is what was asked for."""
    assert replaced(
        "```diff\n@@ -1 +1 @@\n-a\n+b\n```", "@@ -1 +1 @@\n-a\n+c\n", "diff", Range(Position(0, 0), Position(2, 2))
    ).text.endswith("+b")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("```py\na\n```", [("py", "a", True)]),
        ("  ```py\n  a\n  ```", [("py", "a", True)]),
        ("````md\n```py\na\n```\n````", [("md", "```py\na\n```", True)]),
        ("```md\n```py\na\n```\n```", [("md", "```py\na\n```", True)]),
        ("~~~\n```\na\n```\n~~~", [("", "```\na\n```", True)]),
        ("```py\na", [("py", "a", False)]),
        ("```py\na```", [("py", "a", True)]),
        ("``` {.python}\na\n```", [("python", "a", True)]),
        ("```a\n1\n```\nx\n```b\n2\n```", [("a", "1", True), ("b", "2", True)]),
        ("no fence", []),
    ],
)
def test_blocks(text, found):
    """Fences are read as models write them."""
    assert [(block.info, block.text, block.closed) for block in blocks(text)[0]] == found


@pytest.mark.parametrize(
    ("lines", "unit"),
    [
        (["a", "\tb"], "\t"),
        (["a", "  b", "    c"], "  "),
        (["a", "    b", "        c"], "    "),
        (["a", "b"], None),
        (["a:", "    b(", "         c)"], "    "),
    ],
)
def test_indent_unit(lines, unit):
    """A step of indentation is what lines are usually deeper by."""
    assert indent_unit(lines) == unit


def test_new_code_joins_its_blocks():
    """New code in several blocks is all of them; a shell command is none of it."""
    assert new_code("```bash\nx\n```\n```python\na = 1\n```\n```\nb = 2\n```", "python") == "a = 1\n\nb = 2\n"


def test_new_code_in_prose_is_refused():
    """An answer without code is not written into a file."""
    with pytest.raises(UnusableReply, match="no code"):
        new_code("You should test it with care.", "python")


@pytest.mark.parametrize(
    ("reply", "markdown"),
    [
        ("Hello\n", "Hello\n"),
        ("```markdown\nHello\n```", "Hello\n"),
        ("```python\nx\n```", "```python\nx\n```\n"),
        ("<think>x</think>\n\nHello", "Hello\n"),
    ],
)
def test_answer(reply, markdown):
    """An answer is the Markdown alone."""
    assert answer(reply) == markdown
