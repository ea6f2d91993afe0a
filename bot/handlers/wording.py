"""Builds, times and numbers in words, for every reply that speaks of them."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.replies import readable
from models.catalog import BadEntry, Catalogue, UnknownModel
from orchestration.builds import Build, BuildStatus, Service
from orchestration.ports import BadSettings, Ports, Unavailable

NO_BUILDS = "No builds yet. Say 'start training'."

_DOING: Mapping[BuildStatus, str] = {
    BuildStatus.QUEUED: "{what} is about to start",
    BuildStatus.BUILDING_IMAGE: "the image of {what} is being built",
    BuildStatus.PREPARING_DATA: "the data of {what} is being prepared",
    BuildStatus.TUNING: "{what} is being tuned",
    BuildStatus.TRAINING: "{what} is being trained",
    BuildStatus.EVALUATING: "{what} is being evaluated",
    BuildStatus.REGISTERING: "{what} is being registered",
    BuildStatus.WAITING_FOR_APPROVAL: "{what} waits for approval",
    BuildStatus.DEPLOYING: "{what} is being deployed",
}
_DONE: Mapping[BuildStatus, str] = {
    BuildStatus.READY: "{what} was deployed {ago}",
    BuildStatus.TUNED: "{what} was tuned {ago}",
    BuildStatus.TRAINED: "{what} was trained {ago} and not deployed",
    BuildStatus.REJECTED: "{what} was not let through {ago}",
    BuildStatus.STOPPED: "{what} was stopped {ago}",
    BuildStatus.ERROR: "{what} failed {ago}",
    BuildStatus.ENDPOINT_DELETED: "{what} was served until {ago}",
}


_HAS_REASON = frozenset({BuildStatus.ERROR, BuildStatus.REJECTED, BuildStatus.STOPPED})

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


def metric_title(name: str, model: str, catalogue: Catalogue) -> str:
    """What people call a metric: "RMSE" for "validation:RMSE"."""
    try:
        title = next((m.title for m in catalogue.model(model).metrics if m.name == name), "")
    except UnknownModel:
        title = ""
    return title or name.rpartition(":")[2]


def objective(build: Build, metrics: Mapping[str, float], catalogue: Catalogue) -> str:
    """The metric that the build is judged by, when there is one: "RMSE 1.02"."""
    try:
        name = catalogue.model(build.service.model).objective
    except UnknownModel:
        name = next(iter(metrics), "")
    return f"{metric_title(name, build.service.model, catalogue)} {number(metrics[name])}" if name in metrics else ""


def sentence(build: Build, metrics: Mapping[str, float], now: datetime, catalogue: Catalogue) -> str:
    """How the build stands, in one sentence."""
    of = what(build.service)
    measured = objective(build, metrics, catalogue)
    if not build.has_ended:
        since = build.entered(build.status) or build.created_at
        doing = _DOING[build.status].format(what=of)
        so_far = f"; {measured} so far" if measured else ""
        return f"Build {build.number} is {build.status}: {doing}, for {duration(now - since)}{so_far}."
    done = _DONE[build.status].format(what=of, ago=ago(build.updated_at, now))
    took = f", after {duration(build.updated_at - build.created_at)}"
    # A build that was resumed keeps the error of the time before: it is not the reason of how it stands now.
    cause = readable(build.cause).rstrip(".") if build.status in _HAS_REASON else ""
    reason = f" because of {build.error}: {cause}" if cause and build.error else f" ({cause})" if cause else ""
    measured = f"; {measured}" if measured else ""
    return f"Build {build.number} is {build.status}: {done}{took}{reason}{measured}."


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
