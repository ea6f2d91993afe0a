"""One deployment a service at a time: two builds of one service never update its endpoint at once.

A build that must wait leaves its task token and costs nothing while it waits; whoever gives the lease back lets the
oldest waiting build go on. The token is stored before the lease is tried, and the lease is given back before the tokens
are looked at, so no wake-up is missed. A token is removed after it was answered, so one whose answer was lost is
answered again.
"""

from __future__ import annotations

from orchestration.builds import Build, BuildStatus, Service
from orchestration.ports import Conflict, Ports, Waiting

MARGIN_S = 900  # what a deployment takes beyond the wait for its endpoint: model, configuration, verification


def take(build: Build, task_token: str, wait_s: float, ports: Ports) -> None:
    """Let the waiting state go on once the build holds its service's lease. wait_s: how long the state waits."""
    waiting = Waiting(_waiter(build.number), task_token)
    ports.waits.put(_topic(build), waiting, wait_s)
    _grant(build, waiting, ports)
    if ports.builds.get(build.number).has_ended:
        release(build, ports)  # it ended before this came: nobody else would give back what it has taken now


def keep(build: Build, wait_s: float, ports: Ports) -> None:
    """Hold the lease for another wait of that long. Raises Conflict when the build has ended or another holds it."""
    if build.has_ended or not ports.claims.take(_topic(build), _waiter(build.number), wait_s + MARGIN_S):
        raise Conflict(f"Build {build.number} does not hold the deploy lease of {build.service.key} any more.")


def release(build: Build, ports: Ports) -> None:
    """Give the lease back, or stop waiting for it, and let the next build go on. Doing so twice is fine."""
    if build.entered(BuildStatus.DEPLOYING) is None:
        return
    ports.claims.release(_topic(build), _waiter(build.number))
    for waiting in ports.waits.of(_topic(build)):
        one = ports.builds.get(int(waiting.waiter))
        if one.has_ended:
            ports.waits.remove(_topic(build), waiting)
        elif _grant(one, waiting, ports):
            return


def _grant(build: Build, waiting: Waiting, ports: Ports) -> bool:
    """Whether the build holds the lease now; its waiting state is told so, then its token is removed."""
    hold_s = float(str(build.settings["endpoint_timeout_s"])) + MARGIN_S
    if not ports.claims.take(_topic(build), waiting.waiter, hold_s):
        return False
    ports.pipeline.complete(waiting.task_token, {"lease": build.service.key})
    ports.waits.remove(_topic(build), waiting)
    return True


def lease_key(service: Service) -> str:
    """What the deploy lease of a service is claimed under."""
    return f"lease/{service.key}"


def _topic(build: Build) -> str:
    return lease_key(build.service)


def _waiter(number: int) -> str:
    return f"{number:010d}"
