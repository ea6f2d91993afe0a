"""Intent to what carries it out. Its keys are the catalogue's names; `tests/bot/test_registry.py` holds that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.access.memory import Memory
from bot.handlers import targets
from bot.handlers.builds import build_details, build_status, list_builds
from bot.handlers.conversing import cancel, no, yes
from bot.handlers.failures import why_failed
from bot.handlers.helping import help_about
from bot.handlers.predicting import predict
from bot.handlers.serving import list_endpoints, list_models
from bot.handlers.starting import start_training
from bot.handlers.stopping import stop_build
from bot.handlers.watching import tell_me_when_done
from bot.intents.request import Request
from bot.replies import Reply
from orchestration.builds import Json
from orchestration.ports import Ports


@dataclass(frozen=True)
class Handler:
    """answer: what the intent does. bind: the slots with "it" replaced by what it means now, for a confirmation."""

    answer: Callable[[Request, Ports, Memory], Reply]
    bind: Callable[[Request, Ports, Memory], dict[str, Json]] | None = None


HANDLERS: Mapping[str, Handler] = {
    "StartTraining": Handler(start_training),
    "BuildStatus": Handler(build_status),
    "BuildDetails": Handler(build_details),
    "ListBuilds": Handler(list_builds),
    "WhyFailed": Handler(why_failed),
    "StopBuild": Handler(stop_build, bind=targets.bind_running),
    "Predict": Handler(predict),
    "ListEndpoints": Handler(list_endpoints),
    "ListModels": Handler(list_models),
    "TellMeWhenDone": Handler(tell_me_when_done),
    "Help": Handler(help_about),
    "Yes": Handler(yes),
    "No": Handler(no),
    "Cancel": Handler(cancel),
}
