"""The Neovim plugin's own windows, commands and messages, in the newest and in the oldest Neovim that it is for."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from dragoman.simulator import Fault, Reply, Simulator, by_prefix, in_order
from editors.conftest import PROGRAMS
from editors.desk import REPOSITORY, SETTINGS, SOURCE, Desk
from editors.terminal import eventually
from simulator_thread import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.editors

HERE = REPOSITORY / "tests" / "editors" / "in_neovim"
PLUGIN = REPOSITORY / "editors" / "neovim"
EXPLANATION = ("## What it does\n\n", "It gathers **every order's name**", " in a list.\n")
EXPLAINING = Reply(text=EXPLANATION)
ENDLESS = Reply(text=("and so on\n",) * 10_000, between=0.05)


def rewriting(body: str, before_first: float = 0.0) -> Reply:
    """The function `names` with another body."""
    return Reply(text=(f"```python\ndef names(orders):\n    {body}\n```",), before_first=before_first)


COMPREHENSION = "return [order.name for order in orders]"
REFACTORED = f"{SOURCE[: SOURCE.index('def names')]}def names(orders):\n    {COMPREHENSION}\n"
RENAMED = SOURCE.replace("result", "found")


@pytest.fixture(params=["nvim", "nvim-0.10"])
def neovim(request, tmp_path) -> Callable[..., None]:
    """Runs one Lua file of `in_neovim` in Neovim, on a desk of its own, with that provider; fails where it fails.

    `more` settings come behind the usual ones. With `hangs_up` the file `hung-up` beside the project tells it that the
    provider's first connection is closed; with `lets_go` that must come after Neovim's end, at the latest.
    """
    program = PROGRAMS / request.param
    assert program.exists(), f"{program} is missing: scripts/get-editors fetches it"

    def run(
        name: str,
        simulator: Simulator,
        wanted: str = "",
        *,
        more: str = "",
        hangs_up: bool = False,
        lets_go: bool = False,
    ) -> None:
        desk = Desk(tmp_path / "desk")
        errors = tmp_path / "errors"
        with in_thread(simulator), errors.open("wb") as output:
            desk.lay((SETTINGS + more).format(url=simulator.url))
            editor = subprocess.Popen(
                [program, *_arguments()],
                cwd=desk.folder,
                env={**desk.environment(), **_named(name, desk, wanted)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
            try:
                if hangs_up:
                    _see_it_hang_up(simulator, editor)
                    (desk.home / "hung-up").touch()
                code = editor.wait(timeout=90)
                if lets_go and code == 0:
                    eventually(simulator.completions[0].hung_up.is_set, lambda: "the provider's connection stayed open")
            finally:
                editor.kill()
                editor.wait()
        assert code == 0, f"{errors.read_text(errors='replace')}\n{_told(desk)}"

    return run


def _see_it_hang_up(simulator: Simulator, editor: subprocess.Popen[bytes]) -> None:
    """Waits until the first call's connection is closed, or the editor has ended."""

    def seen() -> bool:
        called = simulator.completions
        return editor.poll() is not None or bool(called and called[0].hung_up.is_set())

    eventually(seen, lambda: "the provider's connection stayed open", 60)


def _named(name: str, desk: Desk, wanted: str) -> dict[str, str]:
    """What the Lua file is told."""
    return {
        "TEST_FILE": str(HERE / f"{name}.lua"),
        "RECORDING": str(desk.recording.path),
        "HELP": str(PLUGIN / "doc" / "dragoman.txt"),
        "WANTED": wanted,
    }


def _arguments() -> list[str]:
    """Started as for a person, with the plugin on the path and nobody's own configuration."""
    path = (
        f"lua vim.opt.runtimepath:prepend({str(PLUGIN)!r}); package.path = {str(HERE)!r} .. '/?.lua;' .. package.path"
    )
    return ["--clean", "--headless", "--cmd", path, "-c", "lua require('harness')"]


def _told(desk: Desk) -> str:
    errors: Path = desk.recording.path.with_name(f"{desk.recording.path.name}.errors")
    return errors.read_text(errors="replace")[-1500:] if errors.exists() else ""


def test_answer_streams_into_a_window(neovim):
    """An explanation grows in a floating window of Markdown that names who answers, and q closes it."""
    neovim("answer", Simulator(Reply(text=EXPLANATION, between=0.7)))


