"""Messages that a channel keeps up to date: one a build."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class LiveMessage:
    """Where a channel shows how a build stands, and what is shown there.

    place and id: the channel's own words for where it is. shown: a digest of what is shown; shown_at: since when.
    said: what was said beside it once, and is not said again ("waits-1"). revision: 0 before it is kept.
    """

    number: int
    channel: str
    place: str
    id: str
    thread: str = ""
    shown: str = ""
    shown_at: datetime | None = None
    said: frozenset[str] = field(default_factory=frozenset)
    revision: int = 0


class LiveMessages(Protocol):
    """The one live message of each build and channel. Kept for as long as the build is."""

    def get(self, channel: str, number: int) -> LiveMessage | None:
        """Sees every `save` that was answered."""
        ...

    def save(self, message: LiveMessage) -> LiveMessage:
        """Kept with the next revision. Raises Conflict when it was changed since it was read, or is there already."""
        ...
