"""Endpoints on SageMaker: ours are those whose tag names this environment; the service is read from the name."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from orchestration.aws import scaling
from orchestration.aws.clients import Clients, error_code, error_message, translated
from orchestration.builds import VARIANT, Environment, number_of_config, service_of_endpoint
from orchestration.ports import (
    CHANGING,
    BadPrediction,
    Conflict,
    Endpoint,
    NotSettled,
    Prediction,
    Unavailable,
    UnknownEndpoint,
)

MAX_BODY_BYTES = 6_291_456  # InvokeEndpoint
MAX_POINTS = 1440  # GetMetricStatistics
ENVIRONMENT_TAG = "sagebuild:environment"


class SageMakerEndpoints:
    """The port Endpoints."""

    def __init__(self, clients: Clients, environment: Environment) -> None:
        self._clients, self._environment = clients, environment

    def all(self) -> list[Endpoint]:
        request: dict[str, Any] = {
            "NameContains": f"{self._environment.name}-",
            "SortBy": "CreationTime",
            "SortOrder": "Descending",
            "MaxResults": 100,
        }
        found: list[Endpoint] = []
        while True:
            with translated("list the endpoints"):
                answer = self._clients("sagemaker").list_endpoints(**request)
            for summary in answer["Endpoints"]:
                endpoint = self._ours(summary["EndpointName"])
                found += [endpoint] if endpoint is not None else []
            if not answer.get("NextToken"):
                return found
            request["NextToken"] = answer["NextToken"]

    def _ours(self, name: str) -> Endpoint | None:
        """The endpoint if it has our tag; None when it has not, or was deleted since the list."""
        try:
            described, tags = self._describe(name)
        except UnknownEndpoint:
            return None
        return self._endpoint(described) if tags.get(ENVIRONMENT_TAG) == self._environment.name else None

    def describe(self, name: str) -> Endpoint:
        return self._endpoint(self._describe(name)[0])

    def _describe(self, name: str) -> tuple[dict[str, Any], dict[str, str]]:
        try:
            with translated("look at an endpoint"):
                described = self._clients("sagemaker").describe_endpoint(EndpointName=name)
                tags = self._clients("sagemaker").list_tags(ResourceArn=described["EndpointArn"])["Tags"]
        except ClientError as error:
            if is_absent(error):
                raise UnknownEndpoint(f"There is no endpoint {name}.") from error
            raise
        return described, {tag["Key"]: tag["Value"] for tag in tags}

    def _endpoint(self, described: Mapping[str, Any]) -> Endpoint:
        return Endpoint(
            name=described["EndpointName"],
            status=described["EndpointStatus"],
            config_name=described.get("EndpointConfigName", ""),
            created_at=described["CreationTime"],
            updated_at=described["LastModifiedTime"],
            service=service_of_endpoint(self._environment.name, described["EndpointName"]),
            build_number=number_of_config(self._environment.name, described.get("EndpointConfigName", "")),
            failure_reason=described.get("FailureReason", ""),
        )

    def deploy(self, name: str, config_name: str, tags: Mapping[str, str]) -> None:
        sagemaker = self._clients("sagemaker")
        try:
            described, live_tags = self._describe(name)
        except UnknownEndpoint:
            listed = [{"Key": key, "Value": value} for key, value in tags.items()]
            with translated("create the endpoint"):
                sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config_name, Tags=listed)
            return
        if live_tags.get(ENVIRONMENT_TAG) != self._environment.name:
            raise Conflict(f"There is an endpoint {name} already, and it is not SageBuild's: it has not our tag.")
        if config_name in (_pending(described), described.get("EndpointConfigName")):
            return
        if described["EndpointStatus"] == "Failed":
            self.delete(name)
            raise NotSettled(f"The endpoint {name} failed to come up before; it is deleted and created again.")
        if described["EndpointStatus"] in CHANGING:
            raise NotSettled(f"The endpoint {name} is {described['EndpointStatus']}; it is deployed to when it is not.")
        with translated("update the endpoint"):
            sagemaker.update_endpoint(
                EndpointName=name, EndpointConfigName=config_name, RetainAllVariantProperties=True
            )

    def keep_scaling(self, name: str, variant: str, least: int, most: int, invocations_per_instance: int) -> None:
        scaling.keep(self._clients, name, variant, least, most, invocations_per_instance)

    def invocations(self, name: str, since: datetime) -> int:
        now = datetime.now(UTC)
        seconds = max(60, math.ceil((now - since).total_seconds() / 60) * 60)
        with translated("read the endpoint's metrics"):
            answer = self._clients("cloudwatch").get_metric_statistics(
                Namespace="AWS/SageMaker",
                MetricName="Invocations",
                Dimensions=[{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": VARIANT}],
                StartTime=now - timedelta(seconds=seconds),
                EndTime=now,
                Period=max(60, math.ceil(seconds / MAX_POINTS / 60) * 60),
                Statistics=["Sum"],
            )
        return int(sum(point["Sum"] for point in answer["Datapoints"]))

    def predict(self, name: str, rows: Sequence[Sequence[float | str]], with_std: bool = True) -> list[Prediction]:
        body = json.dumps({"instances": [list(row) for row in rows], "return_std": with_std}).encode()
        if len(body) > MAX_BODY_BYTES:
            raise BadPrediction(f"{len(rows)} rows are {len(body):,} bytes; one request takes {MAX_BODY_BYTES:,}.")
        try:
            with translated("ask the endpoint"):
                answer = self._clients("sagemaker-runtime").invoke_endpoint(
                    EndpointName=name, ContentType="application/json", Accept="application/json", Body=body
                )
                body = answer["Body"].read()
        except ClientError as error:
            raise _refusal(name, error) from error
        try:
            return [_prediction(entry) for entry in json.loads(body)["predictions"]]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Unavailable(f"The model behind {name} answered something that is no list of predictions.") from error

    def delete(self, name: str) -> None:
        endpoint = self.describe(name)
        with translated("delete an endpoint"):
            models = self._models_of(endpoint.config_name)
            self._clients("sagemaker").delete_endpoint(EndpointName=name)
            self._remove(endpoint.config_name, models)

    def discard(self, config_name: str) -> None:
        with translated("delete an endpoint's old configuration"):
            self._remove(config_name, self._models_of(config_name))

    def _remove(self, config_name: str, models: Sequence[str]) -> None:
        """Delete what is there of them."""
        for operation, request in [
            ("delete_endpoint_config", {"EndpointConfigName": config_name}),
            *(("delete_model", {"ModelName": model}) for model in models),
        ]:
            try:
                getattr(self._clients("sagemaker"), operation)(**request)
            except ClientError as error:
                if not is_absent(error):
                    raise

    def _models_of(self, config_name: str) -> list[str]:
        try:
            config = self._clients("sagemaker").describe_endpoint_config(EndpointConfigName=config_name)
        except ClientError as error:
            if is_absent(error):
                return []
            raise
        return [variant["ModelName"] for variant in config["ProductionVariants"]]


def is_absent(error: ClientError) -> bool:
    """Whether the answer says that there is no such thing. SageMaker says so with the error of a wrong request."""
    code, message = error_code(error), error_message(error)
    return code.startswith("ResourceNotFound") or (
        code == "ValidationException" and message.startswith(("Could not find", "Cannot find", "Requested resource"))
    )


def _pending(described: Mapping[str, Any]) -> str | None:
    name: str | None = described.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
    return name


def _refusal(name: str, error: ClientError) -> BaseException:
    """What the endpoint's answer means: the model refused the inputs, failed, or there is no such endpoint."""
    unexpected: BaseException = error
    code = error_code(error)
    if code == "ModelError":
        reason = _reason(str(error.response.get("OriginalMessage") or error_message(error)))
        if 400 <= int(error.response.get("OriginalStatusCode") or 500) < 500:
            return BadPrediction(reason)
        return Unavailable(f"The model behind {name} failed: {reason}")
    if code == "ModelNotReadyException":
        return Unavailable(f"The model behind {name} is being started again.")
    if code == "ValidationError" or is_absent(error):
        return UnknownEndpoint(f"There is no endpoint {name} in service: {error_message(error)}")
    return unexpected


def _reason(text: str) -> str:
    """The container's `{"error": "..."}` as its sentence; other text as it is, cut."""
    try:
        document = json.loads(text)
    except ValueError:
        return text[:500]
    return str(document["error"]) if isinstance(document, dict) and "error" in document else text[:500]


def _prediction(entry: Mapping[str, Any]) -> Prediction:
    std = entry.get("std")
    return Prediction(
        mean=float(entry["mean"]),
        std=float(std) if std is not None else None,
        probabilities={str(k): float(v) for k, v in entry.get("probabilities", {}).items()},
    )
