"""A review's findings on the command line: one line each, as compilers print them, with the fix as a patch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.cli.output import note, out
from dragoman.cli.unified import unified_diff

if TYPE_CHECKING:
    from dragoman.actions.base import FindingsResult

STYLES = {"error": "bold red", "warning": "yellow", "information": "cyan", "hint": "dim"}


def findings_outcome(action: str, asked: Path, root: Path, result: FindingsResult) -> dict[str, Any]:
    """What `--json` prints: lines and columns are one-based, `diff` is the fix as a patch."""
    from dragoman.core.text import apply

    found = []
    for finding in result.findings:
        path = root / finding.path if finding.path else asked
        entry: dict[str, Any] = {
            "file": str(path),
            "line": finding.range.start.line + 1,
            "column": finding.range.start.character + 1,
            "severity": finding.severity.value,
            "code": finding.code,
            "message": finding.message,
        }
        if finding.fix is not None:
            seen = result.seen[finding.path]
            entry["diff"] = unified_diff(seen.text, apply(seen.lines, [finding.fix]), _name(path))
        found.append(entry)
    return {"kind": "findings", "action": action, "file": str(asked), "findings": found, "problem": result.problem}


def show_findings(outcome: dict[str, Any]) -> None:
    """One line each on stdout; how many there are on stderr."""
    for entry in outcome["findings"]:
        code = f"[{entry['code']}]" if entry["code"] else ""
        place = f"{_name(Path(entry['file']))}:{entry['line']}:{entry['column']}"
        out(f"{place}: {entry['severity']}{code}: {entry['message']}", style=STYLES[entry["severity"]])
    count = len(outcome["findings"])
    fixes = sum("diff" in entry for entry in outcome["findings"])
    more = f", {fixes} with a fix (--json prints them)" if fixes else ""
    note(f"{count} finding{'s' if count != 1 else ''}{more}." if count else "Nothing found.")


def _name(path: Path) -> str:
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()
