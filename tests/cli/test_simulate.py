"""dragoman simulate: scripted providers for people who write plugins."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from dragoman.simulator import Fault


def test_it_answers_until_stopped():
    """The guide's address answers in its path's dialect, with the fault that was asked for, and each call is told."""
    command = [sys.executable, "-m", "dragoman.cli.main", "simulate", "--fault", "overloaded", "--every", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
    assert found is not None
    body = {"model": "m", "stream": False, "messages": [{"role": "user", "content": "a secret question"}]}
    call = urllib.request.Request(f"{found[0]}/api/chat", json.dumps(body).encode())
    with urllib.request.urlopen(call, timeout=10) as response:
        assert json.load(response)["done"] is True
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(call, timeout=10)
    refused.value.close()
    assert refused.value.code == 529
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    told = out.splitlines()[-2:]
    assert ["overloaded" in line for line in told] == [False, True]
    assert "a secret question" not in out


def test_the_faults_are_listed(dragoman):
    """--faults prints every fault with what it does."""
    ran = dragoman("simulate", "--faults")
    assert [line.split()[0] for line in ran.out.splitlines()] == [fault.value for fault in Fault]


def test_an_unknown_fault(dragoman):
    """A mistyped fault is answered with the nearest."""
    ran = dragoman("simulate", "--fault", "overlaoded")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "did you mean overloaded?" in ran.err
