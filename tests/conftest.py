"""What every test gets: no outside network, a clean environment, folders of its own."""

from __future__ import annotations

import ipaddress
import os
import socket

import pytest
from hypothesis import settings

settings.register_profile("dragoman", deadline=None, print_blob=True)
settings.load_profile("dragoman")

KEY_WORDS = ("API_KEY", "_TOKEN", "DRAGOMAN_", "_PROXY", "_proxy", "OLLAMA", "OPENAI", "ANTHROPIC")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    """No keys, no settings, no proxies of whoever runs the tests; every platform folder is a fresh one."""
    for name in os.environ:
        if any(word in name for word in KEY_WORDS):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("CONFIG", "STATE", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    (home / "runtime").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "runtime"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture(autouse=True)
def no_outside_network(monkeypatch):
    """Any connection to another machine, and any look-up of another machine's name, fails the test."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def checked(address):
        if isinstance(address, tuple) and not _loopback(str(address[0])):
            pytest.fail(f"a test reached for {address[0]}")
        return address

    def name_checked(host, *args, **kwargs):
        text = host.decode() if isinstance(host, bytes) else host
        if text is not None and not _loopback(text):
            raise socket.gaierror(socket.EAI_NONAME, "no outside network in tests")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", lambda self, address: connect(self, checked(address)))
    monkeypatch.setattr(socket.socket, "connect_ex", lambda self, address: connect_ex(self, checked(address)))
    monkeypatch.setattr(socket, "getaddrinfo", name_checked)


def _loopback(host: str) -> bool:
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
