"""The recipe for Emacs by itself, in batch mode: what its compiler and its checker of documentation say of it."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from editors.conftest import PROGRAMS
from editors.desk import REPOSITORY
from editors.emacs import Emacs

pytestmark = [pytest.mark.editors, pytest.mark.widely]


@pytest.fixture
def batch(tmp_path):
    """Evaluates a form in Emacs, in a folder with a copy of the recipe; returns what came out."""
    missing = Emacs.missing(PROGRAMS)
    assert missing is None, missing
    shutil.copy(REPOSITORY / "editors" / "emacs" / "dragoman.el", tmp_path)

    def evaluated(form):
        command = [PROGRAMS / Emacs.program, "--batch", "-Q", "--eval", form]
        environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done

    return evaluated


def test_compiles_without_a_warning(batch):
    """The byte compiler has nothing to say."""
    assert batch('(unless (byte-compile-file "dragoman.el") (kill-emacs 1))').stderr == ""


def test_documentation_is_as_emacs_wants_it(batch):
    """Checkdoc has nothing to say."""
    assert batch('(progn (require (quote checkdoc)) (checkdoc-file "dragoman.el"))').stderr == ""


@pytest.mark.parametrize(
    ("mode", "library", "language"),
    [
        ("python-ts-mode", "python", "python"),
        ("js-mode", "js", "javascript"),
        ("tsx-ts-mode", "typescript-ts-mode", "typescriptreact"),
        ("typescript-ts-mode", "typescript-ts-mode", "typescript"),
        ("c++-mode", "cc-mode", "cpp"),
        ("c++-ts-mode", "c-ts-mode", "cpp"),
        ("c-ts-mode", "c-ts-mode", "c"),
        ("go-ts-mode", "go-ts-mode", "go"),
        ("rust-ts-mode", "rust-ts-mode", "rust"),
        ("java-mode", "cc-mode", "java"),
        ("ruby-mode", "ruby-mode", "ruby"),
        ("bash-ts-mode", "sh-script", "shellscript"),
    ],
)
def test_languages_have_the_names_of_the_protocol(batch, mode, library, language):
    """The server is told each language by the protocol's name for it, and not by the mode's."""
    load = f'(progn (require (quote {library})) (load (expand-file-name "dragoman.el") nil t)'
    form = f"{load} (princ (json-encode (cdaar (eglot--lookup-mode (quote {mode}))))))"
    assert json.loads(batch(form).stdout) == language
