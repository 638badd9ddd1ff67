"""A keyring in a file, for tests: what one process stores another one finds. Chosen by PYTHON_KEYRING_BACKEND."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

NAME = "file_keyring.FileKeyring"


class FileKeyring(KeyringBackend):
    """Entries by user in the JSON file that FILE_KEYRING names.

    Locked where that file is the word `locked`; waits as long as it is the word `silent`.
    """

    priority = -1

    @property
    def _path(self):
        return Path(os.environ["FILE_KEYRING"])

    def _entries(self):
        text = self._path.read_text() if self._path.exists() else "{}"
        while text == "silent":
            time.sleep(0.01)
            text = self._path.read_text()
        if text == "locked":
            raise KeyringLocked("a secret reason")
        return json.loads(text)

    def get_password(self, service, username):
        assert service == "dragoman"
        return self._entries().get(username)

    def set_password(self, service, username, password):
        self._path.write_text(json.dumps(self._entries() | {username: password}))

    def delete_password(self, service, username):
        entries = self._entries()
        if entries.pop(username, None) is None:
            raise PasswordDeleteError
        self._path.write_text(json.dumps(entries))
