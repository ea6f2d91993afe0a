"""Intent to what carries it out. Its keys are the catalogue's names; `tests/bot/test_registry.py` holds that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.access.confirmations import Meant
from bot.access.memory import Memory
from bot.handlers.auditing import audit_log
from bot.handlers.builds import build_details, build_status
from bot.handlers.comparing import compare_builds
from bot.handlers.conversing import cancel, no, yes
from bot.handlers.costs import cost
from bot.handlers.datasets import delete_dataset, describe_dataset, list_datasets, means_deleting_dataset, use_dataset
from bot.handlers.deciding import approve, means_deciding, reject
from bot.handlers.deploying import deploy, means_deploying, means_rolling_back, rollback
from bot.handlers.failures import why_failed
from bot.handlers.freezing import freeze_deploys, means_freezing, means_unfreezing, unfreeze_deploys
from bot.handlers.helping import help_about
from bot.handlers.linking import link_account, who_am_i
from bot.handlers.listing import list_builds
from bot.handlers.models import describe_model, list_models
from bot.handlers.predicting import predict
from bot.handlers.progress import tell_progress
from bot.handlers.serving import (
    delete_endpoint,
    list_endpoints,
    means_deleting,
    means_retiring,
    retire_endpoints,
)
from bot.handlers.setting import change_setting, means_changing, show_settings
from bot.handlers.starting import (
    means_repeating,
    means_resuming,
    means_training,
    means_tuning,
    repeat_build,
    resume_build,
    start_training,
    tune,
)
from bot.handlers.stopping import means_stopping, stop_build
from bot.handlers.sweeping import sweep
from bot.handlers.watching import tell_me_when_done
from bot.intents.request import Request
from bot.replies import Reply
from orchestration.ports import Ports


@dataclass(frozen=True)
class Handler:
    """answer: what the intent does. means: what a command that changes anything means exactly, before it is done; or
    the reply, when that has to be asked or there is nothing to do."""

    answer: Callable[[Request, Ports, Memory], Reply]
    means: Callable[[Request, Ports, Memory], Meant | Reply] | None = None


HANDLERS: Mapping[str, Handler] = {
    "StartTraining": Handler(start_training, means_training),
    "Tune": Handler(tune, means_tuning),
    "RepeatBuild": Handler(repeat_build, means_repeating),
    "ResumeBuild": Handler(resume_build, means_resuming),
    "StopBuild": Handler(stop_build, means_stopping),
    "BuildStatus": Handler(build_status),
    "BuildDetails": Handler(build_details),
    "Progress": Handler(tell_progress),
    "ListBuilds": Handler(list_builds),
    "CompareBuilds": Handler(compare_builds),
    "WhyFailed": Handler(why_failed),
    "TellMeWhenDone": Handler(tell_me_when_done),
    "Cost": Handler(cost),
    "Approve": Handler(approve, means_deciding),
    "Reject": Handler(reject, means_deciding),
    "Deploy": Handler(deploy, means_deploying),
    "Rollback": Handler(rollback, means_rolling_back),
    "ListEndpoints": Handler(list_endpoints),
    "DeleteEndpoint": Handler(delete_endpoint, means_deleting),
    "RetireEndpoints": Handler(retire_endpoints, means_retiring),
    "FreezeDeploys": Handler(freeze_deploys, means_freezing),
    "UnfreezeDeploys": Handler(unfreeze_deploys, means_unfreezing),
    "Predict": Handler(predict),
    "Sweep": Handler(sweep),
    "ListModels": Handler(list_models),
    "DescribeModel": Handler(describe_model),
    "ListDatasets": Handler(list_datasets),
    "DescribeDataset": Handler(describe_dataset),
    "UseDataset": Handler(use_dataset),
    "DeleteDataset": Handler(delete_dataset, means_deleting_dataset),
    "ShowSettings": Handler(show_settings),
    "ChangeSetting": Handler(change_setting, means_changing),
    "AuditLog": Handler(audit_log),
    "LinkAccount": Handler(link_account),
    "Help": Handler(help_about),
    "WhoAmI": Handler(who_am_i),
    "Yes": Handler(yes),
    "No": Handler(no),
    "Cancel": Handler(cancel),
}
