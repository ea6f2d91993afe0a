"""Retiring endpoints: the oldest of ours beyond a number, after something newer serves, and those that nobody asks.

Only endpoints with our tag are ever looked at (`Endpoints.all`), all pages of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from orchestration.builds import Build, BuildStatus
from orchestration.ports import CHANGING, Change, Endpoint, Ports, TransitionRefused, UnknownBuild, UnknownEndpoint
from orchestration.settings import effective
from orchestration.steps.lease import lease_key
from orchestration.steps.record import record


def after_deployment(build: Build, ports: Ports) -> list[str]:
    """What may go once this build serves: the configuration that served before it, and our oldest endpoints.

    The names of the endpoints that were retired. Doing so twice is fine.
    """
    before = build.resources.get("previous_config", "")
    if before and before != build.resources.get("endpoint_config"):
        ports.endpoints.discard(before)
    kept = int(str(build.settings["endpoints_kept"]))
    ours = sorted(ports.endpoints.all(), key=lambda one: one.updated_at, reverse=True)
    newest = [one for one in ours if one.name == build.resources.get("endpoint")]
    others = [one for one in ours if one.name != build.resources.get("endpoint")]
    return [one.name for one in reversed((newest + others)[kept:]) if retire(one, "", ports)]


def retire(endpoint: Endpoint, why: str, ports: Ports) -> bool:
    """Delete the endpoint and write ENDPOINT_DELETED on the build that it served. False while it is being changed."""
    if endpoint.status in CHANGING:
        return False
    if endpoint.service is not None and ports.claims.holder(lease_key(endpoint.service)) is not None:
        return False  # a build is about to deploy to it
    try:
        ports.endpoints.delete(endpoint.name)
    except UnknownEndpoint:
        return False
    if endpoint.build_number is not None:
        _record_deleted(endpoint.build_number, why or "The oldest endpoint made room for newer ones.", ports)
    return True


def _record_deleted(number: int, note: str, ports: Ports) -> None:
    try:
        record(number, Change(BuildStatus.ENDPOINT_DELETED, ports.clock.now(), note=note), ports)
    except (TransitionRefused, UnknownBuild):
        return  # a build that failed after its endpoint came up, or one of another life of this environment


@dataclass(frozen=True)
class Idle:
    """An endpoint that nobody asked for that long."""

    endpoint: Endpoint
    since: timedelta


def idle(ports: Ports) -> list[Idle]:
    """The endpoints of ours that were not asked for `endpoint_idle_s`, oldest first."""
    within = timedelta(seconds=effective(ports.settings.load(), {}).endpoint_idle_s)
    now = ports.clock.now()
    return [
        Idle(one, within)
        for one in sorted(ports.endpoints.all(), key=lambda one: one.updated_at)
        if one.status not in CHANGING
        and now - one.updated_at >= within
        and not ports.endpoints.invocations(one.name, now - within)
    ]
