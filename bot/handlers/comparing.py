"""CompareBuilds: builds side by side, only what differs, and which is better on the same rows."""

from __future__ import annotations

from collections.abc import Sequence

from bot.access.memory import Memory
from bot.handlers import measures, targets, wording
from bot.intents.request import Request
from bot.replies import Problem, Reply, Table
from models.catalog import Catalogue, UnknownModel
from orchestration.builds import Build
from orchestration.ports import BadRequest, Ports, SageBuildError
from orchestration.steps.estimates import cost_of

MAX_BUILDS = 6


def compare_builds(request: Request, ports: Ports, memory: Memory) -> Reply:
    """What differs between them, as a table with a column a build. Raises UnknownBuild, BadRequest."""
    builds = _meant(request, ports, memory)
    if len(builds) < 2:
        return Reply(
            "Say at least two different builds, for example 'compare builds 3 and 4'.", error=Problem.MISSING_SLOT
        )
    catalogue = wording.models_to_tell_of(ports)
    rows = [row for row in _rows(builds, catalogue, ports) if len(set(row[1:])) > 1]
    same = "" if rows else " Nothing differs."
    return Reply(
        text=f"{_verdict(builds, catalogue)}{same}",
        table=Table(("", *(f"build {build.number}" for build in builds)), tuple(rows)) if rows else None,
        build=builds[-1].number,
    )


def _meant(request: Request, ports: Ports, memory: Memory) -> list[Build]:
    """The builds that were said, each once: numbers, or "last", "mine" and "it"."""
    said = request.slots.get("builds")
    found: list[Build] = []
    for one in said if isinstance(said, list) else [said]:
        if isinstance(one, int) and not isinstance(one, bool):
            found.append(ports.builds.get(one))
        elif isinstance(one, str) and (build := targets.by_word(one, request, ports, memory)) is not None:
            found.append(build)
    unique = list({build.number: build for build in found}.values())
    if len(unique) > MAX_BUILDS:
        raise BadRequest(f"I can show {MAX_BUILDS} builds side by side, not {len(unique)}.")
    return unique


def _rows(builds: Sequence[Build], catalogue: Catalogue, ports: Ports) -> list[tuple[str, ...]]:
    """Every fact of theirs: name, then a cell a build."""
    facts = [_facts(build, catalogue, ports) for build in builds]
    names = list(dict.fromkeys(name for one in facts for name in one))
    return [(name, *(one.get(name, "") for one in facts)) for name in names]


def _facts(build: Build, catalogue: Catalogue, ports: Ports) -> dict[str, str]:
    facts = {"status": str(build.status), "kind": str(build.kind), "model": build.service.model}
    facts["dataset"] = f"{build.service.dataset} {build.dataset_version}".strip()
    facts |= {fact.label: fact.value for fact in measures.metric_facts(build, build.metrics, catalogue)}
    facts |= {name: measures.shown(value) for name, value in build.hyperparameters.items()}
    facts |= {f"tuned {name}": measures.span(name, entry) for name, entry in build.ranges.items()}
    facts |= {name: measures.shown(value) for name, value in build.overrides.items()}
    facts["took"] = wording.duration(build.updated_at - build.created_at) if build.has_ended else "still running"
    try:
        facts["cost"] = measures.money(cost_of(build, ports))
    except SageBuildError:
        pass  # the rest is known
    return facts | {"asked for by": build.requester.name}


def _verdict(builds: Sequence[Build], catalogue: Catalogue) -> str:
    """Which is better by the metric that their model is judged by, where they can be compared."""
    names = wording.listed(str(build.number) for build in builds)
    if len({build.service for build in builds}) > 1:
        return f"Builds {names} are of different models or data, so no number of theirs says which is better."
    where, found = _comparable(builds, catalogue)
    if len(found) < 2:
        return f"Builds {names}: there are not two of them with a metric to compare yet."
    name = measures.objective_name(builds[0], found, catalogue)
    maximise = _goal(builds[0], name, catalogue) == "Maximize"
    ranked = sorted(found.items(), key=lambda pair: -pair[1] if maximise else pair[1])
    title = measures.metric_title(name, builds[0].service.model, catalogue)
    (best, value), others = ranked[0], ranked[1:]
    against = wording.listed(f"build {number}'s {wording.number(other)}" for number, other in others)
    if value == others[0][1]:
        return f"Builds {best} and {others[0][0]} are equally good: {title} {wording.number(value)} {where}."
    versions = len({build.dataset_version for build in builds}) > 1
    caution = " They were trained on different versions of the data." if versions else ""
    return f"Build {best} is better: {title} {wording.number(value)} {where}, against {against}.{caution}"


def _comparable(builds: Sequence[Build], catalogue: Catalogue) -> tuple[str, dict[str, float]]:
    """The judged metric by build's number: of held-out rows when all have it, else of validation rows."""
    held_out = {build.number: measures.held_out_value(build, build.metrics, catalogue) for build in builds}
    if all(value is not None for value in held_out.values()):
        return "on held-out rows", {str(number): value for number, value in held_out.items() if value is not None}
    found: dict[str, float] = {}
    for build in builds:
        name = measures.objective_name(build, build.metrics, catalogue)
        if name in build.metrics:
            found[str(build.number)] = build.metrics[name]
    return "on validation rows", found


def _goal(build: Build, name: str, catalogue: Catalogue) -> str:
    try:
        return next((m.goal for m in catalogue.model(build.service.model).metrics if m.name == name), "Minimize")
    except UnknownModel:
        return "Minimize"
