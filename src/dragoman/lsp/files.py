"""The project's files as the person sees them: an open document's text comes before what the disk holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.actions.places import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dragoman.core.ports import Disclosure, Files
    from dragoman.lsp.documents import Documents
    from dragoman.lsp.server import Server


def files_around(server: Server, path: str) -> OpenFirst:
    """The workspace's files. Where no folder is open at all, those of the document's own folder, given its path."""
    roots = server.editor_settings.roots or ((folder_of(path),) if path else ())
    return OpenFirst(server.documents, server.services.files(roots))


class OpenFirst:
    """A `Files` over another one."""

    def __init__(self, documents: Documents, files: Files) -> None:
        self._documents = documents
        self._files = files

    async def read_text(self, path: str) -> str | None:
        """The open document's text, else the file's, else None; None too where it may go to no model."""
        document = self._documents.at(path)
        if document is None:
            return await self._files.read_text(path)
        withheld = (await self._files.disclosures((path,)))[path].withheld
        return None if withheld else document.snapshot().text

    async def disclosures(self, paths: Iterable[str]) -> Mapping[str, Disclosure]:
        """Where these texts may go: that they are open makes no difference."""
        return await self._files.disclosures(paths)

    def last_disclosure(self, path: str) -> Disclosure:
        """The same as far as it is known."""
        return self._files.last_disclosure(path)

    async def existing(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of the paths that are open, or on the disk."""
        wanted = tuple(paths)
        opened = frozenset(path for path in wanted if self._documents.at(path) is not None)
        return opened | await self._files.existing(path for path in wanted if path not in opened)

    async def inside(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of the paths that lie below the workspace's folders; being open makes no difference."""
        return await self._files.inside(paths)

    async def listed(self, folder: str) -> Sequence[str]:
        """The names of the files in the folder, on the disk."""
        return await self._files.listed(folder)

    def recent(self) -> Sequence[str]:
        """What is open, and what was edited before it was closed, the last change first."""
        return self._documents.recent()
