"""What goes wrong on the way, on the local engine: the build says why, what served serves on, and it can be resumed."""

from __future__ import annotations

import io
import tarfile

import pytest

from orchestration.builds import Build, BuildKind, BuildStatus
from orchestration.ports import BadRequest, Conflict
from orchestration.steps.registration import decide
from orchestration.steps.resume_build import resume_build
from tests.end_to_end.pipeline_house import (
    DECIDED,
    DEPLOYED,
    FAILED,
    GRACE,
    JUDGED,
    PREPARED,
    REGISTERED,
    RESOLVED,
    SOMEBODY,
    TRAINED,
    UPDATED,
    House,
    eventually,
)

ASKED = [*RESOLVED, *TRAINED, *JUDGED, *REGISTERED, *DECIDED]
WAITED = ["QUEUED", "TRAINING", "EVALUATING", "REGISTERING", "WAITING_FOR_APPROVAL"]


def spoil(house: House, name: str, split: str, text: str) -> None:
    """Change a registered file behind the registry's back."""
    key = house.ports.datasets.get(name).uris[split].split("/", 3)[3]
    house.clients("s3").put_object(Bucket=house.ports.environment.data_bucket, Key=key, Body=text.encode())


def test_a_training_that_fails_says_why_and_can_be_resumed(house: House) -> None:
    house.line("untrainable", 2)
    uri = house.ports.datasets.get("untrainable").uris["train"]
    good = house.clients("s3").get_object(Bucket=house.ports.environment.data_bucket, Key=uri.split("/", 3)[3])
    text = good["Body"].read().decode()
    spoil(house, "untrainable", "train", "z,x\n1,2\n")
    build = house.built("untrainable")
    house.check(build, [*RESOLVED, *TRAINED[:2], *FAILED], ["QUEUED", "TRAINING", "ERROR"])
    assert build.error == "TrainingFailed"
    assert "'y'" in build.cause
    assert build.timeline[-1].note == build.cause
    assert house.ports.pipeline.describe(build).error == "BuildFailed"
    assert "model" not in build.artifacts
    assert house.serves("untrainable") is None
    with pytest.raises(BadRequest, match="has no model"):
        house.start("untrainable", BuildKind.DEPLOY, of=build.number)
    spoil(house, "untrainable", "train", text)
    resume_build(build.number, SOMEBODY, house.ports)
    again = house.ended(build.number)
    assert (again.status, again.error, again.cause) == (BuildStatus.READY, "", "")
    assert house.states(build.number) == [*RESOLVED, *TRAINED, *JUDGED, *REGISTERED, *DEPLOYED]
    assert house.announced(build.number)[:5] == ["QUEUED", "TRAINING", "ERROR", "QUEUED", "TRAINING"]
    assert house.serves("untrainable") == 2
    with pytest.raises(Conflict, match="is READY"):
        resume_build(build.number, SOMEBODY, house.ports)


def test_data_that_cannot_be_prepared_is_refused_with_its_reason(house: House) -> None:
    house.raw("unprepared", 2)
    spoil(house, "unprepared", "data", "y,x\n" + "1.0,red\n" * 20)
    build = house.built("unprepared")
    house.check(build, [*PREPARED[:5], *FAILED], ["QUEUED", "PREPARING_DATA", "ERROR"])
    assert build.error == "PreparationFailed"
    # The program's own sentence, without what the service puts around it.
    assert build.cause.startswith("In the input 'raw': The column 'x' holds text, such as 'red'")
    assert house.serves("unprepared") is None


def test_an_evaluation_that_fails_is_an_error_and_no_rejection(house: House) -> None:
    house.line("unjudged", 2)
    spoil(house, "unjudged", "test", "y,z\n1.0,2.0\n")
    build = house.built("unjudged")
    states = [*RESOLVED, *TRAINED, "IsEvaluated", "Evaluate", *FAILED]
    house.check(build, states, ["QUEUED", "TRAINING", "EVALUATING", "ERROR"])
    assert build.error == "EvaluationFailed"
    assert "y from z" in build.cause
    assert build.verdict == {}
    assert house.serves("unjudged") is None


