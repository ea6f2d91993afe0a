"""How a build's record changes: pure functions that every store of builds uses inside its conditional write."""

from __future__ import annotations

from dataclasses import replace

from orchestration.builds import RESUMABLE, TRANSITIONS, Build, BuildStatus, StatusChange
from orchestration.ports import Announcement, Change, NewBuild, TransitionRefused


def first_record(number: int, new: NewBuild) -> Build:
    """The QUEUED record of a build that was just given its number."""
    return Build(
        number=number,
        kind=new.kind,
        service=new.service,
        requester=new.requester,
        status=BuildStatus.QUEUED,
        execution_name=new.execution_name,
        created_at=new.created_at,
        updated_at=new.created_at,
        dataset_version=new.dataset_version,
        hyperparameters=new.hyperparameters,
        overrides=new.overrides,
        ranges=new.ranges,
        source=new.source,
        timeline=(StatusChange(BuildStatus.QUEUED, new.created_at),),
    )


def changed(build: Build, change: Change) -> Build:
    """The record after the change. Raises TransitionRefused."""
    moves = _moves(build, change)
    status = change.to or build.status
    timeline = (*build.timeline, StatusChange(status, change.at, change.note)) if moves else build.timeline
    return replace(
        build,
        status=status,
        updated_at=max(change.at, build.updated_at),
        timeline=timeline,
        image=change.image if change.image is not None else build.image,
        hyperparameters=change.hyperparameters if change.hyperparameters is not None else build.hyperparameters,
        settings=change.settings if change.settings is not None else build.settings,
        jobs={**build.jobs, **change.jobs},
        metrics={**build.metrics, **change.metrics},
        verdict={**build.verdict, **change.verdict},
        report={**build.report, **change.report},
        artifacts={**build.artifacts, **change.artifacts},
        resources={**build.resources, **change.resources},
        error=change.error or ("" if change.resumes else build.error),
        cause=change.cause or ("" if change.resumes else build.cause),
        revision=build.revision + 1,
        resume_count=build.resume_count + change.resumes,
    )


def _moves(build: Build, change: Change) -> bool:
    """Whether the change is a transition. Raises TransitionRefused when it is none that the build may make."""
    if change.resumes:
        allowed = build.status in RESUMABLE and change.to is BuildStatus.QUEUED
    elif change.to is None:
        allowed = not build.has_ended
    else:
        allowed = change.to is build.status or change.to in TRANSITIONS[build.status]
    if not allowed:
        raise TransitionRefused(f"Build {build.number} is {build.status}; it cannot become {change.to or 'changed'}.")
    return change.resumes or change.to not in (None, build.status)


def newest_line(build: Build) -> Announcement:
    """The outbox line of the newest line of the build's timeline."""
    sequence = len(build.timeline) - 1
    return Announcement(f"{build.number:010d}#{sequence:04d}", sequence, build)
