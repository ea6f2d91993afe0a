"""Application Auto Scaling of an endpoint's variant, by invocations a minute and instance.

https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling.html. The target is the variant, not its
configuration: an update under the same variant name keeps it.
"""

from __future__ import annotations

from orchestration.aws.clients import Clients, translated

NAMESPACE = "sagemaker"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
POLICY = "sagebuild-invocations"
COOLDOWN_S = 300


def keep(clients: Clients, endpoint: str, variant: str, least: int, most: int, invocations_per_instance: int) -> None:
    """Register the target and its policy anew, or, when most is 0, remove them."""
    resource = f"endpoint/{endpoint}/variant/{variant}"
    autoscaling = clients("application-autoscaling")
    target = {"ServiceNamespace": NAMESPACE, "ResourceId": resource, "ScalableDimension": DIMENSION}
    with translated("set the endpoint's autoscaling"):
        if not most:
            there = autoscaling.describe_scalable_targets(ServiceNamespace=NAMESPACE, ResourceIds=[resource])
            if there["ScalableTargets"]:
                autoscaling.deregister_scalable_target(**target)
            return
        autoscaling.register_scalable_target(**target, MinCapacity=least, MaxCapacity=most)
        autoscaling.put_scaling_policy(
            **target,
            PolicyName=POLICY,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": float(invocations_per_instance),
                "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
                "ScaleInCooldown": COOLDOWN_S,
                "ScaleOutCooldown": COOLDOWN_S,
            },
        )
