"""One connection to one editor: its documents, its facts, what runs for it. Everything it works with comes from `app`.

Holds the parts together and reads messages until the client, or its process, is gone; each LSP method's own work is in
`handlers/`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.server import JsonRPCServer

from dragoman.actions.catalog import Catalog
from dragoman.core.editor_settings import EditorSettings
from dragoman.core.printable import harmless, in_one_line, printable_name
from dragoman.lsp.client import ClientFacts, facts_of
from dragoman.lsp.definition_lenses import DefinitionLenses
from dragoman.lsp.documents import Documents
from dragoman.lsp.downloads import Downloads
from dragoman.lsp.findings import Findings
from dragoman.lsp.handlers import HANDLERS
from dragoman.lsp.hovers import Hovers
from dragoman.lsp.hunks import Hunks
from dragoman.lsp.inline import Inline
from dragoman.lsp.kept import KeptResults
from dragoman.lsp.notebooks import Notebooks
from dragoman.lsp.own_commands import OwnCommands
from dragoman.lsp.protocol import INVALID_REQUEST, ClientError, Protocol
from dragoman.lsp.runner import Runner
from dragoman.lsp.testing import Testing
from dragoman.lsp.transport import MAX_MESSAGE, FrameTooLarge, read_frame
from dragoman.lsp.trusting import Trusting
from dragoman.lsp.withheld import Withheld

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from cattrs import Converter

    from dragoman.core.parsed import Parsed
    from dragoman.core.ports import Services
    from dragoman.core.settings_layers import Problem
    from dragoman.lsp.transport import Writer

log = logging.getLogger(__name__)

PARENT_CHECK_SECONDS = 0.5
CONFIGURATION_SECONDS = 5.0
QUESTION_SECONDS = 600.0
"""A question that nobody has answered for so long will not be."""


class Server(JsonRPCServer):
    """One connection. Made on the event loop; everything in it runs there.

    `open_services` is given an event that is set when somebody waits for the services.
    """

    protocol: Protocol

    def __init__(self, open_services: Callable[[asyncio.Event], Awaitable[Services]], converter: Converter) -> None:
        super().__init__(Protocol, lambda: converter)
        self.documents = Documents()
        self.kept = KeptResults()
        self.runner = Runner(self)
        self.downloads = Downloads(self)
        self.withheld = Withheld(self)
        self.trusting = Trusting(self)
        self.findings = Findings(self)
        self.hunks = Hunks(self)
        self.own_commands = OwnCommands(self)
        self.catalog = Catalog()
        """The actions there are: before the services are open, those that are built in."""
        self.inline = Inline(self)
        self.testing = Testing(self)
        self.hovers = Hovers()
        self.notebooks = Notebooks(self)
        self.definition_lenses = DefinitionLenses(self)
        self.repositories: frozenset[str] = frozenset()
        """The workspace's folders that git follows."""
        self.facts: ClientFacts
        self.editor_settings = EditorSettings()
        self.trace: types.TraceValue = types.TraceValue.Off
        self._open_services = open_services
        self._opening: asyncio.Task[Services] | None = None
        self._wanted = asyncio.Event()
        self._opened = False
        self._told: set[str] = set()
        self.protocol.on_invalid_notification = self._invalid_notification
        for handler in HANDLERS:
            self.protocol.fm.features[handler.METHOD] = partial(handler.handle, self)

    # The connection

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> int:
        """Serve until the client leaves; returns the process's exit code (LSP 3.17, "Exit Notification")."""
        self.protocol.set_writer(writer)
        reading = asyncio.create_task(self._read(reader))
        try:
            endings: set[asyncio.Future[Any]] = {reading, self.protocol.exit_code}
            await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
            if self.protocol.exit_code.done():
                return self.protocol.exit_code.result()
            return 0 if self.protocol.asked_to_shut_down else 1
        finally:
            reading.cancel()
            await self.close()
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        messages = 0
        while not self.protocol.exit_code.done():
            try:
                body = await read_frame(reader)
            except FrameTooLarge:
                limit = MAX_MESSAGE >> 20
                self.protocol.respond_error(None, INVALID_REQUEST, f"A message may hold at most {limit} MiB.")
                continue
            if body is None:
                return
            self.protocol.receive(body)
            messages += 1
            if messages % 16 == 0:
                await asyncio.sleep(0)  # a client that floods us must not keep everything else from running

    async def close(self) -> None:
        """Stop whatever runs and close every connection."""
        await self.runner.close()
        await self.protocol.cancel_all(but=asyncio.current_task())
        self._wanted.set()
        opening, self._opening = self._opening, None
        if opening is None:
            return
        with suppress(Exception, asyncio.CancelledError):  # a failed opening has been told already
            services = await opening
            await services.close()

    def initialize(self, params: types.InitializeParams) -> None:
        """Take what the client says of itself, and begin to open the services behind its back."""
        self.facts = facts_of(params)
        self.protocol.initialized = True
        options, trusts = _without_trust(params.initialization_options)
        self.inline.announced(options)
        self.editor_settings = EditorSettings(
            roots=tuple(_roots(params)), initialization_options=options, trusts_workspace=trusts
        )
        self._opening = asyncio.create_task(self._open())
        # On Windows `os.kill` would end the editor; there the end of stdin has to tell.
        if params.process_id is not None and sys.platform != "win32" and _alive(params.process_id):
            self.spawn(self._watch_parent(params.process_id))

    async def _open(self) -> Services:
        services = await self._open_services(self._wanted)
        self._opened = True
        await self.configure(services)
        self.spawn(self._look_for_repositories(services))
        return services

    async def configure(self, services: Services) -> None:
        """Give the services the editor's settings, and take up what comes of them."""
        self.take_up(services, await services.configure(self.editor_settings))

    def take_up(self, services: Services, problems: Iterable[Problem]) -> None:
        """Go by the services' settings, which may be other ones now; tell what is wrong or foreign."""
        self.tell_problems(problems)
        self.trusting.offer(services.foreign)
        self.inline.configured(services.settings.inline)
        self.definition_lenses.configured(services.settings.lenses)
        self.catalog = Catalog.of(services.settings)
        self.own_commands.follow(self.catalog)

    async def _look_for_repositories(self, services: Services) -> None:
        roots = self.editor_settings.roots
        self.repositories = frozenset([root for root in roots if await services.repository.holds(root)])

    async def ready(self) -> Services:
        """The services, once they are open."""
        self._wanted.set()
        return await self.opened()

    async def opened(self) -> Services:
        """The same for whoever has time: they are opened no sooner for it."""
        assert self._opening is not None
        return await asyncio.shield(self._opening)

    @property
    def is_open(self) -> bool:
        """Whether the services are ready."""
        opening = self._opening
        return opening is not None and opening.done() and not opening.cancelled() and opening.exception() is None

    @property
    def services(self) -> Services:
        """The services, for whoever has waited until they are ready."""
        assert self._opening is not None
        return self._opening.result()

    @cached_property
    def parsed(self) -> Parsed:
        """What was parsed lately for this connection."""
        from dragoman.core.parsed import Parsed  # noqa: PLC0415 - an editor waits for the server to start

        return Parsed()

    def spawn(self, work: Any) -> None:
        """Run a coroutine beside everything else, until it ends or the connection does."""
        self.runner.spawn(work)

    async def _watch_parent(self, process_id: int) -> None:
        while _alive(process_id):  # noqa: ASYNC110 - no event tells of another process's end
            await asyncio.sleep(PARENT_CHECK_SECONDS)
        self.protocol.stop(1)

    # Settings

    async def reconfigure(self, pushed: object = None) -> None:
        """Take the editor's present settings: those it pushes, or better those it answers with when asked."""
        configuration = _section(pushed)
        if self.facts.configuration:
            params = types.ConfigurationParams([types.ConfigurationItem(section="dragoman")])
            with suppress(ClientError):
                answer = await self.protocol.ask(types.WORKSPACE_CONFIGURATION, params, seconds=CONFIGURATION_SECONDS)
                configuration = _section(answer[0]) if answer else {}
        self.editor_settings = replace(self.editor_settings, configuration=configuration)
        if self._opened:  # else they are taken when it comes to that
            await self.configure(await self.ready())

    async def change_roots(self, added: Iterable[str], removed: Iterable[str]) -> None:
        """The workspace has other folders now."""
        gone = set(removed)
        kept = [root for root in self.editor_settings.roots if root not in gone]
        roots = (*kept, *(root for root in added if root not in kept))
        self.editor_settings = replace(self.editor_settings, roots=roots)
        services = await self.ready()
        await self.configure(services)
        await self._look_for_repositories(services)

    def tell_problems(self, problems: Iterable[Problem]) -> None:
        """Tell the person of each problem once: the worst new one in a message, all of them in the editor's log."""
        new = [problem for problem in problems if str(problem) not in self._told]
        self._told.update(map(str, new))
        for problem in new:
            self.log_message(types.MessageType.Warning, str(problem))
        loud = [problem for severity in ("error", "warning") for problem in new if problem.severity == severity]
        if loud:
            more = f" ({len(loud) - 1} more in the log)" if len(loud) > 1 else ""
            self.message(types.MessageType.Warning, f"{loud[0]}{more}")

    # The editor

    def message(self, kind: types.MessageType, text: str) -> None:
        """One line for the person."""
        params = {"type": kind.value, "message": f"Dragoman: {in_one_line(text)}"}
        self.protocol.notify(types.WINDOW_SHOW_MESSAGE, params)

    async def question(self, kind: types.MessageType, text: str, *titles: str) -> str:
        """The title of what the person chooses; "" where they choose nothing, or the editor can't be asked."""
        actions = [types.MessageActionItem(title) for title in titles]
        params = types.ShowMessageRequestParams(kind, f"Dragoman: {in_one_line(text)}", actions)
        try:
            chosen = await self.protocol.ask(types.WINDOW_SHOW_MESSAGE_REQUEST, params, seconds=QUESTION_SECONDS)
        except ClientError:
            return ""
        return str(chosen.title) if chosen is not None else ""

    def log_message(self, kind: types.MessageType, text: str) -> None:
        """A line for the editor's own log view."""
        self.protocol.notify(types.WINDOW_LOG_MESSAGE, {"type": kind.value, "message": harmless(text)})

    def log_trace(self, text: str) -> None:
        """A line that the client has asked for by `$/setTrace`."""
        if self.trace != types.TraceValue.Off:
            self.protocol.notify(types.LOG_TRACE, {"message": text})

    async def apply_edit(self, edit: types.WorkspaceEdit, label: str, seconds: float) -> types.ApplyWorkspaceEditResult:
        """Send `workspace/applyEdit`. Raises `ClientError`."""
        if not self.facts.apply_edit:
            raise ClientError("This editor takes no edits from a language server.")
        params = types.ApplyWorkspaceEditParams(edit=edit, label=label)
        result = await self.protocol.ask(types.WORKSPACE_APPLY_EDIT, params, seconds=seconds)
        assert isinstance(result, types.ApplyWorkspaceEditResult)
        return result

    def _invalid_notification(self, method: str, params: object, reason: str) -> None:
        """A document that has changed in a way that can't be understood is no longer in step: let it go."""
        log.warning("Passing over %s: %s", method, reason)
        if method == types.NOTEBOOK_DOCUMENT_DID_CHANGE:
            self.notebooks.out_of_step(params)
        if method != types.TEXT_DOCUMENT_DID_CHANGE or not isinstance(params, dict):
            return
        document = params.get("textDocument")
        uri = document.get("uri") if isinstance(document, dict) else None
        if isinstance(uri, str) and self.documents.get(uri) is not None:
            self.inline.closed(uri)
            self.documents.close(uri)
            self.kept.document_closed(uri)
            self.hovers.closed(uri)
            name = printable_name(uri.rpartition("/")[2])
            self.message(
                types.MessageType.Error,
                f"{name} is out of step: its last change can't be understood. Close it and open it again.",
            )


