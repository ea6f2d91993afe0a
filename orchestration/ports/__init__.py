"""The ports: what handlers and steps may ask of the world. Each docstring is the contract that every adapter keeps.

errors.py        the error tree
building.py      Builds, Pipeline, Settings, Notices, Clock
serving.py       Endpoints, Datasets
registry.py      Packages, Artifacts
coordination.py  Claims, Waits, WorkQueue
messages.py      LiveMessages
people.py        People, LinkCodes, Counters, Conversations, Approvals, Watches, Audit

`tests/contracts/` holds one test class a port, run on the fakes, on moto and on the local engine. Adapters are in
`orchestration/aws/` and `orchestration/local/`; `orchestration/wiring.py` chooses. All datetimes are aware and in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.catalog import Catalogue
from orchestration.builds import Environment
from orchestration.ports.building import (
    Announcement,
    Builds,
    Change,
    Clock,
    Execution,
    NewBuild,
    Notices,
    Pipeline,
    Settings,
    Training,
    Trial,
)
from orchestration.ports.coordination import (
    Claims,
    Waiting,
    Waits,
    Work,
    WorkQueue,
)
from orchestration.ports.errors import (
    AlreadyDecided,
    BadDataset,
    BadPrediction,
    BadRequest,
    BadSettings,
    Conflict,
    DeploymentFailed,
    NotAllowed,
    NotSettled,
    SageBuildError,
    TransitionRefused,
    Unavailable,
    UnknownBuild,
    UnknownDataset,
    UnknownEndpoint,
    UnknownExecution,
)
from orchestration.ports.messages import LiveMessage, LiveMessages
from orchestration.ports.people import (
    Approval,
    Approvals,
    Audit,
    AuditEntry,
    Conversation,
    Conversations,
    Counters,
    LinkCode,
    LinkCodes,
    People,
    Person,
    Watch,
    Watches,
)
from orchestration.ports.registry import Artifacts, NewPackage, Packages
from orchestration.ports.serving import (
    CHANGING,
    MAX_DATASET_BYTES,
    RAW_SPLIT,
    Dataset,
    Datasets,
    Endpoint,
    Endpoints,
    NewDataset,
    Prediction,
)

__all__ = [
    "CHANGING",
    "MAX_DATASET_BYTES",
    "RAW_SPLIT",
    "AlreadyDecided",
    "Announcement",
    "Approval",
    "Approvals",
    "Artifacts",
    "Audit",
    "AuditEntry",
    "BadDataset",
    "BadPrediction",
    "BadRequest",
    "BadSettings",
    "Builds",
    "Change",
    "Claims",
    "Clock",
    "Conflict",
    "Conversation",
    "Conversations",
    "Counters",
    "Dataset",
    "Datasets",
    "DeploymentFailed",
    "Endpoint",
    "Endpoints",
    "Execution",
    "LinkCode",
    "LinkCodes",
    "LiveMessage",
    "LiveMessages",
    "NewBuild",
    "NewDataset",
    "NewPackage",
    "NotAllowed",
    "NotSettled",
    "Notices",
    "Packages",
    "People",
    "Person",
    "Pipeline",
    "Ports",
    "Prediction",
    "SageBuildError",
    "Settings",
    "TransitionRefused",
    "Training",
    "Trial",
    "Unavailable",
    "UnknownBuild",
    "UnknownDataset",
    "UnknownEndpoint",
    "UnknownExecution",
    "Waiting",
    "Waits",
    "Watch",
    "Watches",
    "Work",
    "WorkQueue",
]


@dataclass(frozen=True)
class Ports:
    """Every port, as handlers and steps take them, with what is known of the models and of where things are.

    `orchestration/wiring.py` builds it.
    """

    builds: Builds
    pipeline: Pipeline
    endpoints: Endpoints
    datasets: Datasets
    settings: Settings
    packages: Packages
    artifacts: Artifacts
    approvals: Approvals
    notices: Notices
    claims: Claims
    waits: Waits
    conversations: Conversations
    watches: Watches
    messages: LiveMessages
    audit: Audit
    people: People
    codes: LinkCodes
    counters: Counters
    clock: Clock
    built_in: Catalogue
    environment: Environment

    def models(self) -> Catalogue:
        """Every model that this environment knows: the built-in ones and those of its settings. Raises BadEntry."""
        added = self.settings.load().get("models", [])
        if not isinstance(added, list):
            raise BadSettings("The setting models must be a list of catalogue entries.")
        return self.built_in.with_entries([entry for entry in added if isinstance(entry, dict)])
