"""The only writer of a build's status: a conditional transition, its line of the timeline and its line of the outbox.

`tests/test_layout.py` holds this: nothing else calls `Builds.apply`.
"""

from __future__ import annotations

from orchestration.builds import Build
from orchestration.ports import Change, Ports
from orchestration.steps import lease


def record(number: int, change: Change, ports: Ports) -> Build:
    """Apply the change; a build that ends gives its service's deploy lease back.

    Raises UnknownBuild, and TransitionRefused when the build's status does not permit the change.
    """
    build = ports.builds.apply(number, change)
    if build.has_ended:
        lease.release(build, ports)
    return build
