"""Code lenses above definitions (`lenses.enabled`): explain, write tests, document. Never parses on the event loop.

A document is parsed once for each of its versions that is asked about.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from dragoman.actions import action as action_named
from dragoman.actions.base import Scene
from dragoman.core.errors import BadInput
from dragoman.core.text import Position, Range, units
from dragoman.lsp.files import files_around
from dragoman.lsp.protocol import ClientError
from dragoman.lsp.whereabouts import changes_document, is_editable, whereabouts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.actions.base import Action
    from dragoman.core.settings import Lenses
    from dragoman.core.syntax import Symbol, Syntax
    from dragoman.core.text import Encoding, Snapshot
    from dragoman.lsp.documents import Document
    from dragoman.lsp.server import Server

ABOVE = ("explain", "tests", "document")
"""The actions that stand above a definition, in this order."""
MOST = 200
"""Definitions with lenses in one document: a generated file may hold thousands, and editors draw every lens."""
REFRESH_SECONDS = 5.0

Lens = dict[str, Any]
"""A CodeLens as plain JSON: there may be hundreds, and the loop has to write them out."""


class DefinitionLenses:
    """Those of one connection's documents."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._known: dict[str, tuple[Snapshot, list[Lens]]] = {}
        self._answered: bool | None = None
        """Whether there were to be lenses when the client last asked; None where it has not."""

    async def of(self, document: Document) -> list[Lens]:
        """Those of the document as it is now. None where they are not wanted, or its text may go to no model."""
        services = await self._server.opened()
        self._answered = services.settings.lenses.enabled
        if not self._answered:
            self._known.clear()
            return []
        at = whereabouts(self._server, document.uri)
        if at.file:
            files = files_around(self._server, at.path)
            if (await files.disclosures((at.file,)))[at.file].withheld:
                return []
        snapshot, encoding = document.snapshot(), self._server.facts.encoding
        known = self._known.get(document.uri)
        if known is not None and known[0] is snapshot:
            return known[1]
        scene = Scene(snapshot, snapshot.whole, path=at.path, root=at.root, origin=at.origin, cell=at.cell)
        made = await services.workers.run(lambda: lenses_for(scene, encoding))
        if not document.is_closed():
            self._known[document.uri] = (snapshot, made)
        return made

    def closed(self, uri: str) -> None:
        """The editor lets go of the document."""
        self._known.pop(uri, None)

    def configured(self, settings: Lenses) -> None:
        """The settings may have changed: a client that was answered by others is told to ask again, if it can be."""
        if self._answered is not None and self._answered != settings.enabled:
            self._answered = settings.enabled
            if self._server.facts.refresh_code_lenses:
                self._server.spawn(self._refresh())

    async def _refresh(self) -> None:
        with suppress(ClientError):  # it asks again when something changes
            await self._server.protocol.ask(types.WORKSPACE_CODE_LENS_REFRESH, None, seconds=REFRESH_SECONDS)


def lenses_for(scene: Scene, encoding: Encoding) -> list[Lens]:
    """The lenses of a scene's document, where its language has a grammar. Parses: run off the loop."""
    from dragoman.core.syntax import parse  # noqa: PLC0415 - not needed before lenses are wanted

    syntax = parse(scene.snapshot)
    if syntax.tree is None:  # a guess by indentation takes a stylesheet's rules for definitions
        return []
    symbols = list(_outermost(syntax))[:MOST]
    if not symbols:
        return []
    actions = [action for action in map(action_named, ABOVE) if _can(action, scene, syntax, symbols[0])]
    return [_lens(scene.snapshot, symbol, action, encoding) for symbol in symbols for action in actions]


def _outermost(syntax: Syntax) -> Iterator[Symbol]:
    """The definitions that stand in no function."""
    inside = Position(-1, 0)
    for symbol in syntax.symbols():
        if symbol.core.start >= inside:
            yield symbol
            if symbol.kind in {"function", "method"}:
                inside = symbol.core.end


def _can(action: Action, scene: Scene, syntax: Syntax, symbol: Symbol) -> bool:
    """Whether the action has something to do with definitions in this document."""
    if changes_document(action, scene) and not is_editable(scene.snapshot):
        return False
    at = Range(symbol.name_range.start, symbol.name_range.start)
    try:
        action.target(replace(scene, selection=at), syntax)
    except BadInput:
        return False
    return True


def _lens(snapshot: Snapshot, symbol: Symbol, action: Action, encoding: Encoding) -> Lens:
    """It stands above the definition; its command is about what is at the name, wherever the lens is drawn."""
    above = {"line": symbol.core.start.line, "character": 0}
    line, character = symbol.name_range.start
    name = {"line": line, "character": units(snapshot.lines[line], character, encoding)}
    order = {"textDocument": {"uri": snapshot.uri}, "range": {"start": name, "end": name}}
    command = {"title": action.title, "command": action.command, "arguments": [order]}
    return {"range": {"start": above, "end": above}, "command": command}
