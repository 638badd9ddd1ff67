"""What this client can do and how it behaves, as facts, resolved once from `initialize`.

No other file asks for a client's name: a quirk is a field here.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from dragoman.core.text import Encoding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lsprotocol import types


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """One client.

    watch_commands: it can be told of commands that come later.
    answers_at_once: its `executeCommand` has a short time limit or blocks its window, so a command answers at once
        and works on under progress.
    shows_command_errors: it shows the person an error that `executeCommand` answers with; where it does not, the
        error goes out as a message.
    skips_stale_edits: it passes over an edit for an older version, and yet says that it was applied.
    disabled_actions: it shows entries of the menu that can't be chosen, with the reason.
    ends_texts: it ends each text with a line end by itself, and may leave an empty line where lines are put behind it.
    typing_delay: seconds for which it may hold typing back before it sends it as didChange.
    edits_create: it makes an unsaved file of an edit for one that is not there.
    list_keys: the keys that list what is open, for where it shows nothing by itself; "" where nobody knows.
    """

    name: str
    encoding: Encoding
    apply_edit: bool
    document_changes: bool
    create_files: bool
    work_done_progress: bool
    show_document: bool
    show_external: bool
    ask_message: bool
    configuration: bool
    watch_configuration: bool
    watch_commands: bool
    code_action_literals: bool
    hover_markdown: bool
    disabled_actions: bool
    register_completion: bool
    refresh_code_lenses: bool
    notebooks: bool
    answers_at_once: bool
    shows_command_errors: bool
    skips_stale_edits: bool
    ends_texts: bool
    typing_delay: float
    edits_create: bool
    list_keys: str


class _Quirks(NamedTuple):
    answers_at_once: bool = True
    shows_command_errors: bool = False
    skips_stale_edits: bool = False
    ends_texts: bool = False
    typing_delay: float = 0.0
    takes_document_changes: bool = False  # and does not say so
    questions_take_the_keys: bool = False  # a question comes over whoever is typing: Enter says yes to it, unawares
    edits_create: bool = False
    list_keys: str = ""


_EMACS = _Quirks(typing_delay=0.5, questions_take_the_keys=True, edits_create=True, list_keys="C-x b")

_QUIRKS: Mapping[str, _Quirks] = MappingProxyType(
    {
        # Seen in the real editors; the unknown rest gets the plainest path.
        "neovim": _Quirks(
            answers_at_once=False,
            shows_command_errors=True,
            skips_stale_edits=True,
            ends_texts=True,
            typing_delay=0.15,
            takes_document_changes=True,
            questions_take_the_keys=True,
        ),
        "visual studio code": _Quirks(answers_at_once=False, shows_command_errors=True),
        "code-oss": _Quirks(answers_at_once=False, shows_command_errors=True),
        "code-server": _Quirks(answers_at_once=False, shows_command_errors=True),
        "vscodium": _Quirks(answers_at_once=False, shows_command_errors=True),
        "cursor": _Quirks(answers_at_once=False, shows_command_errors=True),
        "helix": _Quirks(questions_take_the_keys=True, list_keys="Space b"),
        "zed": _Quirks(),
        "emacs": _EMACS,
        "eglot": _EMACS,
    }
)


def facts_of(params: types.InitializeParams) -> ClientFacts:
    """The facts of the client that sent these params."""
    capabilities = params.capabilities
    window, workspace, text_document = capabilities.window, capabilities.workspace, capabilities.text_document
    workspace_edit = workspace.workspace_edit if workspace else None
    show_document = window.show_document if window else None
    code_action = text_document.code_action if text_document else None
    hover = text_document.hover if text_document else None
    name = params.client_info.name if params.client_info else ""
    quirks = _quirks(name)
    return ClientFacts(
        name=name,
        encoding=_encoding(capabilities.general),
        apply_edit=bool(workspace and workspace.apply_edit),
        document_changes=quirks.takes_document_changes or bool(workspace_edit and workspace_edit.document_changes),
        create_files=bool(workspace_edit and "create" in _values(workspace_edit.resource_operations)),
        work_done_progress=bool(window and window.work_done_progress),
        show_document=bool(show_document and show_document.support),
        show_external=bool(show_document and show_document.support),
        ask_message=bool(window and window.show_message is not None) and not quirks.questions_take_the_keys,
        configuration=bool(workspace and workspace.configuration),
        watch_configuration=bool(
            workspace and workspace.did_change_configuration and workspace.did_change_configuration.dynamic_registration
        ),
        watch_commands=bool(workspace and workspace.execute_command and workspace.execute_command.dynamic_registration),
        code_action_literals=bool(code_action and code_action.code_action_literal_support),
        hover_markdown="markdown" in _values(hover.content_format if hover else None),
        disabled_actions=bool(code_action and code_action.disabled_support),
        register_completion=bool(
            text_document and text_document.completion and text_document.completion.dynamic_registration
        ),
        refresh_code_lenses=bool(workspace and workspace.code_lens and workspace.code_lens.refresh_support),
        notebooks=capabilities.notebook_document is not None,
        answers_at_once=quirks.answers_at_once,
        shows_command_errors=quirks.shows_command_errors,
        skips_stale_edits=quirks.skips_stale_edits,
        ends_texts=quirks.ends_texts,
        typing_delay=quirks.typing_delay,
        edits_create=quirks.edits_create,
        list_keys=quirks.list_keys,
    )


def _quirks(name: str) -> _Quirks:
    lowered = name.lower()
    for known, quirks in _QUIRKS.items():
        if lowered.startswith(known):
            return quirks
    return _Quirks()


def _encoding(general: types.GeneralClientCapabilities | None) -> Encoding:
    """The first that the client names and we know; UTF-16 where it names none (LSP 3.17, "positionEncodings")."""
    offered = _values(general.position_encodings if general else None)
    return next((Encoding(kind) for kind in offered if kind in set(Encoding)), Encoding.UTF16)


def _values(kinds: Iterable[object] | None) -> list[str]:
    """The names of kinds of which lsprotocol makes enumeration members where it knows them, and texts elsewhere."""
    return [str(getattr(kind, "value", kind)) for kind in kinds or ()]
