"""docs/providers.md: every tick has its proof, and every provider stands in the table."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from dragoman.providers import DIALECTS, PRESETS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "providers.md").read_text("utf-8")
EXCHANGES = ROOT / "tests" / "providers" / "exchanges"
TEST = r"tests/[\w/]+\.py::\w+"


def abilities() -> list[list[str]]:
    """The cells of the first table, row by row."""
    table = PAGE.partition("## What works with whom")[2].partition("For all dialects together")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in rows]


def ticks() -> list[tuple[str, str]]:
    """Each tick of the first table: the provider, and the word beside it."""
    return [
        (re.match(r"`([\w-]+)`", cells[0])[1], cell.removeprefix("✓").strip())
        for cells in abilities()
        for cell in cells
        if cell.startswith("✓")
    ]


@cache
def names_in(path: Path) -> frozenset[str]:
    """The names of the tests in a file."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, functions))


@pytest.mark.parametrize("named", sorted(set(re.findall(TEST, PAGE))))
def test_every_named_test_is_there(named):
    """A test that the page names exists."""
    path, _, name = named.partition("::")
    assert (ROOT / path).is_file()
    assert name in names_in(ROOT / path)


@pytest.mark.parametrize(("provider", "proof"), ticks())
def test_every_tick_has_its_recording(provider, proof):
    """A word beside a tick is a recording of that provider, with what must come of it."""
    if re.fullmatch(TEST, proof):
        return  # the test above looks for it
    folder, _, name = proof.rpartition("/")
    place = EXCHANGES / (folder or provider)
    answer, request = place / f"{name}.json", place / "requests" / f"{name}.json"
    assert answer.is_file() or request.is_file()
    if answer.is_file():
        assert answer.with_suffix(".http").is_file()


def test_no_tick_stands_alone():
    """Wherever the page has a tick, a recording's name or a test's follows."""
    for line in PAGE.splitlines():
        for after in line.split("✓")[1:]:
            assert re.match(rf" ({TEST}|[\w/-]+)", after), line


def test_every_provider_and_dialect_stands_in_the_table():
    """Each preset has a row with its own dialect, and each dialect is somebody's."""
    rows = [(re.match(r"`([\w-]+)`", cells[0])[1], cells[1].strip("`")) for cells in abilities()]
    assert {name for name, _ in rows} == set(PRESETS)
    assert {dialect for _, dialect in rows} == set(DIALECTS)
    for name, preset in PRESETS.items():
        assert (name, preset.dialect) in rows


def test_every_login_stands_there():
    """Each preset's way to log in is told."""
    table = PAGE.partition("## Logging in")[2].partition("Grants (")[0]
    firsts = " ".join(line.strip("|").split("|")[0] for line in table.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`([\w-]+)`", firsts)) == set(PRESETS)


def test_a_refused_ability_is_refused():
    """A dash in the column of fill in the middle means that the provider's row has no way to do it."""
    for cells in abilities():
        name = re.match(r"`([\w-]+)`", cells[0])[1]
        if cells[7] == "–":
            dialect = DIALECTS[PRESETS[name].dialect]
            assert not hasattr(dialect, "fill_call") or not PRESETS[name].quirks.fill
        if cells[8] == "–":
            assert not hasattr(DIALECTS[PRESETS[name].dialect], "embed_call")
