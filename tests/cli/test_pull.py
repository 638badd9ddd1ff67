"""dragoman providers pull: a model is downloaded by Ollama, with progress, and a failure is one line."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from dragoman.simulator import Fault, closed_url


def pulls(simulator) -> list[str]:
    """The models that were asked for."""
    return [call.model for call in simulator.calls if call.path == "/api/pull"]


def test_a_model_is_pulled(dragoman, play):
    """Progress goes to stderr, each status once, the result to stdout."""
    simulator = play()
    ran = dragoman("providers", "pull", "small:1b")
    assert (ran.code, pulls(simulator)) == (0, ["small:1b"])
    assert ran.out == f"ollama has small:1b ({simulator.url})\n"
    shown = ran.err.splitlines()
    assert shown[0] == "small:1b: pulling manifest"
    assert shown[-1] == "small:1b: success"
    assert len(set(shown)) == len(shown)


def test_for_a_script(dragoman, play):
    """As JSON each endpoint says whether it has the model now."""
    simulator = play()
    ran = dragoman("providers", "pull", "small:1b", "--json")
    row = {"provider": "ollama", "endpoint": simulator.url, "model": "small:1b", "problem": "", "ok": True}
    assert ran.json == {"pulled": [row]}


def test_every_endpoint_gets_it_or_one(dragoman, settings, play):
    """Equal servers are to have the same models; --endpoint names one of them alone."""
    simulator = play()
    with closed_url() as nobody:
        settings(f'[providers.ollama]\nendpoints = ["{simulator.url}", "{nobody}"]\n')
        every = dragoman("providers", "pull", "small:1b", "--json")
        one = dragoman("providers", "pull", "small:1b", "--endpoint", f"{simulator.url}/")
        other = dragoman("providers", "pull", "small:1b", "--endpoint", "http://127.0.0.1:1")
    assert every.code == 1
    assert [row["ok"] for row in every.json["pulled"]] == [True, False]
    assert "nothing answers" in every.err
    assert one.code == 0
    assert (other.code, other.err.count("\n")) == (2, 1)
    assert "no such endpoint" in other.err


def test_a_server_of_another_name(dragoman, settings, play):
    """--provider names a server that speaks Ollama's dialect under the person's own name for it."""
    simulator = play()
    settings(f'[providers.gpu]\ndialect = "ollama"\nbase_url = "{simulator.url}"\n')
    ran = dragoman("providers", "pull", "small:1b", "--provider", "gpu")
    assert (ran.code, pulls(simulator)) == (0, ["small:1b"])


def test_a_model_that_is_not_there(dragoman, play):
    """The server's own words, in one line, and exit code 1."""
    play(list_fault=Fault.MODEL_NOT_FOUND)
    ran = dragoman("providers", "pull", "nonesuch")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.count("\n") == 1
    assert "not found" in ran.err


def test_a_download_that_breaks_off(dragoman, play):
    """A connection that breaks in the middle is no model, and is said so."""
    play(list_fault=Fault.CUT)
    ran = dragoman("providers", "pull", "small:1b")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[-1].startswith("dragoman: ollama")


def test_ctrl_c_stops_it(play):
    """Ctrl-C closes the connection, which stops the download, and ends with 130."""
    simulator = play(list_fault=Fault.STALL)
    command = [sys.executable, "-m", "dragoman.cli.main", "providers", "pull", "small:1b"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    assert b"pulling" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
    (call,) = (call for call in simulator.calls if call.path == "/api/pull")
    assert play.run(call.hung_up.wait())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pull",), "give the model"),
        (("pull", "x", "--provider", "anthropic"), "only Ollama does"),
        (("pull", "x", "--provider", "olama"), "did you mean ollama?"),
        (("pull", "x"), "providers.ollama.enabled"),
        (("list", "--endpoint", "http://x"), "are for pull"),
    ],
)
def test_what_can_not_be_pulled_is_said(dragoman, settings, arguments, said):
    """A wrong command line is one line and exit code 2."""
    ran = dragoman("providers", *arguments)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert said in ran.err
