"""A language server as pygls' own documentation would have it: documents in step, a code action, a command."""

from __future__ import annotations

import asyncio
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

ANSWER = "word, " * 100
"""As long as the answer that Dragoman's commands bring."""

server = LanguageServer("stock", "1")


@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
def did_open(_params: types.DidOpenTextDocumentParams) -> None:
    pass  # pygls keeps the document


@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
def did_change(_params: types.DidChangeTextDocumentParams) -> None:
    pass  # pygls has applied the change


@server.feature(types.TEXT_DOCUMENT_CODE_ACTION)
def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
    argument = {"textDocument": params.text_document, "range": params.range}
    command = types.Command("Answer", "stock.answer", arguments=[argument])
    return [types.CodeAction(title="Answer", kind=types.CodeActionKind.RefactorRewrite, command=command)]


@server.command("stock.answer")
async def answer(*_arguments: Any) -> dict[str, str]:
    await asyncio.sleep(0)
    return {"markdown": ANSWER}


@server.feature("stock/ping")
def ping(_params: Any) -> dict[str, str]:
    return {}


if __name__ == "__main__":
    server.start_io()
