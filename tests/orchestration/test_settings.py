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
        ({"images": "gp"}, "must be a JSON object"),
    ],
    ids=["unknown", "out of range", "text", "not a flag", "flag for a number", "not an object"],
)
def test_what_is_wrong_is_named_with_what_is_allowed(overrides: dict[str, Json], said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        effective({}, overrides)


def test_a_document_of_another_schema_is_refused() -> None:
    with pytest.raises(BadSettings, match="schema version 2"):
        effective({"schema_version": 2}, {})


def test_an_effective_document_is_a_document_again() -> None:
    settings = effective({}, {"training_timeout_s": 600})
    assert effective(settings.to_json(), {}) == settings


def test_an_environment_is_read_back_from_its_variables() -> None:
    environment = Environment("dev", "eu-west-1", builds_table="b", notices_topic_arn="t")
    assert environment_from_variables(environment_variables(environment)) == environment


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(BadSettings, match="SAGEBUILD_ENVIRONMENT"):
        environment_from_variables({"AWS_REGION": "eu-west-1"})
    with pytest.raises(BadSettings, match="AWS_REGION"):
        environment_from_variables({"SAGEBUILD_ENVIRONMENT": "dev"})
