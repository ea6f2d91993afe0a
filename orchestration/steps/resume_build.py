"""Going on with a build that failed or was stopped: a new execution of it, which does not do again what was done.

The plan (`plan.py`) reads from the record which steps are behind it: the prepared data, the trained model, the best
trial, a person's decision. DECISIONS.md says why this is not RedriveExecution.
"""

from __future__ import annotations

from orchestration.builds import RESUMABLE, Build, BuildStatus, Requester
from orchestration.ports import Change, Conflict, Ports, TransitionRefused
from orchestration.steps.record import record
from orchestration.steps.start_build import start_if_queued


def resume_build(number: int, requester: Requester, ports: Ports) -> Build:
    """Queue it again and start it. Raises UnknownBuild, and Conflict unless it failed or was stopped."""
    build = ports.builds.get(number)
    if build.status not in RESUMABLE:
        raise Conflict(f"Build {number} is {build.status}; a build is resumed once it has failed or was stopped.")
    change = Change(BuildStatus.QUEUED, ports.clock.now(), resumes=True, note=f"resumed by {requester.name}")
    try:
        build = record(number, change, ports)
    except TransitionRefused as error:
        raise Conflict(f"Somebody else has just resumed build {number}.") from error
    start_if_queued(build, ports)
    return build
