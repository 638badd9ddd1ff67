"""docs/reliability.md says what really happens: each of its rows is played again."""

from __future__ import annotations

import pytest

from wire import reliability

CASES = list(reliability.cases())
ON_THE_PAGE = [line for line in reliability.PAGE.read_text("utf-8").splitlines() if line.startswith("| ")][1:]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_each_fault_ends_as_the_page_says(case):
    """The request ends exactly once, nothing cut is given for whole, and the page's row is true but for the time."""
    row = await reliability.played(case)
    lines = [line for line in ON_THE_PAGE if line.split(" | ")[:2] == row.line().split(" | ")[:2]]
    assert len(lines) == 1, "run scripts/reliability"
    cells = lines[0].split(" | ")
    assert (*cells[:4], *cells[5:]) == row.judged(), "run scripts/reliability"


def test_the_page_has_no_other_rows():
    """A fault that is no more is not on the page."""
    assert len(ON_THE_PAGE) == len(CASES)
