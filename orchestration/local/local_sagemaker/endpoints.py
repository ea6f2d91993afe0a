"""Endpoints as whoever asks sees them: create, update, describe, list, delete, invoke.

What is asked for is checked here and carried out by `deployment.py`; one request to a container is `invocation.py`.
Shapes: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html. As on the service, an
update brings the new process up before any request goes to it, the old one serves until then and finishes what it has
begun, and after an update that failed the old one goes on serving under its own config's name. DeploymentConfig is
taken and has no effect: all traffic moves at once. An update to the config that already serves deploys it anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from orchestration.local.local_sagemaker.context import Context, Document, as_datetime
from orchestration.local.local_sagemaker.deployment import Deployments
from orchestration.local.local_sagemaker.endpoint_records import (
    CREATING,
    DELETING,
    FAILED,
    IN_SERVICE,
    UPDATING,
    EndpointRecord,
    Generation,
)
from orchestration.local.local_sagemaker.errors import ModelError, RuntimeValidationError, ValidationException
from orchestration.local.local_sagemaker.hosting import EndpointConfigs, Models
from orchestration.local.local_sagemaker.invocation import TIMEOUT_S, Invocation, InvocationResult, NotReached, send
from orchestration.local.local_sagemaker.job_folder import now
from orchestration.local.local_sagemaker.listing import Entry, list_page
from orchestration.local.local_sagemaker.rules import model_data, primary_container
from orchestration.local.local_sagemaker.serving import log_file
from orchestration.local.local_sagemaker.tags import Tag

_REFUSED_S = 1.0  # a living process that takes no connection for so long has a fault of its own
_REFUSED_POLL_S = 0.02


class Endpoints:
    """All endpoints of one local SageMaker. Safe for several threads; one such object a state folder."""

    def __init__(
        self,
        context: Context,
        models: Models,
        configs: EndpointConfigs,
        on_change: Callable[[str, str], None],
        on_invocation: Callable[[str, str], None],
    ) -> None:
        """`on_change(name, status)`: a status of DescribeEndpoint, or `Deleted` once the endpoint is gone.

        `on_invocation(name, variant)` is told of each request that a container has got.
        """
        self._context = context
        self._models = models
        self._configs = configs
        self._deployments = Deployments(context, on_change)
        self._on_invocation = on_invocation

    def create(self, request: Document) -> str:
        """Begin to create an endpoint; returns its ARN. The request is validated against the model already.

        Raises:
            ValidationException: its config or that config's model does not exist, or the name is taken.
        """
        name: str = request["EndpointName"]
        at = now()
        record = EndpointRecord(
            name=name,
            arn=self.arn(name),
            created_at=at,
            modified_at=at,
            status=CREATING,
            tags=tuple(request.get("Tags", ())),
            pending=self._generation(request["EndpointConfigName"], 1),
            deployments=1,
        )
        if not self._deployments.create(record):
            raise ValidationException(f'Cannot create already existing endpoint "{self.arn(name)}".')
        return self.arn(name)

    def update(self, request: Document) -> str:
        """Begin to deploy another config; returns the ARN. The request is validated against the model already.

        Raises:
            ValidationException: no such endpoint or config, or the endpoint is not InService.
        """
        name: str = request["EndpointName"]
        self._record(name)
        generation = self._generation(request["EndpointConfigName"], 0)

        def begin(record: EndpointRecord) -> EndpointRecord:
            if record.status == FAILED:
                raise ValidationException(f'Cannot update endpoint "{record.arn}" in status Failed; it can be deleted.')
            if record.status != IN_SERVICE:
                raise _in_progress(record)
            number = record.deployments + 1
            return replace(record, status=UPDATING, pending=replace(generation, number=number), deployments=number)

        self._deployments.begin(name, begin)
        self._deployments.deploy(name)
        return self.arn(name)

    def delete(self, name: str) -> None:
        """Begin to delete an endpoint: it takes no more requests, and is gone once it has answered those it has.

        Raises:
            ValidationException: no such endpoint, or a change of it is under way.
        """

        def begin(record: EndpointRecord) -> EndpointRecord:
            if record.status not in (IN_SERVICE, FAILED):
                raise _in_progress(record)
            return replace(record, status=DELETING)

        self._deployments.begin(name, begin)
        self._deployments.delete(name)

    def describe(self, name: str) -> Document:
        """The DescribeEndpoint response. Raises ValidationException when there is no such endpoint."""
        return _description(self._record(name))

    def list_endpoints(self, request: Document) -> Document:
        """The ListEndpoints response."""
        members = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")
        entries = (
            Entry(
                record.name,
                record.created_at,
                record.modified_at,
                record.status,
                {member: value for member, value in _description(record).items() if member in members},
            )
            for record in self._deployments.all()
        )
        return list_page(entries, request, "Endpoints", descending=True)

    def invoke(
        self, name: str, invocation: Invocation, target_variant: str | None = None, timeout_s: float = TIMEOUT_S
    ) -> InvocationResult:
        """Send a request to the endpoint's container and wait for the answer.

        Should the container's process have ended, it is started again first, within the same time.

        Raises:
            RuntimeValidationError: no such endpoint or variant, or it does not serve.
            ModelError: an error from the container, or no answer in time.
            ModelNotReadyException: the container was not back in time.
        """
        deadline = time.monotonic() + timeout_s
        refused_since: float | None = None
        while True:
            with self._deployments.serving(name, deadline) as live:
                if target_variant not in (None, live.variant_name):
                    raise RuntimeValidationError(f"Variant {target_variant} of endpoint {name} not found.")
                log = str(log_file(self._deployments.folder(name, live.number)))
                left_s = max(0.001, deadline - time.monotonic())
                try:
                    result = send(invocation, live.port or 0, live.variant_name, left_s, log)
                except ModelError:
                    self._on_invocation(name, live.variant_name)
                    raise
                except NotReached as error:
                    # Perhaps it has just ended. It has not seen the request: the next round waits for its heir.
                    refused_since = refused_since or time.monotonic()
                    if time.monotonic() >= min(deadline, refused_since + _REFUSED_S):
                        raise _refuses(error, log) from error
                else:
                    self._on_invocation(name, live.variant_name)
                    return result
            time.sleep(_REFUSED_POLL_S)

    def tags(self, name: str) -> list[Tag]:
        """The tags that the endpoint was created with. Raises ValidationException when there is no such endpoint."""
        return [dict(tag) for tag in self._record(name).tags]

    def arn(self, name: str) -> str:
        """The ARN of the endpoint of that name, whether there is one or not."""
        return self._context.arn("endpoint", name)

    def variants(self, name: str) -> list[str]:
        """The names of the variants of an endpoint; none when there is no such endpoint."""
        record = self._deployments.get(name)
        generation = None if record is None else record.live or record.pending
        return [] if generation is None else [generation.variant_name]

    def process_ids(self) -> dict[str, int]:
        """The process id of each endpoint that has a serving process, by name."""
        records = self._deployments.all()
        return {each.name: each.live.process.pid for each in records if each.live is not None and each.live.process}

    def resume(self) -> None:
        """Take up what an earlier engine left (see `Deployments.resume`); once, before anything else is asked."""
        self._deployments.resume()

    def poll(self) -> None:
        """Start again what has ended by itself; for a thread that calls it about twice a second."""
        self._deployments.poll()

    def stop_all(self) -> None:
        """End all serving processes because the engine ends; `resume` brings the endpoints back."""
        self._deployments.stop_all()

    def _record(self, name: str) -> EndpointRecord:
        record = self._deployments.get(name)
        if record is None:
            raise ValidationException(f'Could not find endpoint "{self.arn(name)}".')
        return record

    def _generation(self, config_name: str, number: int) -> Generation:
        """What a config says, in full: none of its resources is needed later."""
        variant = self._configs.variant(config_name)
        container = primary_container(self._models.request(variant["ModelName"]))
        self._context.argv(container["Image"])
        data = model_data(container)
        return Generation(
            number=number,
            config_name=config_name,
            variant=variant,
            image=container["Image"],
            environment=container.get("Environment", {}),
            model_data=None if data is None else data[0],
            model_is_archive=data is not None and data[1],
            requested_at=now(),
        )


def _in_progress(record: EndpointRecord) -> ValidationException:
    return ValidationException(f'Cannot update in-progress endpoint "{record.arn}".')


def _refuses(error: NotReached, log: str) -> ModelError:
    message = f"The container does not take connections: {error}"
    return ModelError(
        f'Received server error (500) from primary with message "{message}". See {log} for more information.',
        {"OriginalStatusCode": 500, "OriginalMessage": message},
    )


def _description(record: EndpointRecord) -> Document:
    described: Document = {
        "EndpointName": record.name,
        "EndpointArn": record.arn,
        "EndpointConfigName": record.config_name,
        "EndpointStatus": record.status,
        "CreationTime": as_datetime(record.created_at),
        "LastModifiedTime": as_datetime(record.modified_at),
    }
    if record.live is not None:
        described["ProductionVariants"] = [_variant(record.live)]
    if record.pending is not None and record.status in (CREATING, UPDATING):
        described["PendingDeploymentSummary"] = {
            "EndpointConfigName": record.pending.config_name,
            "ProductionVariants": [_variant(record.pending)],
            "StartTime": as_datetime(record.pending.requested_at),
        }
    if record.failure_reason is not None:
        described["FailureReason"] = record.failure_reason
    return described


def _variant(generation: Generation) -> Document:
    weight = generation.variant.get("InitialVariantWeight", 1.0)
    image = {
        "SpecifiedImage": generation.image,
        "ResolvedImage": generation.image,
        "ResolutionTime": as_datetime(generation.requested_at),
    }
    described: Document = {
        "VariantName": generation.variant_name,
        "DeployedImages": [image],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
    }
    if serverless := generation.variant.get("ServerlessConfig"):
        return described | {"CurrentServerlessConfig": serverless, "DesiredServerlessConfig": serverless}
    wanted = generation.variant["InitialInstanceCount"]
    return described | {
        "CurrentInstanceCount": 0 if generation.process is None else 1,
        "DesiredInstanceCount": wanted,
    }
