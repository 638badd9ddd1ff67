"""Zed's side of its extensions: loads a compiled one in a WebAssembly runtime, asks it, and answers what it asks back.

Never a Zed: only what Zed would hand over and take back passes here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, ResourceHost, ResourceType, Variant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KINDS = {"worktree": 1, "project": 2, "key-value-store": 3}  # what Zed hands over by reference
WORDS = ("binary", "initialization_options", "settings")


class Extension:
    """A compiled extension, loaded as Zed loads it.

    `settings` is the whole of settings.json; `programs` has the path of each program on the worktree's PATH, by name.
    """

    def __init__(self, compiled: Path, settings: dict[str, Any], programs: dict[str, str]) -> None:
        engine = Engine()
        linker = Linker(engine)
        linker.add_wasip2()
        with linker.root() as root:
            for name, kind in KINDS.items():
                root.add_resource(name, ResourceType.host(kind), lambda _store, _number: None)
            root.add_func("[method]worktree.id", _method(lambda: 1))
            root.add_func("[method]worktree.which", _method(programs.get))
            root.add_func("[method]worktree.shell-env", _method(lambda: [("FROM", "shell")]))
            root.add_func("get-settings", lambda _store, _place, *key: Variant("ok", _setting(settings, *key)))
        wasi = WasiConfig()
        wasi.env = [("PWD", "/")]  # the extension's own folder: it goes there first of all
        self._store = Store(engine)
        self._store.set_wasi(wasi)
        self._instance = linker.instantiate(self._store, Component.from_file(engine, compiled))
        self._call("init-extension")

    def ask(self, export: str) -> Any:
        """What the extension answers of its server in a worktree: its `result`, with what it holds."""
        return self._call(export, "dragoman", ResourceHost.own(1, KINDS["worktree"]))

    def _call(self, export: str, *arguments: object) -> Any:
        function = self._instance.get_func(self._store, export)
        assert function, f"the extension has no {export}"
        result = function(self._store, *arguments)
        function.post_return(self._store)
        return result


def _setting(settings: dict[str, Any], category: str, key: str) -> str:
    """What stands in settings.json for a server, as JSON; Zed says null for all that does not stand there."""
    return json.dumps(dict.fromkeys(WORDS) | settings.get(category, {}).get(key, {}))


def _method(answer: Callable[..., object]) -> Callable[..., object]:
    """A method of what was handed over, which is lent for the call alone."""

    def method(store: Any, lent: Any, *arguments: object) -> object:
        lent.drop(store)
        return answer(*arguments)

    return method
