"""Logging: where it goes, how much of it, and never content unless that is asked for."""

from __future__ import annotations

import logging
import stat
from logging import getLogger

import pytest

from dragoman import CONTENT_LOGGER
from dragoman.cli.log_file import LogFile, log_path
from dragoman.cli.logs import configure_logging


@pytest.fixture(autouse=True)
def own_root_logger(monkeypatch):
    """The root logger as it was, afterwards."""
    root, content = getLogger(), getLogger(CONTENT_LOGGER)
    handlers, level, content_level = root.handlers[:], root.level, content.level
    root.handlers = []
    monkeypatch.setattr(logging, "raiseExceptions", True)
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers = handlers
    root.setLevel(level)
    content.setLevel(content_level)


def test_the_file_is_opened_with_its_first_line():
    """Setting up touches no disk; the first line makes the folder and a file that only the person can read."""
    configure_logging(None, content=False)
    assert not log_path().exists()
    getLogger("dragoman.test").info("first")
    assert "INFO dragoman.test: first" in log_path().read_text(encoding="utf-8")
    assert stat.S_IMODE(log_path().stat().st_mode) == 0o600


@pytest.mark.parametrize(("option", "variable", "seen"), [("warning", "", 0), (None, "debug", 2), (None, "", 1)])
def test_the_level(monkeypatch, capsys, option, variable, seen):
    """The option's level wins over DRAGOMAN_LOG's; without either it is info."""
    monkeypatch.setenv("DRAGOMAN_LOG", variable)
    configure_logging(option, content=False)
    getLogger("dragoman.test").debug("a line")
    getLogger("dragoman.test").info("a line")
    assert capsys.readouterr().err.count("a line") == seen


def test_a_level_that_is_none_is_named(capsys):
    """A mistyped level is named with those there are, and does not stop anything."""
    configure_logging("loud", content=False)
    assert "it is one of debug, info, warning, error" in capsys.readouterr().err
    assert getLogger().level == logging.INFO


@pytest.mark.parametrize("content", [True, False])
def test_content_only_where_asked_for(capsys, content):
    """Code and prompts reach the log only with --log-content, whatever the level is."""
    configure_logging("debug", content=content)
    getLogger(CONTENT_LOGGER).debug("def secret_sauce")
    assert ("secret_sauce" in capsys.readouterr().err) is content
    assert (log_path().exists() and "secret_sauce" in log_path().read_text(encoding="utf-8")) is content


def test_a_command_keeps_its_log_off_the_terminal(capsys):
    """A person at a terminal sees log lines only where they ask for a level; the file has them anyway."""
    configure_logging(None, content=False, for_editor=False)
    getLogger("dragoman.test").error("inner trouble")
    assert capsys.readouterr().err == ""
    assert "inner trouble" in log_path().read_text(encoding="utf-8")
    configure_logging("info", content=False, for_editor=False)
    getLogger("dragoman.test").error("inner trouble")
    assert "inner trouble" in capsys.readouterr().err


def test_a_folder_that_cant_be_made_is_no_obstacle(tmp_path):
    """Where the log file can't be opened, its lines go nowhere and nothing is raised."""
    (tmp_path / "file").write_text("")
    handler = LogFile(tmp_path / "file" / "dragoman.log")
    handler.emit(logging.LogRecord("x", logging.INFO, "", 0, "lost", (), None))
    handler.close()
    assert (tmp_path / "file").read_text() == ""


def test_the_file_rotates(tmp_path):
    """A full file is set aside under a number, and at most three of those are kept."""
    handler = LogFile(tmp_path / "dragoman.log")
    line = "x" * 700_000
    for _ in range(15):
        handler.emit(logging.LogRecord("x", logging.INFO, "", 0, line, (), None))
    handler.close()
    assert sorted(path.name for path in tmp_path.glob("dragoman.log*")) == [
        "dragoman.log",
        "dragoman.log.1",
        "dragoman.log.2",
        "dragoman.log.3",
    ]
