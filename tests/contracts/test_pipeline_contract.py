"""The contract of `orchestration.ports.Pipeline`; `stage.py` is the state machine that its executions run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestration.builds import Build
from orchestration.ports import BadRequest, Execution, Ports, UnknownExecution
from tests.contracts.stage import FakeStage, WireStage, until
from tests.contracts.test_builds_contract import create

Stage = FakeStage | WireStage


def ended(ports: Ports, build: Build) -> Execution:
    until(lambda: ports.pipeline.describe(build).status != "RUNNING")
    return ports.pipeline.describe(build)


class TestPipeline:
    def test_what_was_never_started_is_unknown(self, ports: Ports) -> None:
        build = create(ports)
        with pytest.raises(UnknownExecution, match=build.current_execution):
            ports.pipeline.describe(build)
        with pytest.raises(UnknownExecution):
            ports.pipeline.states_entered(build)
        ports.pipeline.stop(build, "nobody started it")

    def test_what_was_started_runs_and_starting_it_again_changes_nothing(self, ports: Ports) -> None:
        build = create(ports)
        ports.pipeline.start(build)
        first = ports.pipeline.describe(build)
        ports.pipeline.start(build)
        assert ports.pipeline.describe(build) == first
        assert (first.status, first.ended_at) == ("RUNNING", None)
        assert first.arn.endswith(f":{build.current_execution}")
        ports.pipeline.stop(build, "the test is over")

    def test_what_was_stopped_has_ended_for_good(self, ports: Ports) -> None:
        build = create(ports)
        ports.pipeline.start(build)
        ports.pipeline.stop(build, "somebody said so")
        stopped = ended(ports, build)
        assert stopped.status == "ABORTED"
        assert stopped.ended_at is not None
        ports.pipeline.stop(build, "again")
        ports.pipeline.start(build)
        assert replace(ports.pipeline.describe(build), ended_at=stopped.ended_at) == stopped

    @pytest.mark.usefixtures("not_moto")
    def test_who_stopped_it_is_known(self, ports: Ports) -> None:
        build = create(ports)
        ports.pipeline.start(build)
        ports.pipeline.stop(build, "somebody said so")
        stopped = ended(ports, build)
        assert (stopped.error, stopped.cause) == ("Stopped", "somebody said so")

    def test_a_resumed_build_has_an_execution_of_its_own(self, ports: Ports) -> None:
        build = create(ports)
        ports.pipeline.start(build)
        resumed = replace(build, resume_count=1)
        with pytest.raises(UnknownExecution):
            ports.pipeline.describe(resumed)
        ports.pipeline.start(resumed)
        ports.pipeline.stop(build, "only this one")
        assert ended(ports, build).status == "ABORTED"
        assert ports.pipeline.describe(resumed).status == "RUNNING"
        ports.pipeline.stop(resumed, "the test is over")

    def test_an_answered_token_lets_the_state_go_on_once(self, ports: Ports, stage: Stage) -> None:
        build = create(ports)
        ports.pipeline.start(build)
        token = stage.token(build.current_execution)
        ports.pipeline.complete(token, {"decision": "approved"})
        ports.pipeline.complete(token, {"decision": "rejected"})
        ports.pipeline.fail(token, "TooLate", "it was answered")
        assert ended(ports, build).status == "SUCCEEDED"
        assert ports.pipeline.states_entered(build) == ["Ask", "Answered"]

    def test_a_state_that_is_failed_says_why(self, ports: Ports, stage: Stage) -> None:
        build = create(ports)
        ports.pipeline.start(build)
        ports.pipeline.fail(stage.token(build.current_execution), "Rejected", "by Ada")
        failed = ended(ports, build)
        assert (failed.status, failed.error, failed.cause) == ("FAILED", "Rejected", "by Ada")
        assert ports.pipeline.states_entered(build) == ["Ask"]

    def test_a_state_that_waits_can_be_stopped(self, ports: Ports, stage: Stage) -> None:
        build = create(ports)
        ports.pipeline.start(build)
        token = stage.token(build.current_execution)
        ports.pipeline.stop(build, "while it waited")
        assert ended(ports, build).status == "ABORTED"
        ports.pipeline.complete(token, {})

    def test_a_token_that_nobody_waits_for_is_ignored(self, ports: Ports) -> None:
        ports.pipeline.complete("no such token", {})
        ports.pipeline.fail("no such token either", "E", "why")

    def test_a_build_without_jobs_has_nothing_to_stop_or_to_say(self, ports: Ports) -> None:
        build = create(ports)
        ports.pipeline.stop_jobs(build)
        ports.pipeline.stop_jobs(build)
        assert ports.pipeline.progress(build) == {}
        assert ports.pipeline.trials(build) == []

    def test_an_unknown_training_job_is_refused_by_name(self, ports: Ports) -> None:
        with pytest.raises(BadRequest, match="no-such-job"):
            ports.pipeline.training("no-such-job")
