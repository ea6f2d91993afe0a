"""Application Auto Scaling as it is kept locally."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.local.local_sagemaker.errors import LocalSageMakerError
from orchestration.local.scaling import Scaling
from orchestration.local.storage import Storage
from tests.orchestration.shape_walker import check_response

TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/e/variant/main",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
POLICY = {
    **TARGET,
    "PolicyName": "p",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0},
}


class Register:
    """Scaling over one storage; every answer is checked against the service model."""

    def __init__(self, storage: Storage) -> None:
        variants = {"e": ["main"], "f": ["main"]}
        self._scaling = Scaling(storage, lambda name: variants.get(name, []), "123456789012", "us-east-1")

    def __call__(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        answer = self._scaling.call(operation, request)
        check_response("application-autoscaling", operation, answer)
        return answer


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Register]:
    storage = Storage(tmp_path / "engine.db")
    yield Register(storage)
    storage.close()


def test_a_target_is_registered_changed_and_described(call: Register) -> None:
    arn = call("RegisterScalableTarget", {**TARGET, "MinCapacity": 1, "MaxCapacity": 2})["ScalableTargetARN"]
    assert call("RegisterScalableTarget", {**TARGET, "MaxCapacity": 3})["ScalableTargetARN"] == arn
    call(
        "RegisterScalableTarget",
        {**TARGET, "ResourceId": "endpoint/f/variant/main", "MinCapacity": 1, "MaxCapacity": 1},
    )
    asked = {"ServiceNamespace": "sagemaker", "ResourceIds": [TARGET["ResourceId"]]}
    [target] = call("DescribeScalableTargets", asked)["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"], target["ScalableTargetARN"]) == (1, 3, arn)
    assert len(call("DescribeScalableTargets", {"ServiceNamespace": "sagemaker"})["ScalableTargets"]) == 2
    assert call("DescribeScalableTargets", {"ServiceNamespace": "ecs"})["ScalableTargets"] == []


def test_policies_are_their_targets(call: Register) -> None:
    with pytest.raises(LocalSageMakerError, match="No scalable target"):
        call("PutScalingPolicy", POLICY)
    call("RegisterScalableTarget", {**TARGET, "MinCapacity": 1, "MaxCapacity": 2})
    arn = call("PutScalingPolicy", POLICY)["PolicyARN"]
    assert call("PutScalingPolicy", {**POLICY, "PolicyName": "q"})["PolicyARN"] != arn
    assert call("PutScalingPolicy", POLICY)["PolicyARN"] == arn
    asked = {"ServiceNamespace": "sagemaker", "PolicyNames": ["p"]}
    [policy] = call("DescribeScalingPolicies", asked)["ScalingPolicies"]
    assert policy["TargetTrackingScalingPolicyConfiguration"] == {"TargetValue": 70.0}
    named = {**TARGET, "PolicyName": "q"}
    call("DeleteScalingPolicy", named)
    with pytest.raises(LocalSageMakerError, match="No scaling policy"):
        call("DeleteScalingPolicy", named)
    call("DeregisterScalableTarget", TARGET)
    assert call("DescribeScalingPolicies", {"ServiceNamespace": "sagemaker"})["ScalingPolicies"] == []
    with pytest.raises(LocalSageMakerError, match="No scalable target"):
        call("DeregisterScalableTarget", TARGET)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"MinCapacity": 3, "MaxCapacity": 2}, "cannot be less"),
        ({"MinCapacity": 1}, "needs MaxCapacity"),
        ({"ResourceId": "endpoint/none/variant/main", "MinCapacity": 1, "MaxCapacity": 2}, "no endpoint variant"),
        ({"ResourceId": "service/x", "MinCapacity": 1, "MaxCapacity": 2}, "only variants of endpoints"),
        ({"ScalableDimension": "nothing", "MinCapacity": 1, "MaxCapacity": 2}, "enum value set"),
    ],
    ids=["order", "missing", "no endpoint", "not an endpoint", "dimension"],
)
def test_what_cannot_be_registered_is_refused(call: Register, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(LocalSageMakerError, match=said):
        call("RegisterScalableTarget", {**TARGET, **changes})


def test_an_operation_that_there_is_not_is_named(call: Register) -> None:
    with pytest.raises(LocalSageMakerError, match="RegisterScalableTarget.* only"):
        call("PutScheduledAction", {})
