"""The labelled prompts in intents.txt, and which half each belongs to: for the tests, and for `scripts/bench`."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from dragoman.core.classifier import classify
from dragoman.core.intent import Intent

FILE = Path(__file__).with_name("intents.txt")


@dataclass(frozen=True)
class Prompt:
    """One text with the kind of work that a sensible colleague would do."""

    intent: Intent
    language: str
    text: str

    @property
    def reported(self):
        """Whether it is in the half that is reported on; the classifier was tuned on the other."""
        return hashlib.sha256(self.text.encode()).digest()[0] % 2 == 1


def prompts():
    """All of them."""
    for line in FILE.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            intent, language, text = line.split(" | ", 2)
            yield Prompt(Intent(intent), language, text.replace("\\n", "\n"))


def accuracy(half):
    """The share of right labels in all, and in each class."""
    asked = Counter(prompt.intent for prompt in half)
    right = Counter(prompt.intent for prompt in half if classify(prompt.text).intent is prompt.intent)
    return right.total() / asked.total(), {intent: right[intent] / asked[intent] for intent in asked}
