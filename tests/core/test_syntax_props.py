"""What was parsed before the last edits may save work, and never changes what is found."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.syntax import parse
from dragoman.core.text import Snapshot

TEXTS = {
    "python": (
        "class A:\n    def f(self):\n        return '''x\ny'''\n",
        "def g(): pass\n",
        "# é😀\n",
        "x = [1,\n 2]\n",
    ),
    "typescript": ("class A {\n  m(): void {}\n}\n", "const f = () => `a${1}\n`;\n", "/* é\n */\n", "f()\n(1)\n"),
    "c": ("struct s { int a; };\n", "int f(void)\n{\n  return 'x';\n}\n", "#define A \\\n 1\n", "// é\n"),
    "shellscript": ("f() {\n  cat <<END\nx\nEND\n}\n", "if x; then\n  y\nfi\n", "# é\n", "a=$(b)\n"),
    "lua": ("local function f()\n  return [[x\ny]]\nend\n", "function a.b() end\n", "-- é\n", "local t = { 1,\n 2 }\n"),
}
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
TYPED = st.sampled_from(["", " ", "\n", "x", "(", ")", "'", '"', "{", "}", "end\n", "é😀", "/*", "*/", "\r", "#"])


def nodes(syntax):
    """Everything the tree says, in one order."""
    waiting, found = [syntax.tree.root_node], []
    while waiting:
        node = waiting.pop()
        found.append((node.type, node.is_missing, node.start_byte, node.end_byte, node.start_point, node.end_point))
        waiting.extend(node.children)
    return found


@pytest.mark.parametrize("language", TEXTS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_was_parsed_before_changes_nothing(language, data):
    """However a document is edited, its tree is the one that its text alone gives."""
    text, before = "", None
    for _ in range(data.draw(st.integers(2, 6))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 20)))
        put = data.draw(st.one_of(TYPED, st.lists(st.sampled_from(TEXTS[language]), max_size=3).map("".join)))
        text = text[:start] + put.replace("\n", data.draw(ENDS)) + text[end:]
        after = parse(Snapshot.of(text, language=language), before)
        alone = parse(Snapshot.of(text, language=language))
        assert nodes(after) == nodes(alone)
        assert after.symbols() == alone.symbols()
        before = after