def test_preview_accepts_in_one_step(neovim):
    """An edit is shown as a diff before it lands; a applies it, and one undo takes it back."""
    simulator = Simulator(rewriting(COMPREHENSION))
    neovim("accept", simulator, REFACTORED)
    assert "implify" in simulator.completions[0].prompt


def test_preview_takes_away_the_last_lines(neovim):
    """An edit that takes away a file's last lines leaves no empty one behind."""
    wanted = SOURCE[: SOURCE.rindex("    for order")]
    neovim("shorten", Simulator(rewriting("result = []")), wanted)


def test_preview_rejects(neovim):
    """An edit that is rejected leaves the text untouched."""
    neovim("reject", Simulator(rewriting(COMPREHENSION)))


def test_preview_takes_and_drops_hunks(neovim):
    """Each hunk of an edit is accepted or dropped by itself, in any order."""
    wanted = RENAMED.replace("found = 0", "result = 0")
    neovim("hunks", Simulator(Reply(text=(f"```python\n{RENAMED}```",))), wanted=wanted)


def test_preview_tries_again_and_elsewhere(neovim):
    """From the preview an edit is asked for anew, and of a provider that the person chooses."""
    bodies = (COMPREHENSION, "return list(map(name, orders))", "return tuple(map(name, orders))")
    simulator = Simulator(in_order(*map(rewriting, bodies)))
    neovim("again", simulator)
    assert len(simulator.completions) == len(bodies)


def test_typing_elsewhere_meanwhile(neovim):
    """Whoever types on keeps the cursor when the edit comes, and it lands beside what was typed."""
    neovim("typing", Simulator(rewriting(COMPREHENSION, before_first=1.5)), wanted=REFACTORED)


def test_typing_inside_meanwhile(neovim):
    """A hunk whose lines were changed meanwhile is not applied, and stays to be looked at."""
    neovim("typing_inside", Simulator(rewriting(COMPREHENSION, before_first=1.5)))


def test_bang_needs_no_preview(neovim):
    """With a bang an edit lands by itself."""
    neovim("bang", Simulator(rewriting(COMPREHENSION)), wanted=REFACTORED)


def test_own_action(neovim):
    """An action of the person's own is run by its name, with words."""
    simulator = Simulator(rewriting(COMPREHENSION))
    more = '[actions.shorter]\ntitle = "Shorter"\nprompt = "Make it shorter."\n'
    neovim("own_action", simulator, REFACTORED, more=more)
    assert "Make it shorter." in simulator.completions[0].prompt
    assert "in one line" in simulator.completions[0].prompt


def test_prompts(neovim):
    """Ask and edit ask for their words, nothing happens without any, and what is typed is what is sent."""
    simulator = Simulator(EXPLAINING)
    neovim("prompts", simulator)
    assert ["why is this so slow?" in call.prompt for call in simulator.completions] == [True]


def test_status_line_and_cancel(neovim):
    """The status line shows who is asked until the work is cancelled, which closes the provider's connection."""
    neovim("status", Simulator(ENDLESS), hangs_up=True)


def test_closing_the_window_cancels(neovim):
    """An answer whose window is closed while it is written is cancelled."""
    neovim("cancel_window", Simulator(ENDLESS), hangs_up=True)


def test_killed_server_is_started_again(neovim):
    """A killed server is told of, and started again by the next command; no buffer is lost."""
    neovim("killed", Simulator(ENDLESS))


def test_failure_is_one_line(neovim):
    """An answer that can't be had is one line that says why; no empty window stays."""
    neovim("failing", Simulator(Reply(fault=Fault.DISCONNECT)))


def test_reports(neovim):
    """Status, usage, route and context are shown in a window, and ask no model."""
    simulator = Simulator(EXPLAINING)
    neovim("reports", simulator)
    assert len(simulator.completions) == 1


def test_command_line_and_keys(neovim):
    """The command completes its words and takes selections; no key is mapped but by name; colours are standard ones."""
    neovim("commandline", Simulator(EXPLAINING))


def test_health_and_help(neovim):
    """The health check finds nothing wrong, and the help has a tag for each command and mapping."""
    neovim("help", Simulator(EXPLAINING))


