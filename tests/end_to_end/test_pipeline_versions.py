"""Which version serves, on the local engine: rolled back and forward, an earlier build's, and during an update."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from orchestration.builds import Build, BuildKind, BuildStatus
from orchestration.ports import BadRequest, Endpoints
from tests.end_to_end.pipeline_house import DEPLOYED, JUDGED, REGISTERED, RESOLVED, House, eventually

THREADS = 4
REDEPLOYED = [*RESOLVED, "ProposeCandidate", *JUDGED, *REGISTERED, *DEPLOYED]
ROLLED_BACK = [*RESOLVED, "ProposeCandidate", "IsEvaluated", *REGISTERED, *DEPLOYED]


def versions(house: House, name: str, *slopes: float) -> list[Build]:
    """A build of each slope, deployed one after the other."""
    return [house.deployed(name, slope) for slope in slopes]


def test_rolled_back_twice_and_forward_again(house: House) -> None:
    first, second, third = versions(house, "rolled", 2, 4, 6)
    assert house.serves("rolled") == 6
    back = house.built("rolled", BuildKind.ROLLBACK)
    # What was proven is not judged again, and waits for nobody.
    house.check(back, ROLLED_BACK, ["QUEUED", "DEPLOYING", "READY"])
    assert (back.source, back.artifacts["model"]) == (second.number, second.artifacts["model"])
    assert back.image == second.image
    assert house.serves("rolled") == 4
    further = house.built("rolled", BuildKind.ROLLBACK)
    assert (further.source, house.serves("rolled")) == (first.number, 2)
    with pytest.raises(BadRequest, match="none to roll back to"):
        house.start("rolled", BuildKind.ROLLBACK)
    forward = house.built("rolled", BuildKind.DEPLOY, of=third.number)
    house.check(forward, REDEPLOYED, ["QUEUED", "EVALUATING", "DEPLOYING", "READY"])
    # Judged on the rows that it was held out from, against what serves now.
    assert (forward.source, forward.dataset_version) == (third.number, third.dataset_version)
    assert forward.verdict["champion"] == further.number
    assert forward.metrics["test:RMSE"] == pytest.approx(third.metrics["test:RMSE"])
    assert forward.resources["package"] == third.resources["package"]
    assert "train" not in forward.jobs
    assert house.serves("rolled") == 6


def test_nothing_to_roll_back_to_is_said_before_anything_starts(house: House) -> None:
    house.line("lonely", 2)
    with pytest.raises(BadRequest, match="Nothing of gp/lonely is deployed"):
        house.start("lonely", BuildKind.ROLLBACK)


@dataclass
class Load:
    """Threads that ask an endpoint for predictions, one after the other, until told to stop."""

    endpoints: Endpoints
    name: str
    answers: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> None:
        while not self.stop.is_set():
            try:
                left, right = self.endpoints.predict(self.name, [[-0.5], [0.5]])
            except Exception as error:
                self.failures.append(repr(error))
            else:
                self.answers.append(round(right.mean - left.mean))


def test_no_request_fails_while_an_endpoint_is_updated(house: House) -> None:
    """Every answer is the old version's or the new one's, first the one and then the other."""
    house.deployed("loaded", 2)
    load = Load(house.ports.endpoints, "local-gp-loaded")
    threads = [threading.Thread(target=load.ask) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        house.line("loaded", 5)
        build = house.built("loaded")
        eventually(lambda: load.answers[-THREADS:] == [5] * THREADS or bool(load.failures))
    finally:
        load.stop.set()
        for thread in threads:
            thread.join()
    assert build.status is BuildStatus.READY
    assert load.failures == []
    assert set(load.answers) == {2, 5}
    # Threads write down their answers in any order: at the change at most one of each is out of it.
    assert load.answers[load.answers.index(5) :].count(2) <= THREADS
