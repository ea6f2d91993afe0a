"""The contract of `orchestration.ports.Endpoints`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orchestration.ports import CHANGING, BadPrediction, Conflict, Endpoint, NotSettled, Ports, UnknownEndpoint
from tests.contracts.stage import FakeStage, WireStage, fresh_endpoint, until

Stage = FakeStage | WireStage


def deployed(ports: Ports, stage: Stage) -> Endpoint:
    """An endpoint of ours that serves."""
    name = fresh_endpoint(stage.environment)
    ports.endpoints.deploy(name, stage.config(), tags(stage))
    stage.settle(name)
    return ports.endpoints.describe(name)


def tags(stage: Stage) -> dict[str, str]:
    return {"sagebuild:environment": stage.environment.name}


class TestEndpoints:
    def test_what_is_not_there_is_unknown(self, ports: Ports, stage: Stage) -> None:
        name = fresh_endpoint(stage.environment)
        with pytest.raises(UnknownEndpoint, match=name):
            ports.endpoints.describe(name)
        with pytest.raises(UnknownEndpoint, match=name):
            ports.endpoints.delete(name)

    def test_what_was_deployed_comes_up_and_is_listed(self, ports: Ports, stage: Stage) -> None:
        name, config = fresh_endpoint(stage.environment), stage.config()
        ports.endpoints.deploy(name, config, tags(stage))
        assert ports.endpoints.describe(name).status in {"InService", *CHANGING}
        stage.settle(name)
        endpoint = ports.endpoints.describe(name)
        assert (endpoint.name, endpoint.status, endpoint.config_name) == (name, "InService", config)
        later = deployed(ports, stage)
        listed = [one.name for one in ports.endpoints.all()]
        assert listed.index(later.name) < listed.index(name)
        ports.endpoints.delete(later.name)
        ports.endpoints.delete(name)

    def test_deploying_what_is_there_changes_nothing(self, ports: Ports, stage: Stage) -> None:
        endpoint = deployed(ports, stage)
        ports.endpoints.deploy(endpoint.name, endpoint.config_name, tags(stage))
        assert ports.endpoints.describe(endpoint.name) == endpoint
        ports.endpoints.delete(endpoint.name)

    @pytest.mark.usefixtures("not_moto")
    def test_an_update_is_in_place_and_one_at_a_time(self, ports: Ports, stage: Stage) -> None:
        endpoint, second = deployed(ports, stage), stage.config()
        ports.endpoints.deploy(endpoint.name, second, tags(stage))
        ports.endpoints.deploy(endpoint.name, second, tags(stage))
        assert ports.endpoints.describe(endpoint.name).status == "Updating"
        assert ports.endpoints.predict(endpoint.name, [[1.0, 1.0]])
        third = stage.config()
        if ports.endpoints.describe(endpoint.name).status == "Updating":
            with pytest.raises(NotSettled):
                ports.endpoints.deploy(endpoint.name, third, tags(stage))
        stage.settle(endpoint.name)
        after = ports.endpoints.describe(endpoint.name)
        assert (after.config_name, after.created_at) == (second, endpoint.created_at)
        ports.endpoints.delete(endpoint.name)

    @pytest.mark.usefixtures("not_moto")
    def test_what_failed_to_come_up_is_made_anew(self, ports: Ports, stage: Stage) -> None:
        name = fresh_endpoint(stage.environment)
        ports.endpoints.deploy(name, stage.config(works=False), tags(stage))
        stage.settle(name, failed=True)
        assert ports.endpoints.describe(name).failure_reason
        good = stage.config()

        def is_deployed() -> bool:
            try:
                ports.endpoints.deploy(name, good, tags(stage))
            except NotSettled:
                return False
            return True

        until(is_deployed)
        stage.settle(name)
        assert ports.endpoints.describe(name).config_name == good
        ports.endpoints.delete(name)

    def test_what_is_not_ours_is_neither_listed_nor_deployed_to(self, ports: Ports, stage: Stage) -> None:
        name = stage.foreign_endpoint()
        assert name not in {one.name for one in ports.endpoints.all()}
        with pytest.raises(Conflict, match=name):
            ports.endpoints.deploy(name, stage.config(), tags(stage))
        ports.endpoints.delete(name)

    @pytest.mark.usefixtures("not_moto")
    def test_a_prediction_a_row(self, ports: Ports, stage: Stage) -> None:
        name = deployed(ports, stage).name
        first, second = ports.endpoints.predict(name, [[1.0, 1.0], [0.0, 2.0]])
        assert abs(first.mean - 6.7) < 0.5
        assert abs(second.mean - 10.4) < 0.5
        assert first.std is not None
        [without] = ports.endpoints.predict(name, [[1.0, 1.0]], with_std=False)
        assert (without.mean, without.std) == (pytest.approx(first.mean), None)
        with pytest.raises(BadPrediction, match="takes 2"):
            ports.endpoints.predict(name, [[1.0, 2.0, 3.0]])
        with pytest.raises(UnknownEndpoint):
            ports.endpoints.predict(fresh_endpoint(stage.environment), [[1.0, 1.0]])
        ports.endpoints.delete(name)

    @pytest.mark.usefixtures("not_moto")
    def test_requests_are_counted(self, ports: Ports, stage: Stage) -> None:
        name = deployed(ports, stage).name
        since = datetime.now(UTC) - timedelta(hours=3)
        assert ports.endpoints.invocations(name, since) == 0
        for _ in range(3):
            ports.endpoints.predict(name, [[1.0, 1.0]])
        assert ports.endpoints.invocations(name, since) == 3
        ports.endpoints.delete(name)

    @pytest.mark.usefixtures("not_moto")
    def test_scaling_is_set_again_and_taken_away_twice(self, ports: Ports, stage: Stage) -> None:
        name = deployed(ports, stage).name
        for least, most in ((1, 2), (1, 2), (1, 4), (0, 0), (0, 0)):
            ports.endpoints.keep_scaling(name, "main", least, most, 100)
        ports.endpoints.delete(name)

    def test_deleting_leaves_nothing(self, ports: Ports, stage: Stage) -> None:
        endpoint = deployed(ports, stage)
        ports.endpoints.delete(endpoint.name)

        def is_gone() -> bool:
            try:
                ports.endpoints.describe(endpoint.name)
            except UnknownEndpoint:
                return True
            return False

        until(is_gone)
        assert not stage.there(endpoint.config_name)

    def test_a_configuration_is_discarded_with_its_model(self, ports: Ports, stage: Stage) -> None:
        config = stage.config()
        ports.endpoints.discard(config)
        ports.endpoints.discard(config)
        assert not stage.there(config)
