"""Slack's payloads as one thing that happened, and that as the queue's JSON. Standard library only, for the ack's sake.

Payloads: https://docs.slack.dev/apis/events-api, https://docs.slack.dev/reference/interaction-payloads. What is none
of ours is None; what has not the form it must have raises Malformed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

MAX_TEXT_CHARS = 12_000  # three times what the language reads: Slack's markup comes off first
MAX_ID_CHARS = 255
MAX_URL_CHARS = 500
MAX_BLOCKS_CHARS = 20_000
MAX_FILES = 5
MAX_FIELDS = 100
MAX_VALUE_CHARS = 3000
DIRECT = "im"
WRITTEN = frozenset({"", "file_share", "thread_broadcast"})  # subtypes of messages that a person has just written
_ID = re.compile(r"[A-Z][A-Z0-9]{1,30}")


class Malformed(ValueError):
    """The payload has not the form that Slack documents."""


class Kind(StrEnum):
    """What happened."""

    SAID = "said"  # a mention, a direct message, a slash command
    PRESSED = "pressed"  # a button or a picker in a message or in the Home tab
    CHANGED = "changed"  # a picker in an open form
    SUBMITTED = "submitted"  # a form
    FORM = "form"  # a form was asked for and is open, loading
    EXPLAIN = "explain"  # "what happened to this build?", with a view open
    HOME = "home"  # the Home tab was opened
    ASSISTANT = "assistant"  # the assistant's pane was opened
    BUILD = "build"  # of our own making: a build has news


@dataclass(frozen=True)
class Incoming:
    """One thing that happened.

    team: the workspace that the app is in; user_team: the person's, where it is another. channel: "" in views. thread:
    the first message's timestamp, "" outside of threads. ts: the message's own. text: as Slack writes it. response_url:
    where the answer to a slash command or an ephemeral message goes. data: what the kind alone has.
    """

    kind: Kind
    delivery_id: str
    team: str
    user: str
    channel: str = ""
    thread: str = ""
    ts: str = ""
    text: str = ""
    response_url: str = ""
    user_team: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where people talk together; a person's own place outside of channels."""
        return f"{self.team}/{self.channel or self.user}"

    @property
    def conversation(self) -> str:
        """Where an answer goes."""
        return f"{self.place}/{self.thread}" if self.thread else self.place

    @property
    def group(self) -> str:
        """What is done one after the other: a thread; outside of threads, what one person does in one place."""
        return f"slack/{self.conversation}" if self.thread else f"slack/{self.place}/{self.user}"

    @property
    def identity(self) -> str:
        """Whom the list of people has under it."""
        return f"slack:{self.user_team or self.team}:{self.user}"

    @property
    def is_private(self) -> bool:
        """Whether only the person sees what is answered, by the address that came with it."""
        return bool(self.response_url and self.data.get("ephemeral"))

    @property
    def is_direct(self) -> bool:
        """Whether it is between the person and the bot: a direct message, or a view."""
        return not self.channel or self.channel.startswith("D")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def incoming_from_json(document: Mapping[str, Any]) -> Incoming:
    """What `to_json` gave. Raises Malformed."""
    try:
        return Incoming(**{**document, "kind": Kind(document["kind"])})
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(f"not what was queued: {error!r}") from error


def team_of(payload: Mapping[str, Any]) -> str:
    """The workspace that the app was called in. Raises Malformed."""
    if "team_id" in payload:
        return _id(payload, "team_id")
    if isinstance(payload.get("team"), dict):
        return _id(payload["team"], "id")
    return _id(_mapping(payload, "user"), "team_id")  # an app that was installed for a whole organisation


def incoming_from(payload: Mapping[str, Any]) -> Incoming | None:
    """Raises Malformed."""
    if "command" in payload:
        return _command(payload)
    kind = _text(payload, "type")
    if kind == "event_callback":
        return _event(payload)
    if kind == "block_actions":
        return _actions(payload)
    if kind == "view_submission":
        return _submission(payload)
    if kind in ("shortcut", "message_action"):
        return _shortcut(payload)
    return None


