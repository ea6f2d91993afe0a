"""Progress: how far a build is, the best so far, how long it will still take; and the line that is drawn of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.access.memory import Memory
from bot.handlers import measures, targets, wording
from bot.handlers.standing import newest_metrics, next_choices, sentence, status_reply, time_to_come
from bot.intents.request import Request
from bot.replies import Fact, Reply, Table
from models.catalog import Catalogue
from orchestration.builds import Build, BuildKind, BuildStatus
from orchestration.ports import Ports, SageBuildError, Trial

MAX_TRIALS_SHOWN = 10


@dataclass(frozen=True)
class Progress:
    """How a build stands now: one line, without a stop at the end."""

    number: int
    status: BuildStatus
    line: str
    has_ended: bool


def tell_progress(request: Request, ports: Ports, memory: Memory) -> Reply:
    """The best so far, the time left, and of a tuning its trials, best first. Raises UnknownBuild."""
    build = targets.spoken_of(request, ports, memory)
    if build is None:
        return targets.none_yet(ports)
    if build.kind is not BuildKind.TUNE:
        reply = status_reply(build, ports)
        if build.has_ended or time_to_come(build, ports) is not None:
            return reply
        unknown = "No build like it has ended yet, so I cannot say how long it will take."
        return Reply(f"{reply.text} {unknown}", facts=reply.facts, choices=reply.choices, build=build.number)
    return _of_tuning(build, ports)


def _of_tuning(build: Build, ports: Ports) -> Reply:
    catalogue, left = wording.models_to_tell_of(ports), time_to_come(build, ports)
    trials = ports.pipeline.trials(build)
    text = sentence(build, newest_metrics(build, ports), ports.clock.now(), catalogue, left)
    best = best_trial(trials)
    name = _objective_title(build, catalogue)
    running = sum(trial.status == "InProgress" for trial in trials)
    ended = len(trials) - running
    jobs = build.settings.get("tuning_jobs")
    of = f" of {jobs}" if isinstance(jobs, int) and build.settings.get("tuning_strategy") != "Grid" else ""
    counted = f" {ended}{of} trials have ended{f', {running} are running' if running else ''}."
    found = f" The best so far: {name} {wording.number(best.objective)} with {_values(best, build)}." if best else ""
    none = " None has a result yet." if trials and not best else ""
    return Reply(
        text=f"{text}{counted if trials else ' No trial has begun yet.'}{found}{none}",
        facts=(
            Fact("trials ended", f"{ended}{of}"),
            *((Fact(f"best {name}", wording.number(best.objective)),) if best else ()),
            *((Fact("time left", measures.left(left)),) if left else ()),
        ),
        table=trials_table(trials, build, name),
        choices=next_choices(build),
        build=build.number,
    )


@dataclass(frozen=True)
class Best:
    """The best trial: it has an objective."""

    trial: Trial
    objective: float


def best_trial(trials: Sequence[Trial]) -> Best | None:
    """The first that has an objective: the port gives the best first."""
    return next((Best(trial, trial.objective) for trial in trials if trial.objective is not None), None)


def _values(best: Best, build: Build) -> str:
    return wording.listed(f"{name} {value}" for name, value in _tuned(best.trial, build).items()) or "the defaults"


def _tuned(trial: Trial, build: Build) -> Mapping[str, str]:
    return {name: _short(value) for name, value in trial.hyperparameters.items() if name in build.ranges}


def _short(text: str) -> str:
    try:
        return wording.number(float(text))
    except (ValueError, OverflowError):
        return text


def trials_table(trials: Sequence[Trial], build: Build, objective: str) -> Table | None:
    """The best trials with what each tried."""
    if not trials:
        return None
    names = list(build.ranges)
    rows = tuple(
        (
            str(place),
            wording.number(trial.objective) if trial.objective is not None else "",
            *(_tuned(trial, build).get(name, "") for name in names),
            trial.status,
            f"{trial.seconds:.0f} s",
        )
        for place, trial in enumerate(trials[:MAX_TRIALS_SHOWN], start=1)
    )
    return Table(("place", objective, *names, "status", "took"), rows)


def _objective_title(build: Build, catalogue: Catalogue) -> str:
    name = measures.objective_name(build, build.metrics, catalogue)
    return measures.metric_title(name, build.service.model, catalogue) or "objective"


def progress(number: int, ports: Ports) -> Progress:
    """How the build stands, with the newest metric. Raises UnknownBuild, Unavailable."""
    build = ports.builds.get(number)
    now = ports.clock.now()
    catalogue = wording.models_to_tell_of(ports)
    elapsed = round(((build.updated_at if build.has_ended else now) - build.created_at).total_seconds())
    parts = [f"build {number}", build.status.value, f"{elapsed} s"]
    parts += [measured] if (measured := _measured(build, ports, catalogue)) else []
    return Progress(number, build.status, "  ".join(parts), build.has_ended)


def _measured(build: Build, ports: Ports, catalogue: Catalogue) -> str:
    if build.status is BuildStatus.TUNING:
        try:
            trials = ports.pipeline.trials(build)
        except SageBuildError:
            return ""
        best = best_trial(trials)
        return f"trial {len(trials)}" + (
            f", best {_objective_title(build, catalogue)} {wording.number(best.objective)}" if best else ""
        )
    return measures.objective(build, newest_metrics(build, ports), catalogue)
