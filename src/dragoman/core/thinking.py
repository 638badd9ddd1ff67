"""Parts a model's thinking from its answer where a server sends both as one text. Looks only at the text's head."""

from __future__ import annotations

import re

_OPEN = re.compile(r"<(think|thinking|thought|reasoning)>", re.IGNORECASE)
_OPENINGS = ("<think>", "<thinking>", "<thought>", "<reasoning>")
_LOST_OPENING = re.compile(
    r"\A(?:(?!```|~~~|<think|<thought|<reasoning).)*?</(?:think|thinking|thought|reasoning)>[ \t]*(?:\r?\n\s*|\Z)",
    re.IGNORECASE | re.DOTALL,
)


class ThinkSplitter:
    """Splits a stream in which thinking stands in `<think>` tags before the answer. Any chunking gives the same.

    Only tags at the text's very head, or right after other thinking, count: code may hold such words.
    """

    def __init__(self) -> None:
        self._waiting = ""
        self._closing = ""
        self.answering = False
        """Whether all thinking is over: from then on `feed` gives every text back as it is."""

    def feed(self, text: str) -> tuple[str, str]:
        """What of the text so far is (answer, thinking) and was not given before."""
        if self.answering:
            return text, ""
        self._waiting += text
        thinking = ""
        while True:
            if self._closing:
                found = self._waiting.lower().find(self._closing)
                if found < 0:
                    keep = _partial(self._waiting.lower(), self._closing)
                    thinking += self._waiting[: len(self._waiting) - keep]
                    self._waiting = self._waiting[len(self._waiting) - keep :]
                    return "", thinking
                thinking += self._waiting[:found]
                self._waiting = self._waiting[found + len(self._closing) :]
                self._closing = ""
            head = self._waiting.lstrip()
            match = _OPEN.match(head)
            if match is not None:
                self._closing = f"</{match[1].lower()}>"
                self._waiting = head[match.end() :]
                continue
            if any(opening.startswith(head.lower()) for opening in _OPENINGS):
                return "", thinking  # blanks alone, or what may yet become a tag
            self.answering = True
            visible, self._waiting = self._waiting, ""
            return visible, thinking

    def close(self) -> tuple[str, str]:
        """What was waiting for more: (answer, thinking)."""
        waiting, self._waiting = self._waiting, ""
        if self._closing:
            return "", waiting
        return waiting, ""


def _partial(text: str, tag: str) -> int:
    """How many characters at the text's end may be the tag's beginning."""
    return next((length for length in range(min(len(tag) - 1, len(text)), 0, -1) if tag.startswith(text[-length:])), 0)


def without_thinking(reply: str) -> str:
    """The answer alone, also where the thinking was never closed, or its opening tag stayed in the prompt."""
    splitter = ThinkSplitter()
    visible = splitter.feed(reply)[0] + splitter.close()[0]
    return _LOST_OPENING.sub("", visible, count=1)
