"""One deployment a service at a time: two builds of one service never update its endpoint at once.

A build that must wait leaves its task token and costs nothing while it waits; whoever gives the lease back lets the
oldest waiting build go on. The token is stored before the lease is tried, and the lease is given back before the tokens
are looked at, so no wake-up is missed. A token is removed after it was answered, so one whose answer was lost is
answered again.
"""

from __future__ import annotations

from orchestration.builds import Build, BuildStatus
from orchestration.ports import Ports, Waiting

MARGIN_S = 900  # what a deployment takes beyond the wait for its endpoint: model, configuration, verification


def take(build: Build, task_token: str, wait_s: float, ports: Ports) -> None:
    """Let the waiting state go on once the build holds its service's lease. wait_s: how long the state waits."""
    waiting = Waiting(_waiter(build.number), task_token)
    ports.waits.put(_topic(build), waiting, wait_s)
    _grant(build, waiting, ports)


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


def _topic(build: Build) -> str:
    return f"lease/{build.service.key}"


def _waiter(number: int) -> str:
    return f"{number:010d}"
