"""docs/recordings.md says what really goes over the wire: each of its stories is played again."""

from __future__ import annotations

import pytest

from lsp import recordings

TEXT = recordings.PAGE.read_text("utf-8")


@pytest.mark.parametrize("story", recordings.STORIES, ids=lambda story: story.title)
def test_each_ability_goes_as_the_page_says(story):
    """Message by message."""
    assert recordings.played(story) in TEXT, "run scripts/recordings"


def test_the_page_has_no_other_stories():
    """What is no more is not on the page, and nothing was written by hand."""
    assert TEXT.count("\n## ") == len(recordings.STORIES)
