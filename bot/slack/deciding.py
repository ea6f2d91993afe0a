"""Buttons that do something to a build: what they mean is read anew at the click, and who clicked is asked again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from bot.replies import Reply
from bot.slack import home, live_view, openings
from bot.slack.desk import Desk
from bot.slack.form_rules import metadata_from
from bot.slack.forms import sentence_view
from bot.slack.incoming import Incoming
from bot.slack.render import render
from bot.slack.sealed import NotOurs
from orchestration.builds import BuildStatus
from orchestration.ports import UnknownBuild

# Action to intent, and whether Slack's own dialogue has asked already; what costs money is asked with its price.
ACTIONS: Mapping[str, tuple[str, str, bool]] = {
    live_view.STOP: ("StopBuild", "stop build {}", True),
    live_view.APPROVE: ("Approve", "approve build {}", True),
    live_view.DEPLOY: ("Deploy", "deploy build {}", True),
    live_view.REPEAT: ("RepeatBuild", "repeat build {}", False),
}
_NUMBER = re.compile(r"\bbuild (\d{1,9})\b", re.IGNORECASE)
WHICH = "I cannot tell which build that message is about. Say 'why did build 12 fail', with its number."


def pressed(incoming: Incoming, desk: Desk) -> None:
    """Raises Unavailable, NotOurs."""
    intent, words, sure = ACTIONS[str(incoming.data["action"])]
    number = _build(desk.unseal(incoming.data["value"]))
    reply = desk.answered(incoming, intent, {"build": number}, words.format(number), sure=sure)
    _show(incoming, number, reply, desk)


def rejected(incoming: Incoming, desk: Desk) -> None:
    """The reason was given in the form. Raises Unavailable, NotOurs."""
    metadata = metadata_from(str(incoming.data["metadata"]))
    number = _build(desk.unseal(metadata.sealed))
    reason = " ".join(str(incoming.data["fields"].get(openings.REASON, "")).split())
    there = replace(incoming, channel=metadata.channel, thread=metadata.thread, data={"home": not metadata.channel})
    words = f"reject build {number} because {reason}"
    reply = desk.answered(there, "Reject", {"build": number, "reason": reason}, words, sure=True)
    _show(there, number, reply, desk)


def explained(incoming: Incoming, desk: Desk) -> None:
    """What happened to the build that a message is about, in the view that is open. Raises Unavailable."""
    number = live_view.number_of(incoming.data["blocks"]) if incoming.data["by_bot"] else None
    if number is None and (match := _NUMBER.search(incoming.text)) is not None:
        number = int(match[1])
    reply = Reply(WHICH) if number is None else _explanation(incoming, number, desk)
    shown = render(replace(reply, choices=()), desk.seal)
    view = sentence_view(openings.EXPLAIN, reply.text, metadata_from(str(incoming.data["metadata"])))
    document = view.to_dict()
    document["blocks"] = shown.blocks
    desk.slack.show_view(str(incoming.data["view"]), type(view)(**document))


def _explanation(incoming: Incoming, number: int, desk: Desk) -> Reply:
    try:
        failed = desk.ports.builds.get(number).status is BuildStatus.ERROR
    except UnknownBuild:
        failed = False
    intent, words = (
        ("WhyFailed", f"why did build {number} fail") if failed else ("BuildDetails", f"details of build {number}")
    )
    return desk.answered(incoming, intent, {"build": number}, words, sure=False)


def _show(incoming: Incoming, number: int, reply: Reply, desk: Desk) -> None:
    """A refusal is shown to who pressed alone; what was done is seen in the live message."""
    if reply.error:
        desk.tell_alone(incoming, reply)
    elif reply.confirm is not None or reply.ask is not None or desk.started(reply, incoming) is not None:
        desk.answer(incoming, reply)
    elif incoming.is_direct:
        desk.tell_alone(incoming, reply)
    desk.news(number, incoming.delivery_id)
    if incoming.data.get("home"):
        home.publish(incoming, desk)


def _build(content: Mapping[str, object]) -> int:
    number = content.get("build")
    if type(number) is not int:
        raise NotOurs("it names no build")
    return number
