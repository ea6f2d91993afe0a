"""One payload of each type, as the vendor documents it and the emulator sends it: what the fuzz begins with.

https://docs.slack.dev/reference/events, https://docs.slack.dev/reference/interaction-payloads. All are from somebody
whom nobody knows, and ask for something that would start a build.
"""

from __future__ import annotations

from typing import Any

from tests.bot.slack.office import CHANNEL, MALLORY, TEAM, event

SECRET_PATH = "/respond/very-secret-address"
USER = {"id": MALLORY, "username": "mallory", "name": "mallory", "team_id": TEAM}
MESSAGE = {
    "bot_id": "B0BOT",
    "type": "message",
    "text": "Build 12 waits",
    "user": "UBOT",
    "ts": "1548261231.000200",
    "team": TEAM,
    "thread_ts": "1548261231.000100",
    "blocks": [{"type": "actions", "block_id": "act:0", "elements": []}, {"type": "divider", "block_id": "build:12"}],
}
SHARED_FILE = {
    "id": "F0RDC39U1",
    "created": 1531763348,
    "name": "data.csv",
    "mimetype": "text/csv",
    "filetype": "csv",
    "url_private": "https://files.slack.com/files-pri/T0TEAM-F0RDC39U1/data.csv",
    "size": 1200,
}
VIEW = {
    "id": "VNHU13V36",
    "team_id": TEAM,
    "type": "modal",
    "private_metadata": '{"c":"C0BUILDS","t":"","s":"","r":{"hp:q":["integer",0,10,false]},"p":[]}',
    "callback_id": "train",
    "hash": "156663117.cd33ad1f",
    "title": {"type": "plain_text", "text": "Train a model"},
    "blocks": [],
    "state": {
        "values": {
            "model": {"model": {"type": "static_select", "selected_option": {"value": "gp"}}},
            "hp:q": {"q": {"type": "plain_text_input", "value": "2"}},
            "picked": {"picked": {"type": "multi_static_select", "selected_options": [{"value": "q"}]}},
        }
    },
}


def payloads(address: str) -> list[dict[str, Any]]:
    """Fresh ones. address: of the workspace that answers are sent to."""
    secret = f"{address}{SECRET_PATH}"
    common = {"team": {"id": TEAM, "domain": "team"}, "user": USER, "api_app_id": "A0APP", "token": "old-token"}
    return [
        event({
            "type": "app_mention", "user": MALLORY, "text": "<@UBOT> start training", "ts": "1515449522.000016",
            "channel": CHANNEL, "event_ts": "1515449522000016", "files": [SHARED_FILE],
        }),
        event({
            "type": "message", "channel": "D0MALLORY", "user": MALLORY, "text": "start training", "channel_type": "im",
            "ts": "1355517523.000005", "event_ts": "1355517523.000005", "team": TEAM, "client_msg_id": "a1",
            "blocks": [{"type": "rich_text", "block_id": "b", "elements": []}],
        }),
        event({"type": "app_home_opened", "user": MALLORY, "channel": "D0MALLORY", "tab": "home", "view": VIEW}),
        event({
            "type": "assistant_thread_started",
            "assistant_thread": {"user_id": MALLORY, "channel_id": "D0MALLORY", "thread_ts": "1729999327.187299"},
        }),
        {
            "token": "old-token", "team_id": TEAM, "channel_id": CHANNEL, "user_id": MALLORY, "command": "/sagebuild",
            "text": "start training", "response_url": secret, "trigger_id": "13345224609.738474920.8088930838d88f",
        },
        {
            **common, "type": "block_actions", "response_url": secret, "trigger_id": "12321423423.333649436676.d8",
            "container": {"type": "message", "message_ts": MESSAGE["ts"], "channel_id": CHANNEL, "is_ephemeral": False},
            "channel": {"id": CHANNEL, "name": "builds"}, "message": MESSAGE,
            "actions": [{
                "action_id": "act:approve", "block_id": "act:0", "text": {"type": "plain_text", "text": "Approve"},
                "value": "AAAA", "type": "button", "action_ts": "1548426417.840180",
            }],
        },
        {
            **common, "type": "block_actions", "trigger_id": "12321423423.333649436676.d9", "view": VIEW,
            "container": {"type": "view", "view_id": VIEW["id"]},
            "actions": [{"action_id": "model", "block_id": "model", "type": "static_select",
                         "selected_option": {"value": "keras", "text": {"type": "plain_text", "text": "Keras"}}}],
        },
        {**common, "type": "view_submission", "trigger_id": "12321423423.333649436676.e1", "view": VIEW},
        {**common, "type": "shortcut", "callback_id": "train", "trigger_id": "12321423423.333649436676.e2"},
        {
            **common, "type": "message_action", "callback_id": "explain", "trigger_id": "12321423423.333649436676.e3",
            "channel": {"id": CHANNEL}, "message": MESSAGE, "message_ts": MESSAGE["ts"], "response_url": secret,
        },
    ]  # fmt: skip
