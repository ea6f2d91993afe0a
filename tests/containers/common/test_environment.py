"""containers/common/environment.py and paths.py: defaults, what is read, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from containers.common import environment
from containers.common.errors import ContractError
from containers.common.paths import Paths


def test_without_variables_it_is_a_sagemaker_container() -> None:
    paths = Paths.from_environment({})
    assert str(paths.hyperparameters) == "/opt/ml/input/config/hyperparameters.json"
    assert str(paths.channel("train")) == "/opt/ml/input/data/train"
    assert str(paths.model) == "/opt/ml/model"
    assert str(paths.failure) == "/opt/ml/output/failure"
    assert (environment.bind_host({}), environment.bind_port({})) == ("0.0.0.0", 8080)
    assert (environment.target({}), environment.blas_threads({})) == (None, None)
    assert environment.max_body_bytes({}) == 25 * 1024 * 1024


def test_the_variables_are_read() -> None:
    assert Paths.from_environment({"SAGEBUILD_CONTAINER_ROOT": "/tmp/job"}).root == Path("/tmp/job")
    assert environment.bind_port({"SAGEMAKER_BIND_TO_PORT": "0"}) == 0
    assert environment.blas_threads({"SAGEBUILD_BLAS_THREADS": " 2 "}) == 2
    assert environment.target({"SAGEBUILD_TARGET": "price"}) == "price"


@pytest.mark.parametrize(
    ("variables", "limit"),
    [
        ({"SAGEMAKER_MAX_PAYLOAD_IN_MB": "100"}, 100 * 1024 * 1024),
        ({"SAGEMAKER_MAX_PAYLOAD_IN_MB": "0"}, 25 * 1024 * 1024),
        ({"SAGEMAKER_MAX_PAYLOAD_IN_MB": "6", "SAGEBUILD_MAX_BODY_BYTES": "10"}, 10),
    ],
    ids=["batch", "chunked", "ours-first"],
)
def test_the_body_limit(variables: dict[str, str], limit: int) -> None:
    assert environment.max_body_bytes(variables) == limit


@pytest.mark.parametrize("text", ["-1", "65536", "80a", "8.5", "٣", "9" * 5000], ids=lambda text: text[:6])
def test_a_bad_port_is_refused(text: str) -> None:
    with pytest.raises(ContractError, match="^SAGEMAKER_BIND_TO_PORT is .* must be a whole number from 0 to 65535.$"):
        environment.bind_port({"SAGEMAKER_BIND_TO_PORT": text})
