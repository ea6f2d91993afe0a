"""The one live message of each build: made where the build was asked for, edited as it goes on, at most every 3 s.

All of it is done in the queue's group of the build, so that two news never edit at once, and what failed while Slack
was away is done again before the next. What is shown is always how the build stands when it is shown: news that come
late or twice change nothing.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.access.permissions import check
from bot.handlers.standing import status_reply
from bot.intents.catalog import BY_NAME
from bot.slack import live_view
from bot.slack.blocks import Part, escaped, paragraph
from bot.slack.client import Posted, SlackRefused
from bot.slack.desk import NOT_HERE, Desk
from bot.slack.notices import CHANNEL
from bot.slack.render import Message, render
from orchestration.builds import Build, BuildStatus
from orchestration.ports import LiveMessage, NotAllowed, Unavailable, UnknownBuild, Watch

EDIT_INTERVAL = timedelta(seconds=3)
# Whoever answers a mention posts the first version itself: news that overtake it wait this long for that.
ANSWERED_WITHIN = timedelta(seconds=20)
WAIT_S, POLL_S = 4.0, 0.25
HOLD = timedelta(seconds=60)
MAX_APPROVERS_NAMED = 5
MISSING = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", *NOT_HERE})

_log = logging.getLogger(__name__)


def show(number: int, desk: Desk) -> None:
    """Bring the build's live message up to date, and tell whoever is to be told. Raises Unavailable."""
    try:
        build = desk.ports.builds.get(number)
    except UnknownBuild:
        return
    message = _message(build, desk)
    if message is None:
        message = _made(build, desk)
    else:
        message = _edited(build, message, desk)
    if message is not None:
        _ask_for_approval(message, desk)
    _tell(number, desk)


def destination(conversation: str) -> tuple[str, str]:
    """Channel (or person) and thread of a conversation of this channel: "T1/C1/17.5"."""
    _, _, rest = conversation.partition("/")
    channel, _, thread = rest.partition("/")
    return channel, thread


def _message(build: Build, desk: Desk) -> LiveMessage | None:
    """The live message that there is; one that is just being posted is waited for."""
    message = desk.ports.messages.get(CHANNEL, build.number)
    channel, thread = destination(build.requester.conversation)
    is_answered = build.requester.channel == CHANNEL and (bool(thread) or channel.startswith("D"))
    waited_s = 0.0
    while message is None and is_answered and waited_s < WAIT_S:
        if desk.ports.clock.now() - build.created_at > ANSWERED_WITHIN:
            break
        desk.ports.clock.sleep(POLL_S)
        waited_s += POLL_S
        message = desk.ports.messages.get(CHANNEL, build.number)
    return message


def _made(build: Build, desk: Desk) -> LiveMessage | None:
    """Post it where it was asked for; builds started elsewhere go to the configured channel, or nowhere."""
    for channel, thread in _places(build, desk):
        view, digest = _view(build, desk)
        try:
            posted = desk.slack.post(channel, view, thread)
        except SlackRefused as error:
            _log.warning("build %d cannot be shown in %s: %s", build.number, channel, error.code)
            continue
        now = desk.ports.clock.now()
        return desk.ports.messages.save(
            LiveMessage(build.number, CHANNEL, posted.channel, posted.ts, thread, digest, now)
        )
    return None


def _places(build: Build, desk: Desk) -> list[tuple[str, str]]:
    """Where it may be shown, best first: where it was asked for, the configured channel, the person."""
    elsewhere = [(desk.settings.channel, "")] if desk.settings.channel else []
    if build.requester.channel != CHANNEL:
        return elsewhere
    person = desk.ports.people.by_id(build.requester.person)
    prefix = f"slack:{desk.settings.team}:"
    own = [one.removeprefix(prefix) for one in (person.identities if person else ()) if one.startswith(prefix)]
    return [destination(build.requester.conversation), *((user, "") for user in own[:1]), *elsewhere]


