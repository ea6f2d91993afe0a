"""Names, statuses and transitions."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

import pytest

from orchestration.builds import (
    ENDED,
    TRANSITIONS,
    WORKING,
    Build,
    BuildKind,
    BuildStatus,
    Environment,
    Requester,
    Service,
    build_prefix,
    config_name,
    endpoint_name,
    execution_name,
    first_execution,
    number_of_config,
    service_of_endpoint,
)


def test_an_executions_name_is_made_from_the_delivery_alone() -> None:
    digest = hashlib.sha256(b"Ev123").hexdigest()
    assert execution_name("slack", "Ev123") == f"slack-{digest[:32]}"
    assert len(execution_name("schedule", "x" * 5000)) <= 80  # StartExecution


def build(number: int = 12, execution: str = "console-1", resumed: int = 0) -> Build:
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    somebody = Requester("ada", "Ada", "console", "c")
    return Build(
        number,
        BuildKind.TRAIN,
        Service("gp", "toy"),
        somebody,
        BuildStatus.QUEUED,
        execution,
        moment,
        moment,
        resume_count=resumed,
    )


def test_names_fit_a_tuning_job_and_are_never_used_twice() -> None:
    assert re.fullmatch(r"dev-b12-[0-9a-f]{4}", build_prefix("dev", build()))
    longest = build_prefix("staging1", build(9_999_999, resumed=99))
    assert len(f"{longest}-tune-0") <= 32
    others = [build(), build(execution="console-2"), build(resumed=1), build(number=1)]
    assert len({build_prefix("dev", one) for one in others}) == 4


def test_endpoint_names_are_stable_fit_and_tell_services_apart() -> None:
    assert endpoint_name("dev", Service("gp", "toy")) == "dev-gp-toy"
    assert len(endpoint_name("e" * 8, Service("m" * 16, "d" * 32))) <= 63
    for service in (Service("gp", "a-b"), Service("keras", "toy")):
        assert service_of_endpoint("dev", endpoint_name("dev", service)) == service
    assert service_of_endpoint("prod", "dev-gp-toy") is None


def test_the_build_of_a_configuration_is_read_from_its_name() -> None:
    for one in (build(), build(resumed=2)):
        assert number_of_config("dev", config_name("dev", one)) == 12
        assert number_of_config("prod", config_name("dev", one)) is None
    assert number_of_config("dev", "dev-b12-config") is None


def test_each_resume_is_an_execution_of_its_own() -> None:
    assert build().current_execution == "console-1"
    assert build(resumed=2).current_execution == "console-1-r2"
    assert first_execution("console-1-r2") == "console-1"


@pytest.mark.parametrize("name", ["", "production", "dev-b1", "Dev"])
def test_an_environments_name_is_one_to_eight_letters_and_digits(name: str) -> None:
    with pytest.raises(ValueError, match="8"):
        Environment(name, "eu-west-1")


def test_every_status_has_transitions_and_every_working_one_can_end() -> None:
    assert set(TRANSITIONS) == set(BuildStatus)
    for status in WORKING:
        assert {BuildStatus.STOPPED, BuildStatus.ERROR} <= TRANSITIONS[status]
        assert status not in TRANSITIONS[status]


def test_a_build_never_goes_back_but_to_be_resumed() -> None:
    order = {status: index for index, status in enumerate(WORKING)}
    for status in WORKING:
        assert all(order[later] > order[status] for later in TRANSITIONS[status] & set(WORKING))
    assert all(not TRANSITIONS[status] & set(WORKING) for status in ENDED)


def test_a_queued_build_cannot_be_ready() -> None:
    assert BuildStatus.READY not in TRANSITIONS[BuildStatus.QUEUED]


def test_a_services_key_is_read_back() -> None:
    assert Service.from_key(Service("gp", "toy").key) == Service("gp", "toy")
