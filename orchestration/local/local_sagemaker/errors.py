"""What our SageMaker refuses with: the service's own error names, one class each.

`service.LocalSageMaker.call` raises these and nothing else for what a caller did wrong; the engine's adapter turns them
into answers on the wire. `objects.py` has its own small tree, for the object store underneath.

The names are those of the botocore service models `sagemaker` (2017-07-24) and `sagemaker-runtime` (2017-05-13). Note
that SageMaker answers `ValidationException`, which no operation of the model lists, to most questions about what does
not exist.
"""

from __future__ import annotations

from collections.abc import Mapping


class LocalSageMakerError(Exception):
    """A refusal, as the service would give it.

    Attributes:
        code: error name on the wire.
        message: says what was expected, what was got and what to do.
        http_status: HTTP status of the answer.
        members: what the error's shape has besides the message, by member name.
    """

    code = "InternalFailure"
    http_status = 500

    def __init__(self, message: str, members: Mapping[str, str | int] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.members: Mapping[str, str | int] = dict(members or {})


class ValidationException(LocalSageMakerError):
    """A request that is malformed, breaks a rule, or names what does not exist."""

    code = "ValidationException"
    http_status = 400


class ResourceInUse(LocalSageMakerError):
    """The name is taken."""

    code = "ResourceInUse"
    http_status = 400


class ResourceNotFound(LocalSageMakerError):
    """There is no such resource, for those operations that do not answer `ValidationException`."""

    code = "ResourceNotFound"
    http_status = 400


class ResourceLimitExceeded(LocalSageMakerError):
    """More than this machine gives."""

    code = "ResourceLimitExceeded"
    http_status = 400


class ConflictException(LocalSageMakerError):
    """What is asked for contradicts what there is: a group that still has packages is to be deleted."""

    code = "ConflictException"
    http_status = 400


class UnknownOperation(LocalSageMakerError):
    """An operation that our SageMaker does not have."""

    code = "UnknownOperationException"
    http_status = 400


class RuntimeValidationError(LocalSageMakerError):
    """InvokeEndpoint: a malformed request, or no such endpoint."""

    code = "ValidationError"
    http_status = 400


class ModelError(LocalSageMakerError):
    """InvokeEndpoint: the container answered with an error, or (OriginalStatusCode 0) not in time."""

    code = "ModelError"
    http_status = 424


class ModelNotReadyException(LocalSageMakerError):
    """InvokeEndpoint: the container is being started again; ask again in a moment."""

    code = "ModelNotReadyException"
    http_status = 429
