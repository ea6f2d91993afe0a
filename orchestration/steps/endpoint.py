"""Deploying to a service's endpoint, waiting for it without polling, and proving that what serves is what was deployed.

The state machine waits with a task token. `deploy_endpoint` keeps the token, has the endpoint created or updated, and
looks once, in case the endpoint was faster than the state; `endpoint_changed`, on each endpoint-state event, completes
it. Only the holder of the service's lease deploys. An update that failed and was rolled back ends InService with
the old configuration: `verify_endpoint` tells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from orchestration.ports import CHANGING, DeploymentFailed, Endpoint, Ports, UnknownEndpoint, Waiting

WAITER = "deployment"


def deploy_endpoint(
    name: str, config: str, tags: Mapping[str, str], task_token: str, timeout_s: float, ports: Ports
) -> None:
    """Create the endpoint or update it in place; the waiting state goes on once it has settled.

    Running it again deploys nothing twice. Raises NotSettled while somebody else's change is still going on.
    """
    ports.endpoints.deploy(name, config, tags)
    ports.waits.put(_topic(name), Waiting(WAITER, task_token), timeout_s)
    endpoint_changed(name, ports)


def endpoint_changed(name: str, ports: Ports) -> None:
    """An endpoint's status changed: tell the state that waits for it, if any. Being told twice is fine."""
    waiting = ports.waits.of(_topic(name))
    if not waiting:
        return
    try:
        endpoint = ports.endpoints.describe(name)
    except UnknownEndpoint:
        return
    if endpoint.status in CHANGING:
        return
    for one in waiting:
        if endpoint.status == "InService":
            ports.pipeline.complete(one.task_token, {"endpoint": name, "config": endpoint.config_name})
        else:
            ports.pipeline.fail(one.task_token, DeploymentFailed.__name__, _why(endpoint))
        ports.waits.remove(_topic(name), one)


def verify_endpoint(name: str, config: str, example: Sequence[float | str], ports: Ports) -> None:
    """Prove that the endpoint serves that configuration and predicts.

    example: one row of inputs. Raises DeploymentFailed when the live configuration is another, or when the prediction
    is not a finite number.
    """
    endpoint = ports.endpoints.describe(name)
    if endpoint.config_name != config or endpoint.status != "InService":
        raise DeploymentFailed(f"{_why(endpoint)} It should serve {config}.")
    if example:
        prediction = ports.endpoints.predict(name, [example])[0]
        if not math.isfinite(prediction.mean):
            raise DeploymentFailed(f"The endpoint {name} answered {prediction.mean} for an example row, not a number.")


def _why(endpoint: Endpoint) -> str:
    reason = endpoint.failure_reason or "no reason was given"
    return f"The endpoint {endpoint.name} is {endpoint.status} with {endpoint.config_name} ({reason})."


def _topic(name: str) -> str:
    return f"endpoint/{name}"
