"""One in-memory class a port, each keeping the contract in its port's docstring: real fakes, not mocks.

builds.py      FakeBuilds: numbers, transitions, outbox     pipeline.py   FakePipeline: executions that tests move on
endpoints.py   FakeEndpoints: predicts with a function      datasets.py   FakeDatasets: registers and checks CSV text
state.py       FakeClaims, FakeWaits, FakeConversations, FakeWatches, FakeLinkCodes, FakeCounters
registry.py    FakePackages, FakeArtifacts, FakeApprovals
messages.py    FakeLiveMessages, FakeWorkQueue
records.py     FakeAudit, FakeNotices, FakeSettings, FakePeople, FakeClock

`fake_ports()` gives them all, with the sample datasets `toy` and `diabetes` registered, and Ada, an admin, known.
`tests/contracts/` holds that fakes and real adapters keep the same contracts.
"""

from __future__ import annotations

from models.catalog import BUILT_IN
from orchestration.builds import Environment
from orchestration.ports import Clock, NewDataset, Person, Ports
from tests.fakes.builds import FakeBuilds
from tests.fakes.datasets import FakeDatasets
from tests.fakes.endpoints import FakeEndpoints
from tests.fakes.messages import FakeLiveMessages, FakeWorkQueue
from tests.fakes.pipeline import FakePipeline
from tests.fakes.records import FakeAudit, FakeClock, FakeNotices, FakePeople, FakeSettings
from tests.fakes.registry import FakeApprovals, FakeArtifacts, FakePackages
from tests.fakes.state import (
    FakeClaims,
    FakeConversations,
    FakeCounters,
    FakeLinkCodes,
    FakeWaits,
    FakeWatches,
)

__all__ = [
    "ADA",
    "ENVIRONMENT",
    "FakeApprovals",
    "FakeArtifacts",
    "FakeAudit",
    "FakeBuilds",
    "FakeClaims",
    "FakeClock",
    "FakeConversations",
    "FakeCounters",
    "FakeDatasets",
    "FakeEndpoints",
    "FakeLinkCodes",
    "FakeLiveMessages",
    "FakeNotices",
    "FakePackages",
    "FakePeople",
    "FakePipeline",
    "FakeSettings",
    "FakeWaits",
    "FakeWatches",
    "FakeWorkQueue",
    "fake_ports",
]

ADA = Person("ada", "Ada", "admin", ("console:ada",), commands_per_minute=None)

ENVIRONMENT = Environment(
    name="test",
    region="us-east-1",
    builds_table="builds",
    state_table="state",
    data_bucket="bucket",
    state_machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:test-build",
)

_TOY = "y,x1,x2\n" + "".join(
    f"{1.5 * a + 5.2 * b},{float(a)},{float(b)}\n" for a, b in ((1, 0), (0, 1), (1, 1), (2, 1))
)
_MEASURES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
_DIABETES = ",".join(("progression", *_MEASURES)) + "\n" + "151.0,59.0,2.0,32.1,101.0,157.0,93.2,38.0,4.0,4.86,87.0\n"


def fake_ports(clock: Clock | None = None, people: tuple[Person, ...] = (ADA,)) -> Ports:
    """Every port as a fake on one clock."""
    clock = clock or FakeClock()
    datasets = FakeDatasets(clock)
    datasets.register(NewDataset("toy", "y", {"train": _TOY, "validation": _TOY}, "a line"))
    datasets.register(NewDataset("diabetes", "progression", {"train": _DIABETES, "validation": _DIABETES}, "patients"))
    return Ports(
        builds=FakeBuilds(clock),
        pipeline=FakePipeline(clock),
        endpoints=FakeEndpoints(clock),
        datasets=datasets,
        settings=FakeSettings(),
        packages=FakePackages(),
        artifacts=FakeArtifacts(),
        approvals=FakeApprovals(),
        notices=FakeNotices(),
        claims=FakeClaims(clock),
        waits=FakeWaits(clock),
        conversations=FakeConversations(clock),
        watches=FakeWatches(clock),
        messages=FakeLiveMessages(),
        audit=FakeAudit(),
        people=FakePeople(*people),
        codes=FakeLinkCodes(clock),
        counters=FakeCounters(clock),
        clock=clock,
        built_in=BUILT_IN,
        environment=ENVIRONMENT,
    )
