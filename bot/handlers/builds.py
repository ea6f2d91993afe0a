"""BuildStatus, BuildDetails: what is on record of one build."""

from __future__ import annotations

from collections.abc import Mapping

from bot.access.memory import Memory
from bot.handlers import measures, targets, wording
from bot.handlers.standing import newest_metrics, next_choices, sentence, status_reply, time_to_come
from bot.intents.request import Request
from bot.replies import Fact, Reply, Table, readable
from models.catalog import Catalogue, UnknownModel
from orchestration.builds import Build, Json
from orchestration.ports import Ports, SageBuildError
from orchestration.steps.estimates import cost_of


def build_status(request: Request, ports: Ports, memory: Memory) -> Reply:
    """One sentence: number, status, what it is doing and for how long, the metric when there is one."""
    build = targets.spoken_of(request, ports, memory)
    if build is None:
        return targets.none_yet(ports)
    return status_reply(build, ports)


def build_details(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Everything on record, with the timeline as a table."""
    build = targets.spoken_of(request, ports, memory)
    if build is None:
        return targets.none_yet(ports)
    zone, metrics, catalogue = request.person.timezone, newest_metrics(build, ports), wording.models_to_tell_of(ports)
    facts = [
        *_identity(build, zone),
        *_settings(build, catalogue),
        *measures.metric_facts(build, metrics, catalogue),
        *measures.verdict_facts(build.verdict),
        *_report(build.report),
        *_cost(build, ports),
        *(Fact(f"{stage} job", job) for stage, job in build.jobs.items()),
        *(Fact(name.replace("_", " "), value) for name, value in build.resources.items()),
        *(Fact(f"{name} artifact", uri) for name, uri in build.artifacts.items()),
        *(
            Fact(label, value)
            for label, value in (("image", build.image), ("error", build.error), ("cause", readable(build.cause)))
            if value
        ),
    ]
    text = sentence(build, metrics, ports.clock.now(), catalogue, time_to_come(build, ports))
    return Reply(
        text=text,
        facts=tuple(facts),
        table=_timeline(build, zone),
        choices=next_choices(build),
        build=build.number,
    )


def _identity(build: Build, zone: str) -> list[Fact]:
    source = [Fact("model of", f"build {build.source}")] if build.source is not None else []
    return [
        Fact("status", build.status),
        Fact("kind", build.kind),
        Fact("model", build.service.model),
        Fact("dataset", f"{build.service.dataset} {build.dataset_version}".strip()),
        *source,
        Fact("asked for by", f"{build.requester.name} ({build.requester.channel})"),
        Fact("started", wording.clock_time(build.created_at, zone)),
    ]


def _settings(build: Build, catalogue: Catalogue) -> list[Fact]:
    """What was asked for, ranges, and the hyperparameters: those that differ from the model's defaults first."""
    try:
        defaults: Mapping[str, Json] = {p.name: p.default for p in catalogue.model(build.service.model).hyperparameters}
    except UnknownModel:
        defaults = {}
    chosen = {name: value for name, value in build.hyperparameters.items() if defaults.get(name) != value}
    others = {name: value for name, value in build.hyperparameters.items() if name not in chosen}
    facts = [Fact(name, measures.shown(value)) for name, value in (chosen | others).items()]
    facts += [Fact("tuned", measures.span(name, entry)) for name, entry in build.ranges.items()]
    return facts + [Fact(f"asked: {name}", measures.shown(value)) for name, value in build.overrides.items()]


def _report(report: Mapping[str, Json]) -> list[Fact]:
    """What the preparation found in the data, as far as it is one value a line."""
    plain = {name: value for name, value in report.items() if isinstance(value, (str, int, float))}
    return [Fact(f"data: {name.replace('_', ' ')}", measures.shown(value)) for name, value in plain.items()]


def _cost(build: Build, ports: Ports) -> list[Fact]:
    try:
        return [Fact("cost", measures.money(cost_of(build, ports)))]
    except SageBuildError:
        return []  # everything else is known


def _timeline(build: Build, zone: str) -> Table:
    ends = [change.at for change in build.timeline[1:]]
    rows = [
        (
            change.status.value,
            wording.clock_time(change.at, zone),
            wording.duration(end - change.at) if end else "",
            readable(change.note) if change.note else "",
        )
        for change, end in zip(build.timeline, [*ends, None], strict=True)
    ]
    if not any(row[3] for row in rows):
        return Table(("status", "at", "for"), tuple(row[:3] for row in rows))
    return Table(("status", "at", "for", "note"), tuple(rows))
