"""Where the tests of a file usually are. Pure: names alone, without a look at the disk."""

from __future__ import annotations

import posixpath
import re
from types import MappingProxyType

_TEST_NAME = re.compile(r"test_|.*[_.-](?:test|spec)s?$|.*(?:Test|Tests|Spec)$")
_TEST_FOLDERS = frozenset({"test", "tests", "spec", "__tests__"})
_SCRIPT = ("{stem}.test{ending}", "{stem}.spec{ending}")
_NAMES = MappingProxyType(
    {
        "python": ("test_{stem}{ending}", "{stem}_test{ending}"),
        "javascript": _SCRIPT,
        "javascriptreact": _SCRIPT,
        "typescript": _SCRIPT,
        "typescriptreact": _SCRIPT,
        "rust": ("{stem}{ending}", "{stem}_test{ending}", "test_{stem}{ending}"),
        "go": ("{stem}_test{ending}",),
        "c": ("test_{stem}{ending}", "{stem}_test{ending}"),
        "cpp": ("{stem}_test{ending}", "test_{stem}{ending}"),
        "java": ("{stem}Test{ending}", "{stem}Tests{ending}"),
        "kotlin": ("{stem}Test{ending}", "{stem}Tests{ending}"),
        "csharp": ("{stem}Tests{ending}", "{stem}Test{ending}"),
        "php": ("{stem}Test{ending}",),
        "ruby": ("{stem}_spec{ending}", "{stem}_test{ending}", "test_{stem}{ending}"),
        "lua": ("{stem}_spec{ending}", "test_{stem}{ending}"),
        "shellscript": ("{stem}.bats", "test_{stem}{ending}"),
    }
)
"""What test files are called, by the language of what they test."""
_APART = MappingProxyType({"ruby": ("spec", "test"), "lua": ("spec", "tests"), "php": ("tests", "tests/Unit")})
_OFTEN_APART = ("tests", "test")
_NEVER_BESIDE = frozenset({"rust"})


def paths_of_tests(path: str, root: str, language: str) -> tuple[str, ...]:
    """Where the file's tests may be, likeliest first; none for a file of tests.

    path, root: of the file and of the project's folder, absolute, with slashes.
    """
    folder, name = posixpath.split(path)
    stem, ending = posixpath.splitext(name)
    root = root.rstrip("/") or folder
    if not path or language not in _NAMES or is_test(path, root):
        return ()
    names = [pattern.format(stem=stem, ending=ending) for pattern in _NAMES[language]]
    inner = folder[len(root) + 1 :] if folder.startswith(f"{root}/") else ""
    inner = re.sub(r"^(?:src|lib|app|source)(?:/|$)", "", inner)
    below = inner.partition("/")[2]
    folders = [] if language in _NEVER_BESIDE else [folder]
    if language in {"java", "kotlin"}:
        folders = [folder.replace("/src/main/", "/src/test/")]
    if language.startswith(("javascript", "typescript")):
        folders.append(f"{folder}/__tests__")
    for apart in _APART.get(language, _OFTEN_APART):
        folders += [posixpath.join(root, apart, part).rstrip("/") for part in dict.fromkeys((inner, below, ""))]
    return tuple(dict.fromkeys(f"{folder}/{name}" for folder in folders for name in names))


def is_test(path: str, root: str = "") -> bool:
    """Whether the file holds tests, going by its name and its folders below the root."""
    folder, name = posixpath.split(path.removeprefix(root.rstrip("/")))
    return _TEST_NAME.match(posixpath.splitext(name)[0]) is not None or bool(_TEST_FOLDERS & set(folder.split("/")))
