"""Stopping a build: the record says so first, then its execution is aborted, which stops its job.

The record comes first so that a state that runs on for a moment finds the build ended and can change nothing.
"""

from __future__ import annotations

from orchestration.builds import Build, BuildStatus, Requester
from orchestration.ports import Change, Conflict, Ports, TransitionRefused
from orchestration.steps.record import record


def stop_build(number: int, requester: Requester, ports: Ports) -> Build:
    """Stop it. Raises UnknownBuild, and Conflict when it has ended already."""
    cause = f"stopped by {requester.name}"
    build = ports.builds.get(number)
    was_ended = build.has_ended
    if not was_ended:
        build = _record_stopped(build, cause, ports)
    if build.status is BuildStatus.STOPPED:
        # Also when it was STOPPED before: whoever stopped it may have died before its execution was.
        ports.pipeline.stop(build, cause)
        ports.pipeline.stop_jobs(build)
    if was_ended:
        raise Conflict(f"Build {number} has already ended: it is {build.status}.")
    return build


def _record_stopped(build: Build, cause: str, ports: Ports) -> Build:
    change = Change(to=BuildStatus.STOPPED, at=ports.clock.now(), note=cause, cause=cause)
    try:
        return record(build.number, change, ports)
    except TransitionRefused as error:
        ended = ports.builds.get(build.number)
        raise Conflict(f"Build {build.number} has just ended: it is {ended.status}.") from error
