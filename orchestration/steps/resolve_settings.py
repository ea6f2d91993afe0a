"""The first state: from an execution's input to its build, what it is really built with, and the plan (`plan.py`)."""

from __future__ import annotations

from collections.abc import Mapping

from models.catalog import Model
from orchestration.builds import Build, BuildKind, Json, Requester
from orchestration.ports import BadRequest, Change, Ports
from orchestration.settings import BuildSettings, effective
from orchestration.steps.plan import plan, still_to_tune
from orchestration.steps.record import record
from orchestration.steps.start_build import Order, adopt_execution


def resolve_settings(input_: Mapping[str, Json], execution_name: str, ports: Ports) -> dict[str, Json]:
    """The plan of the execution's build.

    input_: `{"build": <number>}` from `start_build`; anything else, `{}` included, is an execution begun by hand and
    gets a record of its own, with defaults for what it does not say. Raises what `start_build` raises, BadRequest for
    another build's number, and TransitionRefused when the build has ended since: nothing is trained for it.
    """
    number = input_.get("build")
    if isinstance(number, int):
        build = ports.builds.get(number)
        if build.current_execution != execution_name:
            raise BadRequest(f"The execution {execution_name} does not carry build {number}; its own one does.")
    else:
        build = adopt_execution(execution_name, _order_by_hand(input_, execution_name), ports)
    settings = effective(ports.settings.load(), build.overrides, build.service.key)
    model = ports.models().model(build.service.model)
    planned = plan(build, settings, model, ports)
    record(build.number, _facts(build, settings, model, ports), ports)
    return planned


def _order_by_hand(input_: Mapping[str, Json], execution_name: str) -> Order:
    model, dataset, kind = input_.get("model"), input_.get("dataset"), input_.get("kind", BuildKind.TRAIN)
    objects = {name: input_.get(name, {}) for name in ("hyperparameters", "settings", "ranges")}
    of = input_.get("of")
    if wrong := [name for name, value in objects.items() if not isinstance(value, dict)]:
        raise BadRequest(f"{wrong[0]} in an execution's input must be a JSON object.")
    if kind not in list(BuildKind):
        raise BadRequest(f"There is no kind {kind!r} of build; there are {', '.join(BuildKind)}.")
    if of is not None and not isinstance(of, int):
        raise BadRequest(f"of is {of!r}, but must be the number of the build whose model is deployed.")
    return Order(
        kind=BuildKind(str(kind)),
        model=str(model) if model else None,
        dataset=str(dataset) if dataset else None,
        hyperparameters={str(k): str(v) for k, v in _entries(objects["hyperparameters"])},
        settings=dict(_entries(objects["settings"])),
        ranges=dict(_entries(objects["ranges"])),
        of=of,
        requester=Requester(person="console", name="the Step Functions console", channel="aws", conversation=""),
        source="hand",
        delivery_id=execution_name,
    )


def _entries(value: Json) -> list[tuple[str, Json]]:
    return list(value.items()) if isinstance(value, dict) else []


def _facts(build: Build, settings: BuildSettings, model: Model, ports: Ports) -> Change:
    """The effective settings and hyperparameters, for the record: what it is really built with."""
    parsed = model.parse(build.hyperparameters)
    known = {name: value for name, value in parsed.items() if name not in still_to_tune(build)}
    return Change(to=None, at=ports.clock.now(), hyperparameters=known, settings=settings.to_json())
