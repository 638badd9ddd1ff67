"""All that can be asked for under these settings: what is built in, then the person's own. A value; runs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.actions import ACTIONS, action

if TYPE_CHECKING:
    from typing import Self

    from dragoman.actions.base import Action
    from dragoman.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Catalog:
    """The actions there are. `own` are those of the settings, in their order."""

    own: tuple[Action, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of the settings."""
        if not settings.actions:
            return cls()
        from dragoman.actions.own import own_action  # noqa: PLC0415 - most people have none

        return cls(tuple(own_action(name, own) for name, own in settings.actions.items()))

    @property
    def actions(self) -> tuple[Action, ...]:
        """All of them, in the order of the menu."""
        return (*ACTIONS, *self.own)

    def action(self, name: str) -> Action:
        """The action of that name, as `dragoman.actions.action` finds it. Raises `BadInput`."""
        return action(name, self.actions)
