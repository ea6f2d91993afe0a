"""The views that the ack itself opens: a trigger lives three seconds, so what takes longer is put in afterwards."""

from __future__ import annotations

from slack_sdk.models.blocks import InputBlock, PlainTextInputElement, SectionBlock
from slack_sdk.models.views import View

from bot.slack.form_rules import Metadata

TRAIN, TUNE, EXPLAIN, REJECT = "train", "tune", "explain", "reject"
FORMS = {TRAIN: "Train a model", TUNE: "Tune a model", EXPLAIN: "What happened?"}
OPEN = "open:"  # of action ids: "open:train" opens that form
REASON = "reason"
MAX_REASON_CHARS = 500


def loading(form: str, metadata: Metadata) -> View:
    """The form's place, until the worker puts the form into it."""
    return View(
        type="modal",
        callback_id=form,
        title=FORMS[form],
        close="Close",
        blocks=[SectionBlock(text="One moment ...", block_id="loading")],
        private_metadata=metadata.to_text(),
    )


def reject_form(metadata: Metadata) -> View:
    """Why a build is refused: complete, since it needs to know nothing but which button was pressed."""
    return View(
        type="modal",
        callback_id=REJECT,
        title="Reject this build",
        submit="Reject",
        close="Cancel",
        blocks=[
            InputBlock(
                label="Why? Whoever asked for the build reads this.",
                block_id=REASON,
                element=PlainTextInputElement(action_id=REASON, multiline=True, max_length=MAX_REASON_CHARS),
            )
        ],
        private_metadata=metadata.to_text(),
    )