def _edited(build: Build, message: LiveMessage, desk: Desk) -> LiveMessage:
    """Edit it when it would show something else, once the last edit is 3 s old."""
    if _view(build, desk)[1] == message.shown:
        return message
    _wait_for_turn(message, desk)
    build = desk.ports.builds.get(build.number)
    view, digest = _view(build, desk)
    try:
        desk.slack.update(Posted(message.place, message.id), view)
    except SlackRefused as error:
        if error.code not in MISSING:
            raise
        _log.warning("the live message of build %d is gone: %s", build.number, error.code)
    return desk.ports.messages.save(replace(message, shown=digest, shown_at=desk.ports.clock.now()))


def _wait_for_turn(message: LiveMessage, desk: Desk) -> None:
    if message.shown_at is None:
        return
    left = EDIT_INTERVAL - (desk.ports.clock.now() - message.shown_at)
    if left > timedelta():
        desk.ports.clock.sleep(left.total_seconds())


def _view(build: Build, desk: Desk) -> tuple[Message, str]:
    return live_view.shown(build, desk.ports, desk.settings.team, desk.seal)


def _ask_for_approval(message: LiveMessage, desk: Desk) -> None:
    """An edit notifies nobody: whoever may approve is asked in the thread, once each time that it waits."""
    build = desk.ports.builds.get(message.number)
    waits_since = build.entered(BuildStatus.WAITING_FOR_APPROVAL)
    if build.status is not BuildStatus.WAITING_FOR_APPROVAL or waits_since is None:
        return
    mark = f"waits {waits_since.isoformat()}"
    if mark in message.said:
        return
    approvers = _approvers(build, desk)
    who = " ".join(f"<@{user}>" for user in approvers[:MAX_APPROVERS_NAMED]) or "Whoever may approve"
    text = f"{who}: build {build.number} waits for approval ({escaped(build.service.key)}). The buttons are above."
    desk.slack.post(message.place, Message(text), message.thread or message.id)
    desk.ports.messages.save(replace(message, said=message.said | {mark}))


def _approvers(build: Build, desk: Desk) -> list[str]:
    """The users of this workspace who may approve that build."""
    prefix, intent = f"slack:{desk.settings.team}:", BY_NAME["Approve"]
    found = []
    for person in desk.ports.people.everybody():
        if person.id == build.requester.person and build.settings.get("two_person_approval"):
            continue
        try:
            check(person, intent, desk.ports)
        except NotAllowed:
            continue
        found += [one.removeprefix(prefix) for one in person.identities if one.startswith(prefix)][:1]
    return found


def _tell(number: int, desk: Desk) -> None:
    """Tell those who wanted to be told of the end, in the thread where they asked, each once."""
    build = desk.ports.builds.get(number)
    if not build.has_ended:
        return
    for watch in desk.ports.watches.of_build(number):
        if watch.requester.channel != CHANNEL:
            continue
        if not desk.ports.watches.take(watch, desk.ports.clock.now() + HOLD):
            # Taken by a worker that died, or whose Slack was away: it is not told until it is.
            raise Unavailable(f"Somebody else is telling of build {number}, or was.")
        _tell_one(watch, build, desk)
        desk.ports.watches.told(watch)


def _tell_one(watch: Watch, build: Build, desk: Desk) -> None:
    channel, thread = destination(watch.requester.conversation)
    user = _user(watch.requester.person, desk)
    if user and not thread and not channel.startswith("D"):
        channel = user  # asked for by command: the answer was theirs alone, and so is this
    message = render(replace(status_reply(build, desk.ports), choices=()), desk.seal)
    if user and thread and not channel.startswith("D"):
        message = replace(message, text=f"<@{user}> {message.text}", blocks=[_mention(user), *message.blocks])
    try:
        desk.slack.post(channel, message, thread)
    except SlackRefused as error:
        _log.warning("nobody could be told in %s of build %d: %s", channel, build.number, error.code)


def _mention(user: str) -> dict[str, Any]:
    mention: dict[str, Any] = paragraph([Part.User(user_id=user)]).to_dict()
    return mention


def _user(person_id: str, desk: Desk) -> str:
    person, prefix = desk.ports.people.by_id(person_id), f"slack:{desk.settings.team}:"
    return next((one.removeprefix(prefix) for one in (person.identities if person else ()) if prefix in one), "")
