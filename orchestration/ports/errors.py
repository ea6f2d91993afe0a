"""The error tree of the ports. An adapter translates its own exceptions into it at its edge:

SageBuildError
|-- BadRequest              what was asked cannot be done as asked; the message says what is allowed
|   |-- UnknownBuild  UnknownDataset  UnknownEndpoint  UnknownExecution
|   |-- BadDataset          a CSV or manifest that cannot be used
|   |-- BadSettings         a setting that is unknown, of the wrong type or out of range
|   `-- BadPrediction       the endpoint refused the inputs; the message is the model's own
|-- NotAllowed              the asker's role does not permit it
|-- Conflict                somebody or something else was first
|   |-- TransitionRefused   the build's status does not permit the change
|   `-- AlreadyDecided      an approval was decided; says by whom
|-- Unavailable             the service is away, slow or throttling; asking again later may work
`-- DeploymentFailed        an endpoint did not come up, or is not what was deployed
"""

from __future__ import annotations


class SageBuildError(Exception):
    """Base of every error that a port raises. The message is a sentence for the person who asked."""


class BadRequest(SageBuildError):
    """What was asked cannot be done as asked."""


class UnknownBuild(BadRequest):
    """No build has that number or execution."""


class UnknownDataset(BadRequest):
    """No dataset has that name or version."""


class UnknownEndpoint(BadRequest):
    """No endpoint has that name."""


class UnknownExecution(BadRequest):
    """No execution has that ARN."""


class BadDataset(BadRequest):
    """A CSV or manifest that cannot be used."""


class BadSettings(BadRequest):
    """A setting that is unknown, of the wrong type or out of range."""


class BadPrediction(BadRequest):
    """The endpoint refused the inputs."""


class NotAllowed(SageBuildError):
    """The asker's role does not permit it."""


class Conflict(SageBuildError):
    """Somebody or something else was first."""


class TransitionRefused(Conflict):
    """The build's status does not permit the change."""


class AlreadyDecided(Conflict):
    """An approval was decided: `decision` "approved" or "rejected", by `decided_by`.

    Whoever meets this sends the stored decision again: its first sender may have died before it did.
    """

    def __init__(self, message: str, decision: str = "", decided_by: str = "") -> None:
        super().__init__(message)
        self.decision = decision
        self.decided_by = decided_by


class Unavailable(SageBuildError):
    """The service is away, slow or throttling."""


class NotSettled(Unavailable):
    """An endpoint is still changing; trying again until it has settled will work."""


class DeploymentFailed(SageBuildError):
    """An endpoint did not come up, or is not what was deployed."""