def test_new_test_file(neovim):
    """New tests open in a file of their own, unsaved, without an empty line at its end."""
    tests = "from orders import names\n\n\ndef test_names():\n    assert names([]) == []\n"
    neovim("tests", Simulator(Reply(text=(f"```python\n{tests}```",))), wanted=tests)


FINDING = """\
```json
[{"line": 7, "text": "        result = result + order.price", "severity": "error", "code": "none", \
"message": "Fails for an order without a price.", \
"fix": {"from": 7, "to": 7, "code": "        result = result + (order.price or 0)"}}]
```
"""


def test_review(neovim):
    """A review's findings are diagnostics; the menu fixes one, and a command clears them."""
    neovim("findings", Simulator(Reply(text=(FINDING,))))


def test_commit_message(neovim):
    """A commit message comes in a window, or stands in the file that git waits for."""
    neovim("commit", Simulator(Reply(text=("```\nAdd what orders come to\n```",))))


def test_regex(neovim):
    """A pattern is explained in a window; one that words describe is shown as a diff first."""
    explained = Reply(text=("It matches a **month**.\n\n", "match: 2024-01\n", "no match: 24-1\n"))
    written = Reply(text=("```regex\n^\\d{4}$\n```\n\nmatch: 2024\n",))
    neovim("regex", Simulator(in_order(explained, written)))


def test_document(neovim):
    """A function's documentation is shown as a diff first."""
    documented = f"{SOURCE[SOURCE.index('def names') :]}".replace(":\n", ':\n    """The names of all orders."""\n', 1)
    wanted = SOURCE[: SOURCE.index("def names")] + documented
    neovim("document", Simulator(Reply(text=(f"```python\n{documented}```",))), wanted=wanted)


def test_preview_of_another_provider(neovim):
    """Another provider can be chosen in the preview, which shows what that one proposes, and its name."""
    replies = by_prefix(
        {"/other": in_order(rewriting("return list(map(name, orders))"))}, otherwise=in_order(rewriting(COMPREHENSION))
    )
    more = '[providers.lmstudio]\nendpoints = ["{url}/other/v1"]\nmodel = "other-coder"\n'
    neovim("elsewhere", Simulator(replies), more=more)


def test_keys_by_name(neovim):
    """Each mapping that is offered by name runs its command, in visual mode on what is selected."""
    neovim("keys", Simulator(EXPLAINING))


def test_status_line_of_a_failure(neovim):
    """The status line is empty again when an answer can't be had."""
    neovim("failing_status", Simulator(Reply(fault=Fault.DISCONNECT, before_first=0.5)))


def test_starting(neovim):
    """Where no server can be started a command says at once what to do, and finds one that is there meanwhile."""
    neovim("starting", Simulator(EXPLAINING))


def test_health_says_what_is_wrong(neovim):
    """The health check tells no server, one that is well, one that nobody has answered, and one that is too old."""
    neovim("health", Simulator(Reply(fault=Fault.DISCONNECT)))


def test_buffer_closed_meanwhile(neovim):
    """What is asked for a buffer that goes away is cancelled, which closes the provider's connection."""
    neovim("closed", Simulator(ENDLESS), hangs_up=True)


def test_buffers_wiped_under_a_preview(neovim):
    """A preview outlives its buffer without an error, and its buffer the preview; a file read again is as good."""
    neovim("wiped", Simulator(rewriting(COMPREHENSION)), wanted=REFACTORED)


def test_two_at_once(neovim):
    """Two requests run at once, each with a window, and one command goes from window to window."""
    rewritten = rewriting(COMPREHENSION, before_first=0.5)
    neovim("both", Simulator(in_order(rewritten, EXPLAINING)), wanted=REFACTORED)


def test_two_windows_on_one_buffer(neovim):
    """An edit is seen in every window that shows the buffer, and moves no other one's cursor."""
    neovim("beside", Simulator(rewriting(COMPREHENSION)), wanted=REFACTORED)


def test_quitting(neovim):
    """Neovim ends at once while an answer is written, and the provider's connection closes."""
    neovim("quitting", Simulator(ENDLESS), lets_go=True)


def test_options_by_setup(neovim):
    """What plugin managers hand to `setup` is obeyed: options, the server's settings, and to start none by itself."""
    simulator = Simulator(in_order(rewriting(COMPREHENSION), EXPLAINING))
    neovim("setup", simulator, wanted=REFACTORED)
    assert simulator.completions[0].model == "my-coder"
