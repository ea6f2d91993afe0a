"""The champion of a service: the build whose model its endpoint serves now; who served before it; the deploy freeze."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from orchestration.builds import Build, BuildKind, BuildStatus, Json, Service, endpoint_name
from orchestration.ports import BadRequest, Conflict, Ports, UnknownBuild, UnknownEndpoint
from orchestration.settings import effective

SERVED = frozenset({BuildStatus.READY, BuildStatus.ENDPOINT_DELETED})


def champion(service: Service, ports: Ports) -> Build | None:
    """The build that the service's endpoint serves, by its live configuration; None when nothing is served."""
    try:
        endpoint = ports.endpoints.describe(endpoint_name(ports.environment.name, service))
    except UnknownEndpoint:
        return None
    if endpoint.build_number is None or endpoint.status == "Failed":
        return None
    try:
        return ports.builds.get(endpoint.build_number)
    except UnknownBuild:
        return None


def previous(service: Service, ports: Ports) -> Build:
    """The build to roll back to: the newest that served and whose model is older than the champion's.

    A second rollback therefore goes further back; "deploy build <n>" goes forward again. Raises BadRequest when
    nothing serves, or nothing served before.
    """
    serving = champion(service, ports)
    if serving is None:
        raise BadRequest(f"Nothing of {service.key} is deployed, so there is nothing to roll back.")
    for build in ports.builds.latest(100, service=service, statuses=SERVED):
        if build.origin < serving.origin:
            return ports.builds.get(build.origin)
    raise BadRequest(f"Build {serving.number} is the first that served {service.key}: there is none to roll back to.")


def freeze(ports: Ports) -> str:
    """Why deployments are frozen just now, as a sentence; "" when they are not."""
    held: Mapping[str, Json] = effective(ports.settings.load(), {}).deploy_freeze
    until = str(held.get("until") or "")
    if not held or (until and datetime.fromisoformat(until) <= ports.clock.now()):
        return ""
    reason = f" ({held['reason']})" if held.get("reason") else ""
    end = f" until {until[:16].replace('T', ' ')} UTC" if until else ""
    return f"Deployments were frozen by {held.get('by', 'somebody')}{end}{reason}."


def check_not_frozen(kind: BuildKind, ports: Ports) -> None:
    """Raises Conflict while deployments are frozen. A rollback is let through: it is what a freeze may need."""
    if kind is BuildKind.DEPLOY and (why := freeze(ports)):
        raise Conflict(f"{why} Lift it with 'unfreeze deployments'.")
