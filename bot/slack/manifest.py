"""The Slack app's manifest, made from the catalogue: what Slack asks for when the app is created, and nothing more.

https://docs.slack.dev/reference/app-manifest. `generated()` gives the files of `bot/generated/`; the README says where
they go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.intents.catalog import BY_NAME, INTENTS
from bot.slack import openings
from bot.slack.talking import PROMPTS

NAME = "SageBuild"
COMMAND = "/sagebuild"
ADDRESS = "https://sagebuild.example.com"  # to be replaced by yours
PATH = "/slack/events"
EXPLAIN_NAME = "What happened to this?"  # a shortcut's name has at most 24 characters
MAX_LONG_CHARS = 4000

# What each Web API method that bot/slack calls needs of the bot's token; "" for nothing.
METHOD_SCOPES: Mapping[str, str] = {
    "chat_postMessage": "chat:write",
    "chat_postEphemeral": "chat:write",
    "chat_update": "chat:write",
    "views_open": "",
    "views_update": "",
    "views_publish": "",
    "files_info": "files:read",
    "files_upload_v2": "files:write",
    "assistant_threads_setSuggestedPrompts": "assistant:write",
}
EVENT_SCOPES: Mapping[str, str] = {
    "app_home_opened": "",
    "app_mention": "app_mentions:read",
    "assistant_thread_started": "assistant:write",
    "message.im": "im:history",
}
COMMANDS = "commands"  # the slash command and the shortcuts


def scopes() -> list[str]:
    """The least that work."""
    needed = {*METHOD_SCOPES.values(), *EVENT_SCOPES.values(), COMMANDS}
    return sorted(needed - {""})


def manifest(address: str | None = ADDRESS) -> dict[str, Any]:
    """address: where Slack's requests go to, without the path; None for Socket Mode, which needs none."""
    to_us = {"request_url": f"{address}{PATH}"} if address else {}
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": NAME,
            "description": "Machine-learning builds, asked for in plain words.",
            "long_description": _long_description(),
            "background_color": "#1f3a5f",
        },
        "features": _features({"url": f"{address}{PATH}"} if address else {}),
        "oauth_config": {"scopes": {"bot": scopes()}},
        "settings": {
            "event_subscriptions": {**to_us, "bot_events": sorted(EVENT_SCOPES)},
            "interactivity": {"is_enabled": True, **to_us},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not address,
            "token_rotation_enabled": False,
        },
    }


def _features(url: Mapping[str, str]) -> dict[str, Any]:
    examples = (BY_NAME["StartTraining"].examples[0], "is my build done", "help")
    return {
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": NAME.lower(), "always_online": True},
        "slash_commands": [
            {
                "command": COMMAND,
                **url,
                "description": "Ask for a build, or about one",
                "usage_hint": ", ".join(f"[{one}]" for one in examples),
                "should_escape": True,
            }
        ],
        "shortcuts": [
            _shortcut("global", openings.TRAIN, "Start a training, with a form"),
            _shortcut("global", openings.TUNE, "Look for good hyperparameters, with a form"),
            _shortcut("message", openings.EXPLAIN, "What happened to this build?"),
        ],
        "assistant_view": {
            "assistant_description": "Trains, tunes and deploys models, and says how builds stand.",
            "suggested_prompts": [{"title": title, "message": message} for title, message in PROMPTS],
        },
    }


def generated() -> dict[str, str]:
    """The files of bot/generated/ by name."""
    return {
        "slack-manifest.json": _text(manifest()),
        "slack-manifest-socket-mode.json": _text(manifest(None)),
    }


def _shortcut(kind: str, form: str, description: str) -> dict[str, str]:
    name = EXPLAIN_NAME if form == openings.EXPLAIN else openings.FORMS[form]
    return {"name": name, "type": kind, "callback_id": form, "description": description}


def _long_description() -> str:
    """What can be asked, a line each, as far as it fits."""
    lines = ["Mention it in a channel or write to it directly. What it understands, among much else:"]
    lines += [f"- {intent.help}: {intent.examples[0]}" for intent in INTENTS if intent.listed]
    text = "\n".join(lines)
    return text if len(text) <= MAX_LONG_CHARS else text[:MAX_LONG_CHARS].rpartition("\n")[0]


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
