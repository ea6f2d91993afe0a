"""How long a build will still take, and what it costs: from builds like it, and from the prices in the settings.

Prices are US dollars an hour by instance type, dated and kept by whoever runs the environment (`prices`,
`prices_date`): an instance type without one makes a cost unknown, never zero. A laptop's instances are free.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestration.builds import Build, BuildKind, BuildStatus, Service
from orchestration.ports import Ports
from orchestration.settings import BuildSettings, effective

LIKE = frozenset({BuildStatus.READY, BuildStatus.TRAINED, BuildStatus.TUNED, BuildStatus.REJECTED})
LOOKED_AT = 10
# Waiting for a person or a slot is not work: it tells nothing about the next build.
IDLE = frozenset({BuildStatus.QUEUED, BuildStatus.WAITING_FOR_APPROVAL})
TRAINING = frozenset({BuildStatus.TRAINING, BuildStatus.TUNING})
PROCESSING = frozenset({BuildStatus.PREPARING_DATA, BuildStatus.EVALUATING})


@dataclass(frozen=True)
class TimeLeft:
    """left: what is still to come, never negative; usual: what builds like it took; builds: how many those were."""

    left: timedelta
    usual: timedelta
    builds: int


@dataclass(frozen=True)
class Cost:
    """usd: None when a price is unknown. without_price: the instance types that have none. prices_date: of the table.

    bound: whether it is the most that the settings permit, rather than what builds like it took.
    """

    usd: float | None
    without_price: tuple[str, ...] = ()
    prices_date: str = ""
    bound: bool = False


def time_left(build: Build, ports: Ports) -> TimeLeft | None:
    """By the median of up to ten builds of its kind and service; None when there was none, or it has ended."""
    if build.has_ended:
        return None
    usual = _usual_work(build.kind, build.service, ports)
    if not usual:
        return None
    total = timedelta(seconds=statistics.median(one.total_seconds() for one in usual))
    done = sum(_times(build, ports.clock.now()).values(), timedelta())
    return TimeLeft(max(timedelta(), total - done), total, len(usual))


def cost_of(build: Build, ports: Ports) -> Cost:
    """What the build's jobs cost until now; its endpoint, which goes on costing, is `endpoint_cost_an_hour`."""
    settings = effective(ports.settings.load(), {}, build.service.key)
    own = build.settings or settings.to_json()
    times = _times(build, ports.clock.now())
    training_s = _seconds(times, TRAINING)
    if build.kind is BuildKind.TUNE and (trials := ports.pipeline.trials(build)):
        training_s = sum(trial.seconds for trial in trials) + _seconds(times, frozenset({BuildStatus.TRAINING}))
    count = float(str(own.get("training_instance_count", 1)))
    hours = {str(own.get("training_instance_type")): training_s * count / 3600}
    processing = str(own.get("processing_instance_type"))
    hours[processing] = hours.get(processing, 0.0) + _seconds(times, PROCESSING) / 3600
    return _priced(hours, settings)


def cost_before(kind: BuildKind, service: Service, settings: BuildSettings, ports: Ports) -> Cost:
    """What a build with those settings is expected to cost: by builds like it, else the most that its limits permit."""
    if kind in (BuildKind.DEPLOY, BuildKind.ROLLBACK):
        return _priced({settings.processing_instance_type: settings.processing_timeout_s / 3600}, settings, bound=True)
    usual = _usual_work(kind, service, ports)
    jobs = settings.tuning_parallel_jobs if kind is BuildKind.TUNE else 1
    if usual:
        each_s = statistics.median(one.total_seconds() for one in usual)
    else:
        rounds = -(-settings.tuning_jobs // jobs) if kind is BuildKind.TUNE else 1
        each_s = float(settings.training_timeout_s * rounds)
    hours = {settings.training_instance_type: each_s * jobs * settings.training_instance_count / 3600}
    return _priced(hours, settings, bound=not usual)


def endpoint_cost_an_hour(settings: BuildSettings) -> Cost:
    """What serving costs while nobody asks: nothing where it is serverless."""
    if settings.endpoint_serverless:
        return Cost(0.0, prices_date=settings.prices_date)
    return _priced({settings.endpoint_instance_type: float(settings.endpoint_instance_count)}, settings)


def _usual_work(kind: BuildKind, service: Service, ports: Ports) -> list[timedelta]:
    """What the newest builds of that kind and service worked."""
    found = ports.builds.latest(LOOKED_AT, service=service, statuses=LIKE)
    return [sum(_times(one, one.updated_at).values(), timedelta()) for one in found if one.kind is kind]


def _times(build: Build, until: datetime) -> Mapping[BuildStatus, timedelta]:
    """How long the build was in each status of work."""
    times: dict[BuildStatus, timedelta] = {}
    for index, change in enumerate(build.timeline):
        later = build.timeline[index + 1].at if index + 1 < len(build.timeline) else until
        if change.status not in IDLE and not _ended(change.status):
            times[change.status] = times.get(change.status, timedelta()) + max(later - change.at, timedelta())
    return times


def _ended(status: BuildStatus) -> bool:
    return status in LIKE or status in (BuildStatus.ERROR, BuildStatus.STOPPED, BuildStatus.ENDPOINT_DELETED)


def _seconds(times: Mapping[BuildStatus, timedelta], statuses: frozenset[BuildStatus]) -> float:
    return sum(time.total_seconds() for status, time in times.items() if status in statuses)


def _priced(hours: Mapping[str, float], settings: BuildSettings, bound: bool = False) -> Cost:
    missing = tuple(kind for kind, used in hours.items() if used and kind not in settings.prices)
    if missing:
        return Cost(None, missing, settings.prices_date, bound)
    usd = sum(settings.prices[kind] * used for kind, used in hours.items() if used)
    return Cost(usd, (), settings.prices_date, bound)
