"""What an editor contributes to the settings, as it sent it. Judges nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class EditorSettings:
    """What an editor contributes to the settings.

    `roots` are the workspace folders' absolute paths; `initialization_options` and `configuration` (the `dragoman`
    section of `workspace/configuration`) are JSON as the editor sent it. `trusts_workspace` is False where the editor
    itself does not trust the folders that are open: then no project's file is trusted, whatever was said of it before,
    and `configuration`, into which an editor may mix settings of the project's, is no more trusted than such a file.
    """

    roots: tuple[str, ...] = ()
    initialization_options: Mapping[str, object] = field(default_factory=dict)
    configuration: Mapping[str, object] = field(default_factory=dict)
    trusts_workspace: bool = True
