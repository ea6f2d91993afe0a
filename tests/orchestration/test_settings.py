"""What a build is run with, and how a process is told where things are."""

from __future__ import annotations

import pytest

from orchestration.builds import Environment, Json
from orchestration.ports import BadSettings
from orchestration.settings import BuildSettings, effective, environment_from_variables, environment_variables


def test_defaults_then_the_document_then_the_overrides() -> None:
    stored: dict[str, Json] = {"schema_version": 1, "training_timeout_s": 900, "training_instance_count": 2}
    settings = effective(stored, {"training_timeout_s": 600})
    assert (settings.training_timeout_s, settings.training_instance_count) == (600, 2)
    assert settings.endpoint_instance_type == BuildSettings().endpoint_instance_type


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"wibble": 1}, "no setting 'wibble'; there are default_model"),
        ({"training_timeout_s": 10}, "training_timeout_s is 10, but must be from 60 to 2419200"),
        ({"training_timeout_s": "long"}, "must be a whole number"),
        ({"deploy_after_training": 1}, "must be yes or no"),
        ({"training_instance_count": True}, "must be a whole number"),
        ({"endpoint_memory_mb": 1500}, "one of 1024, 2048"),
        ({"training_instance_type": "huge"}, "such as ml.m5.large"),
        ({"tuning_strategy": "Guess"}, "one of Bayesian, Random, Grid, Hyperband"),
        ({"tuning_jobs": 2, "tuning_parallel_jobs": 3}, "more than the 2 jobs"),
        ({"spot": True, "training_timeout_s": 2_419_200}, "28 days"),
        ({"endpoint_instance_count": 3, "endpoint_max_count": 2}, "0 turns autoscaling off"),
        ({"approval_required": False}, "belongs to the environment"),
        ({"gate_threshold": 100.0}, "belongs to the environment"),
        ({"images": {"gp": "evil"}}, "belongs to the environment"),
    ],
    ids=[
        "unknown",
        "out of range",
        "text",
        "not a flag",
        "flag for a number",
        "memory",
        "instance type",
        "choice",
        "more at once than in all",
        "spot too long",
        "scaling",
        "approval",
        "gate",
        "image",
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(overrides: dict[str, Json], said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        effective({}, overrides)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"images": "gp"}, "must be a JSON object"),
        ({"models": {}}, "must be a JSON list"),
        ({"gate_threshold": "low"}, "must be a number or null"),
        ({"services": {"gp/toy": 3}}, "services must be an object"),
    ],
    ids=["not an object", "not a list", "not a number", "not a service's settings"],
)
def test_a_document_is_checked_as_a_request_is(document: dict[str, Json], said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        effective(document, {}, "gp/toy")


def test_a_services_own_settings_are_above_the_environments_and_below_the_requests() -> None:
    document: dict[str, Json] = {"tuning_jobs": 20, "services": {"gp/toy": {"tuning_jobs": 30, "gate_threshold": 1.2}}}
    assert effective(document, {}, "gp/toy").tuning_jobs == 30
    assert effective(document, {"tuning_jobs": 40}, "gp/toy").tuning_jobs == 40
    assert effective(document, {}, "gp/diabetes").tuning_jobs == 20
    assert effective(document, {}, "gp/toy").gate_threshold == 1.2


def test_a_document_of_another_schema_is_refused() -> None:
    with pytest.raises(BadSettings, match="schema version 2"):
        effective({"schema_version": 2}, {})


def test_an_effective_document_is_a_document_again() -> None:
    settings = effective({"approval_required": True}, {"training_timeout_s": 600})
    assert effective(settings.to_json(), {}) == settings


def test_an_environment_is_read_back_from_its_variables() -> None:
    environment = Environment("dev", "eu-west-1", builds_table="b", notices_topic_arn="t")
    assert environment_from_variables(environment_variables(environment)) == environment


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(BadSettings, match="SAGEBUILD_ENVIRONMENT"):
        environment_from_variables({"AWS_REGION": "eu-west-1"})
    with pytest.raises(BadSettings, match="AWS_REGION"):
        environment_from_variables({"SAGEBUILD_ENVIRONMENT": "dev"})
