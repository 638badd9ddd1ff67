"""Properties of ignore rules: git itself is the reference."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.ignore_reference import tracked_by_git
from dragoman.core.ignore_rules import ignoring, read_rules

NAMES = st.sampled_from(["a", "b", "ab", "a.b", "b.a", "abab", "-", "]", "a b", "A"])
TOKENS = st.sampled_from(
    ["a", "b", "ab", ".", "*", "**", "?", "/", "/", "[ab]", "[!a]", "[]-]", "[a-]", "\\a", "\\*", " "]
)
PATTERN = st.tuples(st.sampled_from(["", "", "!", "/", "**/"]), st.lists(TOKENS, min_size=1, max_size=6)).map(
    lambda parts: parts[0] + "".join(parts[1])
)
TEXT = st.lists(PATTERN, max_size=5).map("\n".join)
PATHS = st.lists(st.lists(NAMES, min_size=1, max_size=4).map(tuple), min_size=1, max_size=12, unique=True)


def made(root: Path, paths) -> list[tuple[str, ...]]:
    """Those of the paths that are files now: no file is a folder too."""
    kept = [path for path in paths if not any(path == other[: len(path)] for other in paths if other != path)]
    for path in kept:
        file = root.joinpath(*path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return kept


@settings(max_examples=50)
@given(outer=TEXT, inner=TEXT, paths=PATHS)
def test_same_as_git(outer, inner, paths):
    """For any patterns in two folders, the files that are ignored are those that git ignores."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        subprocess.run(["git", "init", "-q", name], check=True, capture_output=True, timeout=30)
        files = made(root, paths)
        (root / ".gitignore").write_text(outer + "\n", encoding="utf-8")
        if (root / "a").is_dir():
            (root / "a" / ".gitignore").write_text(inner + "\n", encoding="utf-8")
        tracked = tracked_by_git(root, ["/".join(path) for path in files])
        for path in files:
            levels = [read_rules(outer)] + ([read_rules(inner)] if path[0] == "a" and len(path) > 1 else [])
            assert (ignoring(levels, path) is None) == ("/".join(path) in tracked), (path, outer, inner)
