"""How much one may ask for: commands a minute of one person, and an environment's money for one day.

Both are sums that forget themselves (the port Counters). Money is counted in millionths of a dollar, by what builds are
expected to cost when they are asked for; what has no price is not counted, and is said.
"""

from __future__ import annotations

import logging
from datetime import UTC

from orchestration.ports import Person, Ports, SageBuildError, Unavailable
from orchestration.settings import BuildSettings
from orchestration.steps.estimates import Cost

MINUTE_S = 60
DAY_S = 24 * 3600
MICROS = 1_000_000

_log = logging.getLogger(__name__)


class OverTheLimit(SageBuildError):
    """The environment's money for today is spent."""


def is_within_rate(person: Person, ports: Ports) -> bool:
    """Count one command of the person; whether it is not one too many for this minute.

    A store that is away stops nobody: the limit keeps accidents small, it guards nothing.
    """
    if person.commands_per_minute is None:
        return True
    minute = int(ports.clock.now().timestamp()) // MINUTE_S
    try:
        return ports.counters.add(f"rate/{person.id}/{minute}", 1, 2 * MINUTE_S) <= person.commands_per_minute
    except Unavailable:
        _log.exception("the commands of %s could not be counted", person.id)
        return True


class Reservation:
    """Money of today that a build will take. Give it back when it was not started."""

    def __init__(self, micros: int, key: str, ports: Ports) -> None:
        self._micros, self._key, self._ports = micros, key, ports

    def give_back(self) -> None:
        """It was not spent after all."""
        if self._micros:
            self._ports.counters.add(self._key, -self._micros, DAY_S)


def reserve(cost: Cost, settings: BuildSettings, ports: Ports) -> Reservation:
    """Take the cost from today's money, where the settings limit that. Raises OverTheLimit, Unavailable.

    A day is UTC's. An unknown cost takes nothing.
    """
    today = ports.clock.now().astimezone(UTC).date().isoformat()
    key = f"spent/{ports.environment.name}/{today}"
    limit = settings.daily_spending_limit_usd
    micros = round(cost.usd * MICROS) if cost.usd is not None and limit is not None else 0
    reservation = Reservation(micros, key, ports)
    if not micros or limit is None:
        return Reservation(0, key, ports)
    total = ports.counters.add(key, micros, DAY_S)
    if total <= limit * MICROS:
        return reservation
    reservation.give_back()
    left = max(0.0, limit - (total - micros) / MICROS)
    raise OverTheLimit(
        f"That would cost about ${micros / MICROS:.2f}, and of today's ${limit:.2f} there is ${left:.2f} left. "
        "The day begins at midnight UTC; an admin can say 'set the daily spending limit to ...'."
    )
