"""Deploying to a service's endpoint, waiting for it without polling, and proving that what serves is what was deployed.

The state machine waits with a task token. `deploy_endpoint` keeps the token, has the endpoint created or updated, and
looks once, in case the endpoint was faster than the state; `endpoint_changed`, on each endpoint-state event, completes
it. Only the holder of the service's lease deploys. An update that failed and was rolled back ends InService with
the old configuration: `verify_endpoint` tells, and `restore_endpoint` brings back what served before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from orchestration.builds import RESUMABLE, VARIANT, Build, BuildStatus, Json
from orchestration.ports import (
    CHANGING,
    Change,
    DeploymentFailed,
    Endpoint,
    NotSettled,
    Ports,
    Prediction,
    UnknownBuild,
    UnknownEndpoint,
    Waiting,
)
from orchestration.steps import lease
from orchestration.steps.record import record

WAITER = "deployment"
PROBE_TOLERANCE = 1e-5  # JSON and a BLAS of another machine; what the evaluation predicted comes back the same


def deploy_endpoint(build: Build, tags: Mapping[str, str], task_token: str, timeout_s: float, ports: Ports) -> None:
    """Create the endpoint or update it in place; the waiting state goes on once it has settled.

    What served before goes on the record first. Running it again deploys nothing twice. Raises NotSettled while
    somebody else's change is still going on, and Conflict unless the build holds its service's lease.
    """
    lease.keep(build, timeout_s, ports)
    name, config = build.resources["endpoint"], build.resources["endpoint_config"]
    _note_previous(build, name, config, ports)
    ports.endpoints.deploy(name, config, tags)
    ports.waits.put(_topic(name), Waiting(WAITER, task_token), timeout_s)
    endpoint_changed(name, ports)


def _note_previous(build: Build, name: str, config: str, ports: Ports) -> None:
    if build.resources.get("deployed_config") == config:
        return  # this state ran before: what is live now may be its own
    try:
        serving = ports.endpoints.describe(name)
    except UnknownEndpoint:
        previous = ""
    else:
        previous = serving.config_name if serving.status != "Failed" else ""
    resources = {"previous_config": previous if previous != config else "", "deployed_config": config}
    record(build.number, Change(None, ports.clock.now(), resources=resources), ports)


def endpoint_changed(name: str, ports: Ports) -> None:
    """An endpoint's status changed: tell the state that waits for it, if any. Being told twice is fine.

    What comes into service after its build was stopped, or failed for having waited too long, is taken back. Raises
    NotSettled when the endpoint has begun to change again meanwhile: the event is delivered again.
    """
    try:
        endpoint = ports.endpoints.describe(name)
    except UnknownEndpoint:
        return
    if endpoint.status in CHANGING:
        return
    for one in ports.waits.of(_topic(name)):
        if endpoint.status == "InService":
            ports.pipeline.complete(one.task_token, {"endpoint": name, "config": endpoint.config_name})
        else:
            ports.pipeline.fail(one.task_token, DeploymentFailed.__name__, _why(endpoint))
        ports.waits.remove(_topic(name), one)
    _take_back(endpoint, ports)


def _take_back(endpoint: Endpoint, ports: Ports) -> None:
    if endpoint.build_number is None or endpoint.status != "InService":
        return
    try:
        build = ports.builds.get(endpoint.build_number)
    except UnknownBuild:
        return
    if build.status in RESUMABLE and build.resources.get("deployed_config") == endpoint.config_name:
        restore_endpoint(build, {}, ports)


def verify_endpoint(build: Build, probe: Sequence[Mapping[str, Json]], ports: Ports) -> None:
    """Prove that the endpoint serves the build's configuration and predicts what the evaluation did; then let it scale.

    probe: rows of inputs, with the mean that the evaluation predicted where there was one. Raises DeploymentFailed when
    the live configuration is another (an update that was rolled back ends InService with the old one), or when a
    prediction is not a finite number, or another; NotSettled while the service maintains the endpoint.
    """
    name, config = build.resources["endpoint"], build.resources["endpoint_config"]
    endpoint = ports.endpoints.describe(name)
    if endpoint.config_name == config and endpoint.status in CHANGING:
        raise NotSettled(f"The endpoint {name} is {endpoint.status}; it is proven once it is not.")
    if endpoint.config_name != config or endpoint.status != "InService":
        raise DeploymentFailed(f"{_why(endpoint)} It should serve {config}.")
    rows = [row for row in (_inputs(entry) for entry in probe) if row]
    if rows:
        for entry, prediction in zip(probe, ports.endpoints.predict(name, rows), strict=True):
            _check_prediction(name, entry, prediction)
    _keep_scaling(build, name, ports)


def _inputs(entry: Mapping[str, Json]) -> list[float | str]:
    inputs = entry.get("inputs")
    return [value for value in inputs if isinstance(value, (int, float, str))] if isinstance(inputs, list) else []


def _check_prediction(name: str, entry: Mapping[str, Json], prediction: Prediction) -> None:
    if not math.isfinite(prediction.mean):
        raise DeploymentFailed(f"The endpoint {name} answered {prediction.mean} for an example row, not a number.")
    expected = entry.get("mean")
    if isinstance(expected, (int, float)) and not math.isclose(
        prediction.mean, expected, rel_tol=PROBE_TOLERANCE, abs_tol=PROBE_TOLERANCE
    ):
        raise DeploymentFailed(
            f"The endpoint {name} predicted {prediction.mean:.6g} for a row that the evaluation predicted "
            f"{expected:.6g} for: it does not serve what was evaluated."
        )


def _keep_scaling(build: Build, name: str, ports: Ports) -> None:
    settings = build.settings
    if settings.get("endpoint_serverless"):
        return
    least, most = int(str(settings["endpoint_instance_count"])), int(str(settings["endpoint_max_count"]))
    each = int(str(settings["endpoint_invocations_per_instance"]))
    ports.endpoints.keep_scaling(name, VARIANT, least, most, each)


def restore_endpoint(build: Build, tags: Mapping[str, str], ports: Ports) -> None:
    """What was deployed failed its proof: what served before serves again; with nothing before, the endpoint goes.

    tags: for an endpoint that has to be made anew. Does nothing when another configuration is live already. Raises
    NotSettled while the endpoint is changing.
    """
    if build.status is BuildStatus.READY:
        return  # its proof was good; what failed came after the record
    name, config = build.resources["endpoint"], build.resources["endpoint_config"]
    try:
        endpoint = ports.endpoints.describe(name)
    except UnknownEndpoint:
        return
    if endpoint.config_name != config:
        return
    if previous := build.resources.get("previous_config"):
        ports.endpoints.deploy(name, previous, tags)
    elif endpoint.status in CHANGING:
        raise NotSettled(f"The endpoint {name} is {endpoint.status}; it is deleted once it is not.")
    else:
        ports.endpoints.delete(name)


def _why(endpoint: Endpoint) -> str:
    reason = endpoint.failure_reason or "no reason was given"
    return f"The endpoint {endpoint.name} is {endpoint.status} with {endpoint.config_name} ({reason})."


def _topic(name: str) -> str:
    return f"endpoint/{name}"
