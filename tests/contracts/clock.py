"""A clock that tests move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class SettableClock:
    """The port Clock; sleeping returns at once."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        """Contended writers retry at once."""

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
