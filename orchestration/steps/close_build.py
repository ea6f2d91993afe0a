"""What an execution's end means for its build's record, when no Catch could write it: stopped, timed out, failed."""

from __future__ import annotations

from collections.abc import Mapping

from orchestration.builds import Build, BuildStatus, first_execution
from orchestration.ports import Change, Ports, TransitionRefused, UnknownBuild
from orchestration.steps import lease
from orchestration.steps.record import record
from orchestration.steps.record_status import explain

STATUS_OF_EXECUTION: Mapping[str, BuildStatus] = {
    "ABORTED": BuildStatus.STOPPED,
    "TIMED_OUT": BuildStatus.ERROR,
    "FAILED": BuildStatus.ERROR,
}


def close_build(execution_name: str, status: str, error: str, cause: str, ports: Ports) -> None:
    """Write the end of the execution's build, stop its jobs and release its lease. Being told twice, or late, is fine.

    status: the execution's. A build that has ended keeps what was written: the Catch knew more. An execution that is
    not the build's current one, because it was resumed since, closes nothing.
    """
    outcome = STATUS_OF_EXECUTION.get(status)
    build = _build_of(execution_name, ports)
    if outcome is None or build is None or build.current_execution != execution_name:
        return
    name, sentence = explain({"Error": error or status, "Cause": cause or f"The execution ended {status}."})
    if outcome is BuildStatus.STOPPED:
        name = ""
    if not build.has_ended:
        try:
            build = record(
                build.number, Change(outcome, ports.clock.now(), note=sentence, error=name, cause=sentence), ports
            )
        except TransitionRefused:
            build = ports.builds.get(build.number)
    # Also when the record was written before: whoever wrote it may have died before it did these.
    lease.release(build, ports)
    ports.pipeline.stop_jobs(build)


def _build_of(execution_name: str, ports: Ports) -> Build | None:
    for name in (execution_name, first_execution(execution_name)):
        try:
            return ports.builds.by_execution(name)
        except UnknownBuild:
            continue
    return None
