"""Where in a project a document lies: its folder, and the part of the project that it belongs to. Reads no text."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dragoman.actions.places import posix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.ports import Files

PYTHON_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", "pytest.ini", "tox.ini")
MAVEN_MARKS = ("pom.xml",)
GRADLE_MARKS = ("build.gradle", "build.gradle.kts")


def tree(scene: Scene) -> tuple[str, str, str]:
    """The workspace folder (or the document's), the document's folder inside it, and the file's name."""
    path = posix(scene.path)
    root = posix(scene.root).rstrip("/")
    if not root or not path.startswith(root + "/"):
        root = posixpath.dirname(path)
    folder, name = posixpath.split(path[len(root) + 1 :])
    return root, folder, name


def join(*parts: str) -> str:
    """The path of the parts that are not empty."""
    return posixpath.join("", *(part for part in parts if part))


def upwards(folder: str) -> list[str]:
    """The folder and those that hold it, the nearest first; "" is the root."""
    parts = folder.split("/") if folder else []
    return ["/".join(parts[:length]) for length in range(len(parts), -1, -1)]


async def nearest(root: str, folder: str, marks: Sequence[str], files: Files) -> str | None:
    """The nearest folder from this one upwards that has one of the marks in it; None where none has."""
    folders = upwards(folder)
    there = await files.existing([join(root, each, mark) for each in folders for mark in marks])
    return next((each for each in folders if any(join(root, each, mark) in there for mark in marks)), None)


def below(path: str, folder: str) -> str:
    """The path as it reads from a folder that holds it."""
    return path[len(folder) + 1 :] if folder else path
