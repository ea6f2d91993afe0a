"""Housekeeping: what of old builds' jobs goes, what never does, and what `sagebuild doctor` says of both."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.cli import main
from orchestration.local.doctor import examine
from orchestration.local.housekeeping import Tidier, survey
from orchestration.local.local_sagemaker.errors import ValidationException
from orchestration.local.options import BadOptions, Options, read_options
from orchestration.local.storage import Storage
from tests.orchestration.local.local_sagemaker.house import House, until


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.clear()


def train(house: House, name: str) -> None:
    house.train(name)
    house.ended(name)
    until((house.state / "sagemaker" / "training-jobs" / name / "announced").exists)


def job(number: int, stage: str = "train") -> str:
    return f"local-b{number}-0a1f-{stage}-0"


def gone(house: House, kept_builds: int) -> list[str]:
    return [one.name for one in survey(house.state, Options(kept_builds=kept_builds)).superfluous()]


def why(house: House, name: str, kept_builds: int = 0) -> str:
    found = survey(house.state, Options(kept_builds=kept_builds)).jobs
    return next(one.kept for one in found if one.name == name)


def test_of_the_newest_builds_everything_stays_and_of_the_others_the_records(house: House) -> None:
    for number in (1, 2, 10):
        train(house, job(number))
    house.process(job(10, "evaluate"), "work")
    house.processed(job(10, "evaluate"))
    train(house, "mine")
    assert gone(house, 2) == [job(1)]
    assert why(house, job(10)) == ""
    assert (why(house, "mine"), why(house, job(10), 1)) == ("no build has started it", "one of the newest")
    before = house.job(job(1))
    house.service.training_jobs.discard_files(job(1))
    house.service.training_jobs.discard_files(job(1))
    assert not house.ml(job(1)).exists()
    assert house.job(job(1)) == before
    assert gone(house, 2) == []
    # A build whose files are gone does not take the place of one that has them.
    assert why(house, job(2), 2) == "one of the newest"


def test_what_runs_stays(house: House) -> None:
    house.train(job(1), {"sleep": 30})
    until(lambda: house.job(job(1))["SecondaryStatus"] == "Training")
    assert why(house, job(1)) == "it runs"
    with pytest.raises(ValidationException, match="has not ended"):
        house.service.training_jobs.discard_files(job(1))
    train(house, job(2))
    assert why(house, job(2)) == ""
    storage = Storage(house.state / "engine.db")
    storage.execution_started("e", "machine", '{"build": 2}', 1.0)
    assert why(house, job(2)) == "it runs"
    storage.execution_entered("e", "Approve", '{"build": 2, "waits": {}}')
    storage.close()
    assert why(house, job(2)) == "it runs"


@pytest.mark.parametrize("deployed_by", [3, 4], ids=["its own build", "a later deploy of it"])
def test_what_an_endpoint_serves_stays(house: House, deployed_by: int) -> None:
    train(house, job(3))
    config = f"local-b{deployed_by}-0a1f-config"
    house.add_model("model")
    house.call(
        "CreateModel",
        ModelName="copy",
        PrimaryContainer={
            "Image": house.call("DescribeModel", ModelName="model")["PrimaryContainer"]["Image"],
            "ModelDataUrl": house.job(job(3))["ModelArtifacts"]["S3ModelArtifacts"],
        },
        ExecutionRoleArn="arn:aws:iam::123456789012:role/training",
    )
    assert why(house, job(3)) == ""
    house.add_config(config, "copy")
    house.in_service("local-gp-toy", config)
    assert why(house, job(3)) == "an endpoint serves it"
    assert gone(house, 0) == []


def test_the_engine_tidies_after_an_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.local.housekeeping.DELAY_S", 0.05)
    for number in (1, 2):
        train(house, job(number))
    tidier = Tidier(
        house.state, Options(kept_builds=1), lambda kind, name: house.service.jobs(kind).discard_files(name)
    )
    tidier.tidy_when_due()
    assert house.ml(job(1)).exists()
    time.sleep(0.1)
    tidier.tidy_when_due()
    until(lambda: not house.ml(job(1)).exists())
    assert house.ml(job(2)).exists()


class TestDoctor:
    def test_it_says_what_is_there_and_what_would_go(self, house: House, capsys: pytest.CaptureFixture[str]) -> None:
        for number in (1, 2):
            train(house, job(number))
        (house.state / "settings.json").write_text('{"kept_builds": 1}')
        storage = Storage(house.state / "engine.db")
        storage.give_up_event(storage.add_event("start", "{}"), 1e9, "Boom")
        storage.close()
        assert main(["doctor", "--state-dir", str(house.state), "--json"]) == 0
        said: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert said["superfluous"]["jobs"] == [job(1)]
        assert said["superfluous"]["size"] > 0
        assert said["kept"] == {"one of the newest": 1}
        assert said["sizes"]["jobs"] > said["superfluous"]["size"]
        assert (said["engine"], said["settings"]["kept_builds"]) == (None, 1)
        assert said["given_up_events"] == [{"function": "start", "at": 1e9, "reason": "Boom"}]
        assert main(["doctor", "--state-dir", str(house.state)]) == 0
        text = capsys.readouterr().out
        assert "Working files of 1 job would go" in text
        assert "An event for start was given up at 2001-09-09 01:46 UTC: Boom" in text

    def test_of_a_folder_that_is_not_there_it_says_so_and_makes_none(self, tmp_path: Path) -> None:
        report = examine(tmp_path / "none")
        assert (report.engine, sum(report.survey.sizes.values())) == (None, 0)
        assert not (tmp_path / "none").exists()

    def test_a_setting_that_cannot_be_is_a_sentence(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "settings.json").write_text('{"kept_builds": "many"}')
        assert main(["doctor", "--state-dir", str(tmp_path)]) == 1
        assert "kept_builds is 'many', but must be a whole number from 0 to 100000" in capsys.readouterr().err


class TestOptions:
    def test_defaults_where_there_is_no_file(self, tmp_path: Path) -> None:
        assert read_options(tmp_path) == Options()

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("{", "does not hold JSON"),
            ('{"wibble": 1}', "no setting 'wibble'; there are max_parallel_jobs, kept_builds"),
            ('{"max_parallel_jobs": 0}', "from 1 to 64"),
            ('{"kept_builds": true}', "a whole number"),
        ],
        ids=["no JSON", "unknown", "too small", "no number"],
    )
    def test_what_cannot_be_is_refused(self, tmp_path: Path, text: str, said: str) -> None:
        (tmp_path / "settings.json").write_text(text)
        with pytest.raises(BadOptions, match=said):
            read_options(tmp_path)
