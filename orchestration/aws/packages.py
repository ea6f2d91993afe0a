"""The model registry: a model package group a service, a version a build.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html. Versions have the tags of their
group; what differs from version to version is in their customer metadata.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from botocore.exceptions import ClientError

from orchestration.aws.clients import Clients, error_code, error_message, translated
from orchestration.aws.endpoints import ENVIRONMENT_TAG
from orchestration.builds import Environment, package_group
from orchestration.ports import NewPackage

MAX_PROPERTY_CHARS = 256  # CustomerMetadataProperties
NOT_IN_A_PROPERTY = re.compile(r"[^\w\s.:/=+\-@]", re.ASCII)
MAX_TOKEN_CHARS = 36  # ClientToken
MAX_DESCRIPTION_CHARS = 1024


class SageMakerPackages:
    """The port Packages."""

    def __init__(self, clients: Clients, environment: Environment) -> None:
        self._clients, self._environment = clients, environment

    def register(self, package: NewPackage) -> str:
        group = package_group(self._environment.name, package.service)
        self._make_group(group, package.service.key)
        with translated("register the model"):
            answer = self._clients("sagemaker").create_model_package(**self._request(group, package))
        return str(answer["ModelPackageArn"])

    def _request(self, group: str, package: NewPackage) -> dict[str, Any]:
        facts = {**package.facts, **{f"metric:{name}": f"{value:.6g}" for name, value in package.metrics.items()}}
        return {
            "ModelPackageGroupName": group,
            "ModelPackageDescription": package.description[:MAX_DESCRIPTION_CHARS],
            "InferenceSpecification": {
                "Containers": [{"Image": package.image, "ModelDataUrl": package.artifact}],
                "SupportedContentTypes": ["text/csv", "application/json"],
                "SupportedResponseMIMETypes": ["text/csv", "application/json"],
            },
            "ModelApprovalStatus": "Approved" if package.approved else "PendingManualApproval",
            "CustomerMetadataProperties": {
                name: NOT_IN_A_PROPERTY.sub("", value)[:MAX_PROPERTY_CHARS] for name, value in facts.items() if value
            },
            "ClientToken": hashlib.sha256(package.token.encode()).hexdigest()[:MAX_TOKEN_CHARS],
        }

    def _make_group(self, group: str, service: str) -> None:
        sagemaker = self._clients("sagemaker")
        try:
            with translated("look for the model's group"):
                sagemaker.describe_model_package_group(ModelPackageGroupName=group)
            return
        except ClientError as error:
            if error_code(error) not in ("ValidationException", "ResourceNotFound"):
                raise
        try:
            with translated("make the model's group"):
                sagemaker.create_model_package_group(
                    ModelPackageGroupName=group,
                    ModelPackageGroupDescription=f"Versions of {service}, registered by SageBuild.",
                    Tags=[
                        {"Key": ENVIRONMENT_TAG, "Value": self._environment.name},
                        {"Key": "sagebuild:service", "Value": service},
                    ],
                )
        except ClientError as error:
            if "exist" not in error_message(error).lower():  # somebody else made it at the same time
                raise

    def decide(self, arn: str, approved: bool, reason: str) -> None:
        with translated("write the decision on the registered model"):
            self._clients("sagemaker").update_model_package(
                ModelPackageArn=arn,
                ModelApprovalStatus="Approved" if approved else "Rejected",
                **({"ApprovalDescription": reason[:MAX_DESCRIPTION_CHARS]} if reason else {}),
            )