def _command(payload: Mapping[str, Any]) -> Incoming:
    return Incoming(
        Kind.SAID,
        f"command:{_text(payload, 'trigger_id')}",
        team_of(payload),
        _id(payload, "user_id"),
        channel=_id(payload, "channel_id"),
        text=_optional(payload, "text", MAX_TEXT_CHARS),
        response_url=_optional(payload, "response_url", MAX_URL_CHARS),
        data={"ephemeral": True},
    )


def _event(payload: Mapping[str, Any]) -> Incoming | None:
    event = _mapping(payload, "event")
    type_, id_ = _text(event, "type"), _text(payload, "event_id")
    team = team_of(payload)
    if type_ in ("app_mention", "message"):
        return _message(type_, event, id_, team, _bot_user(payload))
    if type_ == "app_home_opened" and event.get("tab", "home") == "home":
        return Incoming(Kind.HOME, id_, team, _id(event, "user"))
    if type_ == "assistant_thread_started":
        thread = _mapping(event, "assistant_thread")
        channel, ts = _id(thread, "channel_id"), _text(thread, "thread_ts")
        return Incoming(Kind.ASSISTANT, id_, team, _id(thread, "user_id"), channel=channel, thread=ts)
    return None


def _message(type_: str, event: Mapping[str, Any], id_: str, team: str, bot_user: str) -> Incoming | None:
    """A mention, or a message to us alone; not what a bot wrote, what was edited, or what people say to each other."""
    subtype = _optional(event, "subtype")
    if subtype not in WRITTEN or event.get("bot_id") or event.get("hidden") or event.get("edited"):
        return None
    is_direct = type_ == "message" and event.get("channel_type") == DIRECT
    if not (type_ == "app_mention" or is_direct):
        return None
    user, ts = _id(event, "user"), _text(event, "ts")
    if user == bot_user:
        return None
    return Incoming(
        Kind.SAID,
        id_,
        team,
        user,
        channel=_id(event, "channel"),
        # An answer to a mention opens a thread; one to a direct message stays beside it, or in its thread.
        thread=_optional(event, "thread_ts") or ("" if is_direct else ts),
        ts=ts,
        text=_optional(event, "text", MAX_TEXT_CHARS),
        user_team=_optional(event, "user_team"),
        data={"files": _files(event), "direct": is_direct},
    )


def _bot_user(payload: Mapping[str, Any]) -> str:
    """Our own user, which Slack names in each event."""
    installed = payload.get("authorizations")
    first = installed[0] if isinstance(installed, list) and installed else {}
    return str(first.get("user_id", "")) if isinstance(first, dict) and first.get("is_bot") else ""


def _files(event: Mapping[str, Any]) -> list[str]:
    files = event.get("files", [])
    if not isinstance(files, list):
        raise Malformed("files is not a list")
    return [_id(file, "id") for file in files[:MAX_FILES] if isinstance(file, dict)]


def _actions(payload: Mapping[str, Any]) -> Incoming | None:
    actions = payload.get("actions")
    if not isinstance(actions, list) or len(actions) != 1 or not isinstance(actions[0], dict):
        raise Malformed("actions is not a list of one action")
    action, view = actions[0], payload.get("view")
    if action.get("type") == "button" and action.get("url"):
        return None  # a link: the person's browser has followed it
    pressed = {
        "action": _text(action, "action_id"),
        "block": _optional(action, "block_id"),
        "value": _value(action),
    }
    who, id_ = _who(payload), f"action:{_text(payload, 'trigger_id')}"
    if isinstance(view, dict):
        return _in_view(view, pressed, who, id_)
    message, container = _mapping(payload, "message"), _mapping(payload, "container")
    ts = _text(container, "message_ts")
    blocks = [block for block in message.get("blocks") or [] if isinstance(block, dict)]
    kept = blocks if len(json.dumps(blocks)) <= MAX_BLOCKS_CHARS else []
    return Incoming(
        Kind.PRESSED,
        id_,
        **who,
        channel=_id(_mapping(payload, "channel"), "id"),
        thread=_optional(message, "thread_ts") or _optional(container, "thread_ts"),
        ts=ts,
        text=_optional(message, "text", MAX_TEXT_CHARS),
        response_url=_optional(payload, "response_url", MAX_URL_CHARS),
        data={**pressed, "ephemeral": container.get("is_ephemeral") is True, "blocks": kept},
    )