def _roots(params: types.InitializeParams) -> list[str]:
    from dragoman.lsp.convert import path_of  # noqa: PLC0415 - convert imports actions' values; only needed here

    uris = [folder.uri for folder in params.workspace_folders or ()]
    if not uris and params.root_uri:
        uris = [params.root_uri]
    paths = [path_of(uri) for uri in uris]
    if not paths and params.root_path:
        paths = [params.root_path]
    return [path for path in paths if path]


def _without_trust(options: object) -> tuple[dict[str, Any], bool]:
    """The initialization options without `trusted`, wrapped in `dragoman` or not, and whether it lets us trust.

    It stands beside the settings and is none of them, so no file can set it. What is not plainly true is not trust.
    """
    rest = dict(options) if isinstance(options, dict) else {}
    trusts = rest.pop("trusted", True) is True
    if isinstance(rest.get("dragoman"), dict):
        rest["dragoman"], trusts_inside = _without_trust(rest["dragoman"])
        trusts = trusts and trusts_inside
    return rest, trusts


def _section(settings: object) -> dict[str, Any]:
    """Our section of what an editor pushes, whether it wraps it in `dragoman` or not."""
    if not isinstance(settings, dict):
        return {}
    inner = settings.get("dragoman")
    return inner if isinstance(inner, dict) else settings


def _alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's, but there
    return True
