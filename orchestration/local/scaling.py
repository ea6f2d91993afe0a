"""Application Auto Scaling as far as endpoints need it: what is registered is kept and described, and nothing scales.

One machine has one copy of each model. Shapes: https://docs.aws.amazon.com/autoscaling/application/APIReference/; the
requests are validated against botocore's model. moto's own would load its EC2.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from orchestration.local.local_sagemaker.context import Document, as_datetime
from orchestration.local.local_sagemaker.errors import LocalSageMakerError, UnknownOperation, ValidationException
from orchestration.local.local_sagemaker.validation import RequestRefused, validated
from orchestration.local.storage import Storage

SERVICE = "application-autoscaling"
_TARGETS, _POLICIES = "scalable-target", "scaling-policy"


class ObjectNotFound(LocalSageMakerError):
    """There is no such target or policy."""

    code = "ObjectNotFoundException"
    http_status = 400


class Scaling:
    """The scalable targets and scaling policies of one folder. Safe for several threads."""

    def __init__(self, storage: Storage, variants: Callable[[str], list[str]], account: str, region: str) -> None:
        """variants(endpoint) gives the names of an endpoint's variants, or nothing when there is no such endpoint."""
        self._storage, self._variants, self._account, self._region = storage, variants, account, region
        self.operations: Mapping[str, Callable[[Document], Document]] = {
            "RegisterScalableTarget": self._register,
            "DeregisterScalableTarget": self._deregister,
            "DescribeScalableTargets": self._describe_targets,
            "PutScalingPolicy": self._put_policy,
            "DeleteScalingPolicy": self._delete_policy,
            "DescribeScalingPolicies": self._describe_policies,
        }

    def call(self, operation: str, request: Mapping[str, object]) -> Document:
        """Carry out one operation, as `LocalSageMaker.call` does. Raises LocalSageMakerError."""
        carry_out = self.operations.get(operation)
        if carry_out is None:
            raise UnknownOperation(f"Locally, Application Auto Scaling has {', '.join(self.operations)} only.")
        try:
            return carry_out(validated(SERVICE, operation, request))
        except RequestRefused as error:
            raise ValidationException(str(error)) from error

    def _register(self, request: Document) -> Document:
        before = self._storage.documents(_TARGETS).get(_name(request))
        self._check_resource(request)
        document = {**(before or {"CreationTime": time.time(), "SuspendedState": {}}), **request}
        if missing := [name for name in ("MinCapacity", "MaxCapacity") if name not in document]:
            raise ValidationException(f"A new scalable target needs {' and '.join(missing)}.")
        if document["MinCapacity"] > document["MaxCapacity"]:
            raise ValidationException("Maximum capacity cannot be less than minimum capacity")
        document.setdefault("RoleARN", f"arn:aws:iam::{self._account}:role/local-scaling")
        document.setdefault("ScalableTargetARN", self._arn("scalable-target", uuid.uuid4().hex))
        document.pop("Tags", None)
        self._storage.save_document(_TARGETS, _name(request), document)
        return {"ScalableTargetARN": document["ScalableTargetARN"]}

    def _deregister(self, request: Document) -> Document:
        self._target(request)
        for name in self._policies_of(request):
            self._storage.delete_document(_POLICIES, name)
        self._storage.delete_document(_TARGETS, _name(request))
        return {}

    def _describe_targets(self, request: Document) -> Document:
        wanted = request.get("ResourceIds")
        found = [
            {**document, "CreationTime": as_datetime(document["CreationTime"])}
            for document in self._storage.documents(_TARGETS).values()
            if _is_of(document, request) and (not wanted or document["ResourceId"] in wanted)
        ]
        return {"ScalableTargets": found}

    def _put_policy(self, request: Document) -> Document:
        self._target(request)
        name = f"{_name(request)} {request['PolicyName']}"
        before = self._storage.documents(_POLICIES).get(name, {})
        if not before and "PolicyType" not in request:
            raise ValidationException("A new scaling policy needs PolicyType.")
        document = {
            "PolicyARN": self._arn("scalingPolicy", f"{uuid.uuid4()}:policyName/{request['PolicyName']}"),
            "CreationTime": time.time(),
            "Alarms": [],
            **before,
            **request,
        }
        self._storage.save_document(_POLICIES, name, document)
        return {"PolicyARN": document["PolicyARN"], "Alarms": []}

    def _delete_policy(self, request: Document) -> Document:
        name = f"{_name(request)} {request['PolicyName']}"
        if name not in self._storage.documents(_POLICIES):
            raise ObjectNotFound(f"No scaling policy found for {name}")
        self._storage.delete_document(_POLICIES, name)
        return {}

    def _describe_policies(self, request: Document) -> Document:
        wanted = request.get("PolicyNames")
        found = [
            {**document, "CreationTime": as_datetime(document["CreationTime"])}
            for document in self._storage.documents(_POLICIES).values()
            if _is_of(document, request) and (not wanted or document["PolicyName"] in wanted)
        ]
        return {"ScalingPolicies": found}

    def _target(self, request: Document) -> Document:
        target = self._storage.documents(_TARGETS).get(_name(request))
        if target is None:
            raise ObjectNotFound(f"No scalable target found for {_name(request)}")
        return target

    def _policies_of(self, request: Document) -> list[str]:
        policies = self._storage.documents(_POLICIES)
        return [name for name, document in policies.items() if _name(document) == _name(request)]

    def _check_resource(self, request: Document) -> None:
        resource: str = request["ResourceId"]
        kind, endpoint, *rest = [*resource.split("/"), "", ""]
        if request["ServiceNamespace"] != "sagemaker" or kind != "endpoint" or rest[:1] != ["variant"]:
            raise ValidationException(f"Locally only variants of endpoints can be registered; got {resource!r}.")
        if rest[1] not in self._variants(endpoint):
            raise ValidationException(f"There is no endpoint variant {resource!r}.")

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:aws:autoscaling:{self._region}:{self._account}:{kind}:{name}"


def _name(request: Mapping[str, Any]) -> str:
    return " ".join(request[member] for member in ("ServiceNamespace", "ResourceId", "ScalableDimension"))


def _is_of(document: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    """Whether a document has what a Describe request asks for."""
    members = ("ServiceNamespace", "ResourceId", "ScalableDimension")
    return all(member not in request or document[member] == request[member] for member in members)
