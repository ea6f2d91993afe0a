"""Services, times, numbers and lists in words, for every reply that speaks of them. `standing.py` has the sentence
about a build, `measures.py` metrics and money."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.catalog import BadEntry, Catalogue
from orchestration.builds import Service
from orchestration.ports import BadSettings, Ports, Unavailable

NO_BUILDS = "No builds yet. Say 'start training'."

_log = logging.getLogger(__name__)


def models_to_tell_of(ports: Ports) -> Catalogue:
    """The environment's models; the built-in ones when its settings cannot be read: a build's status needs no more."""
    try:
        return ports.models()
    except (BadSettings, BadEntry, Unavailable):
        _log.exception("the environment's settings cannot be read")
        return ports.built_in


def what(service: Service) -> str:
    """ "gp on toy"."""
    return f"{service.model} on {service.dataset}"


def duration(time: timedelta) -> str:
    """ "12 seconds", "3 minutes 5 seconds", "2 hours 10 minutes", "3 days 4 hours"."""
    seconds = max(0, round(time.total_seconds()))
    for size, unit, smaller, name in (
        (86400, "day", 3600, "hour"),
        (3600, "hour", 60, "minute"),
        (60, "minute", 1, "second"),
    ):
        if seconds >= size:
            whole, rest = divmod(seconds, size)
            return plural(whole, unit) + (f" {plural(rest // smaller, name)}" if rest // smaller else "")
    return plural(seconds, "second")


def duration_s(seconds: float) -> str:
    """ "2 hours" for 7200."""
    return duration(timedelta(seconds=seconds))


def ago(then: datetime, now: datetime) -> str:
    """ "12 seconds ago", "just now"."""
    return "just now" if now - then < timedelta(seconds=1) else f"{duration(now - then)} ago"


def plural(count: int, noun: str) -> str:
    """ "1 build", "2 builds"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(words: Iterable[str], last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    words = list(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""


def number(value: float) -> str:
    """Four significant digits; whole numbers in full."""
    if isinstance(value, int) or (value == int(value) and abs(value) < 1e15 if math.isfinite(value) else False):
        return str(int(value))
    return f"{value:.4g}"


def with_deviation(mean: float, std: float | None) -> tuple[str, str]:
    """Mean and standard deviation, rounded to three significant digits of the deviation."""
    if std is None or not math.isfinite(std) or std <= 0 or not math.isfinite(mean):
        return number(mean), "" if std is None else number(std)
    decimals = min(12, max(0, 2 - math.floor(math.log10(std))))
    return f"{mean:.{decimals}f}", f"{std:.{decimals}f}"


def clock_time(moment: datetime, timezone: str) -> str:
    """The moment in the person's zone: "20 Nov 14:03:09 UTC"."""
    try:
        local = moment.astimezone(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError):
        local = moment
    return local.strftime("%d %b %H:%M:%S %Z")


def columns(names: Sequence[str], limit: int = 12) -> str:
    """The names, and how many more there are."""
    shown = list(names[:limit])
    return listed(shown) if len(names) <= limit else f"{', '.join(shown)} and {len(names) - limit} more"
