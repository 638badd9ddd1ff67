"""Texts that others have written (names of files, words of models), as the person may safely be shown them.

What steers a terminal, or turns the reading direction around, is never passed on. Changes nothing that is stored.
"""

from __future__ import annotations

_JOINERS = "\u200c\u200d"
"""Unprintable by themselves, but parts of words in some scripts, and of emoji."""
_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Unicode's explicit directional formatting characters (UAX #9): they make a text read otherwise than it is."""
LONGEST_NAME = 200


def printable_name(name: str, longest: int = LONGEST_NAME) -> str:
    """A file's name or path in one line: what can't be printed as an escape, too long a one without its middle."""
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in name
    )
    half = longest // 2
    return shown if len(shown) <= longest else f"{shown[:half]}…{shown[-half + 1 :]}"


def in_one_line(text: str) -> str:
    """A sentence for the person without line breaks and control characters."""
    kept = (character if character.isprintable() or character in _JOINERS else " " for character in text)
    return " ".join("".join(kept).split())


def harmless(text: str) -> str:
    """A text of several lines without what would steer a terminal; line feeds and tabs stay."""
    return "".join(
        character
        if character in "\n\t" or not (character < " " or "\x7f" <= character <= "\x9f" or character in _TURNING)
        else ("" if character == "\r" else "�")
        for character in text
    )