def _in_view(view: Mapping[str, Any], pressed: Mapping[str, Any], who: Mapping[str, str], id_: str) -> Incoming:
    if view.get("type") == "home":
        return Incoming(Kind.PRESSED, id_, **who, data={**pressed, "ephemeral": False, "blocks": [], "home": True})
    return Incoming(Kind.CHANGED, id_, **who, data={**pressed, **_view(view)})


def _submission(payload: Mapping[str, Any]) -> Incoming:
    view = _mapping(payload, "view")
    id_ = f"view:{_text(view, 'id')}:{_optional(view, 'hash')}"
    return Incoming(Kind.SUBMITTED, id_, **_who(payload), data=_view(view))


def _shortcut(payload: Mapping[str, Any]) -> Incoming:
    """Which form, or which message is to be explained; the ack adds the view that it opened."""
    id_, callback = f"shortcut:{_text(payload, 'trigger_id')}", _text(payload, "callback_id")
    if payload["type"] == "shortcut":
        return Incoming(Kind.FORM, id_, **_who(payload), data={"form": callback})
    message = _mapping(payload, "message")
    blocks = [str(block.get("block_id", "")) for block in message.get("blocks") or [] if isinstance(block, dict)]
    return Incoming(
        Kind.EXPLAIN,
        id_,
        **_who(payload),
        channel=_id(_mapping(payload, "channel"), "id"),
        thread=_optional(message, "thread_ts"),
        ts=_optional(message, "ts"),
        text=_optional(message, "text", MAX_TEXT_CHARS),
        data={"blocks": blocks[:MAX_FIELDS], "by_bot": bool(message.get("bot_id")), "form": callback},
    )


def _view(view: Mapping[str, Any]) -> dict[str, Any]:
    state = view.get("state")
    values = state.get("values", {}) if isinstance(state, dict) else {}
    if not isinstance(values, dict) or len(values) > MAX_FIELDS:
        raise Malformed("state.values is not an object of at most 100 blocks")
    fields: dict[str, Any] = {}
    for block, elements in values.items():
        if not isinstance(elements, dict) or len(elements) != 1:
            raise Malformed(f"the block {block[:40]!r} has not one element")
        element = next(iter(elements.values()))
        if not isinstance(element, dict):
            raise Malformed(f"the block {block[:40]!r} has no element")
        fields[block] = _value(element)
    return {
        "view": _text(view, "id"),
        "hash": _optional(view, "hash"),
        "form": _optional(view, "callback_id"),
        "metadata": _optional(view, "private_metadata", MAX_VALUE_CHARS),
        "fields": fields,
    }


def _value(element: Mapping[str, Any]) -> str | list[str]:
    """What an element holds: the text, the chosen option's value, or those of several."""
    several = element.get("selected_options")
    if isinstance(several, list):
        return [_optional(option, "value") for option in several[:MAX_FIELDS] if isinstance(option, dict)]
    chosen = element.get("selected_option")
    if isinstance(chosen, dict):
        return _optional(chosen, "value", MAX_VALUE_CHARS)
    return _optional(element, "value", MAX_VALUE_CHARS)


def _who(payload: Mapping[str, Any]) -> dict[str, str]:
    user = _mapping(payload, "user")
    return {"team": team_of(payload), "user": _id(user, "id"), "user_team": _optional(user, "team_id")}


def _mapping(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    if not isinstance(found, dict):
        raise Malformed(f"{key} is not an object")
    return found


def _text(document: Mapping[str, Any], key: str, limit: int = MAX_ID_CHARS) -> str:
    found = _optional(document, key, limit)
    if not found:
        raise Malformed(f"{key} is missing")
    return found


def _id(document: Mapping[str, Any], key: str) -> str:
    found = document.get(key)
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise Malformed(f"{key} is not an id")
    return found


def _optional(document: Mapping[str, Any], key: str, limit: int = MAX_ID_CHARS) -> str:
    found = document.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise Malformed(f"{key} is not text")
    if len(found) > limit and limit < MAX_TEXT_CHARS:
        raise Malformed(f"{key} is too long")
    return found[:limit]
