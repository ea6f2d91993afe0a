"""The one table from an error to a reply. Nobody ever sees a traceback.

The trees are in `orchestration/ports/errors.py` and `models/catalog.py`; their messages are sentences for the person
who asked, so that only what to do about it is added here.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from bot.replies import Problem, Reply, readable
from models.catalog import BadEntry, BadHyperparameters, CatalogueError, UnknownModel
from orchestration.ports import (
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

# What to do about it, after the error's own sentence.
ADVICE: Mapping[type[Exception], str] = {
    BadRequest: "",
    UnknownBuild: "",
    UnknownDataset: "",
    UnknownEndpoint: "Say 'list endpoints' for those there are.",
    UnknownExecution: "",
    BadDataset: "",
    BadSettings: "",
    BadPrediction: "",
    NotAllowed: "",
    Conflict: "",
    TransitionRefused: "Say 'status' to see how it stands now.",
    AlreadyDecided: "",
    Unavailable: "Please try again in a moment.",
    NotSettled: "Please try again in a moment.",
    DeploymentFailed: "Say 'show me the details' for more.",
    SageBuildError: "",
    UnknownModel: "",
    BadHyperparameters: "",
    BadEntry: "An admin can correct the environment's settings.",
    CatalogueError: "",
}

_log = logging.getLogger(__name__)


def to_reply(error: Exception) -> Reply:
    """The reply for any exception. One that is not in the table is our fault: it says so, and is logged in full."""
    kind = next((ancestor for ancestor in type(error).__mro__ if ancestor in ADVICE), None)
    if kind is None:
        _log.error("an unexpected error", exc_info=error)
        return Reply(
            text="Something went wrong on our side; it was not your fault. What happened was logged.",
            error=Problem.INTERNAL_ERROR,
        )
    return Reply(text=f"{_sentence(error)} {ADVICE[kind]}".strip(), error=type(error).__name__)


def _sentence(error: Exception) -> str:
    text = readable(str(error)) or type(error).__name__
    return text if text[-1] in ".?!" else f"{text}."