def approved_with(house: House, name: str, slope: float, content: bytes) -> tuple[Build, bytes]:
    """A build whose model is another one's by the time that it is deployed, and what its own was."""
    house.line(name, slope)
    number = house.start(name)
    house.waits_in(number, "AskForApproval")
    own = house.swap_artifact(house.ports.builds.get(number), content)
    decide(number, "approved", GRACE, "", house.ports)
    return house.ended(number), own


def no_model() -> bytes:
    """An archive whose model the serving program refuses."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        entry = tarfile.TarInfo("model.npz")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"wrong"))
    return content.getvalue()


def test_an_endpoint_that_does_not_come_up_is_an_error_and_trains_nothing_anew_when_resumed(house: House) -> None:
    build, own = approved_with(house, "resumed", 2, no_model())
    house.check(build, [*ASKED, *UPDATED, *FAILED], [*WAITED, "DEPLOYING", "ERROR"])
    assert build.error == "DeploymentFailed"
    assert "local-gp-resumed is Failed" in build.cause
    assert "the program ended with exit code 1" in build.cause
    assert house.serves("resumed") is None
    house.swap_artifact(build, own)
    resume_build(build.number, SOMEBODY, house.ports)
    again = house.ended(build.number)
    # What was approved once is not asked for again.
    made = [*RESOLVED, "ProposeCandidate", *JUDGED, *REGISTERED, *DECIDED]
    assert house.states(build.number) == [*made, *DEPLOYED]
    assert (again.status, again.resume_count, again.error) == (BuildStatus.READY, 1, "")
    assert (again.jobs["train"], again.artifacts) == (build.jobs["train"], build.artifacts)
    assert house.announced(build.number).count("TRAINING") == 1
    assert house.serves("resumed") == 2


def test_an_update_that_does_not_come_up_is_no_success_and_the_old_version_serves(house: House) -> None:
    """SageMaker goes back to the old configuration and says InService."""
    first = house.deployed("kept", 2)
    build, _ = approved_with(house, "kept", 5, b"no archive")
    states = [*ASKED, *UPDATED, "VerifyEndpoint", "RestoreEndpoint", *FAILED]
    house.check(build, states, [*WAITED, "DEPLOYING", "ERROR"])
    assert build.error == "DeploymentFailed"
    assert f"with {first.resources['endpoint_config']}" in build.cause
    endpoint = house.ports.endpoints.describe("local-gp-kept")
    assert (endpoint.status, endpoint.build_number) == ("InService", first.number)
    assert house.serves("kept") == 2
    assert house.ports.builds.get(first.number).status is BuildStatus.READY


@pytest.fixture(scope="module")
def stranger(house: House) -> bytes:
    """A good model of other data."""
    house.line("otherwise", 9)
    return house.artifact(house.built("otherwise", settings={"deploy_after_training": False}))


def test_an_endpoint_that_predicts_otherwise_than_the_evaluation_is_taken_back(house: House, stranger: bytes) -> None:
    first = house.deployed("swapped", 2)
    build, _ = approved_with(house, "swapped", 5, stranger)
    states = [*ASKED, *UPDATED, "VerifyEndpoint", "RestoreEndpoint", *FAILED]
    house.check(build, states, [*WAITED, "DEPLOYING", "ERROR"])
    assert build.error == "DeploymentFailed"
    assert "it does not serve what was evaluated" in build.cause
    eventually(lambda: house.ports.endpoints.describe("local-gp-swapped").build_number == first.number)
    assert house.serves("swapped") == 2


def test_a_first_endpoint_that_predicts_otherwise_goes(house: House, stranger: bytes) -> None:
    build, _ = approved_with(house, "swapped-first", 5, stranger)
    assert (build.status, build.error) == (BuildStatus.ERROR, "DeploymentFailed")
    eventually(lambda: "local-gp-swapped-first" not in [one.name for one in house.ports.endpoints.all()])
    assert house.serves("swapped-first") is None
