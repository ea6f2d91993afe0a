"""What the worker works with, and the ways in which it answers: in the thread, to one person alone, or by a command's
own address."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.access.permissions import identify
from bot.handlers import errors
from bot.intents.request import Request, Utterance
from bot.replies import Reply
from bot.slack import drawing, live_view, sealed
from bot.slack.client import Posted, Slack, SlackRefused
from bot.slack.config import SlackSettings
from bot.slack.incoming import Incoming
from bot.slack.notices import CHANNEL, news
from bot.slack.render import Message, render
from bot.wiring import Bot
from orchestration.builds import Build, Json, execution_name
from orchestration.ports import Conflict, LiveMessage, Ports, SageBuildError, UnknownBuild, Work, WorkQueue

NOT_HERE = frozenset({"not_in_channel", "channel_not_found", "is_archived", "restricted_action", "thread_not_found"})
INVITE = "I am not in that channel, so I answer here. Invite me there, and I will report there."

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Desk:
    """Safe to share between threads. pictures: where pictures are ordered; None: they are drawn here."""

    settings: SlackSettings
    bot: Bot
    ports: Ports
    slack: Slack
    queue: WorkQueue
    pictures: WorkQueue | None = None

    def seal(self, content: Mapping[str, Any]) -> str:
        """For a button."""
        return sealed.seal(self.settings.seal_key, content)

    def unseal(self, word: Any) -> dict[str, Any]:
        """What a button carries. Raises NotOurs."""
        return sealed.unseal(self.settings.seal_key, word if isinstance(word, str) else "")

    def utterance(self, incoming: Incoming, text: str, conversation: str = "") -> Utterance:
        """What the person said there."""
        return Utterance(
            text=text,
            identity=incoming.identity,
            channel=CHANNEL,
            conversation=conversation or incoming.conversation,
            delivery_id=incoming.delivery_id,
            place=incoming.place,
        )

    def answered(self, incoming: Incoming, intent: str, slots: Mapping[str, Json], words: str, *, sure: bool) -> Reply:
        """The reply to a command that a button or a form gives. sure: the person was asked by Slack already."""
        try:
            person = identify(incoming.identity, self.ports.people)
        except SageBuildError as error:
            return errors.to_reply(error)
        return self.bot.answer(
            Request(
                intent=intent,
                slots=slots,
                words=words,
                person=person,
                channel=CHANNEL,
                conversation=incoming.conversation,
                delivery_id=incoming.delivery_id,
                heard=words,
                confirmed=sure,
                place=incoming.place,
            )
        )

    def answer(self, incoming: Incoming, reply: Reply) -> None:
        """Show the reply where it was asked; a build that it started is shown as the one live message of it."""
        build = self.started(reply, incoming)
        if build is not None and not incoming.is_private:
            self._answer_live(incoming, build, reply)
        else:
            message = render(reply, self.sealer(incoming), incoming.user)
            if incoming.is_private:
                self.slack.respond(incoming.response_url, replace(message, file=None))
            else:
                self._posted(incoming, message)
            self._draw(incoming, reply)
        if reply.build is not None and (build or self.ports.messages.get(CHANNEL, reply.build)):
            self.news(reply.build, incoming.delivery_id)

    def tell_alone(self, incoming: Incoming, reply: Reply) -> None:
        """Show it to who pressed or said it, and to nobody else."""
        message = replace(render(reply, self.sealer(incoming), incoming.user), file=None)
        if incoming.is_private:
            self.slack.respond(incoming.response_url, message)
        elif incoming.is_direct:
            self.slack.post(incoming.channel or incoming.user, message, incoming.thread)
        else:
            try:
                self.slack.whisper(incoming.channel, incoming.user, message, incoming.thread)
            except SlackRefused:
                self.slack.post(incoming.user, message)  # not in the channel, or no longer: to them directly

    def started(self, reply: Reply, incoming: Incoming) -> Build | None:
        """The build that this very delivery started, if it did."""
        if reply.build is None or reply.error or reply.confirm is not None:
            return None
        try:
            build = self.ports.builds.get(reply.build)
        except UnknownBuild:
            return None
        return build if build.execution_name == execution_name(CHANNEL, incoming.delivery_id) else None

    def news(self, number: int, delivery_id: str) -> None:
        """Have the build's live message looked at, after whatever else waits for that."""
        self.queue.put(news(number, f"news:{number}:{delivery_id}"))

    def sealer(self, incoming: Incoming) -> Any:
        """Seals a choice with the conversation that it belongs to, in which alone "yes" means something."""
        return lambda content: self.seal({**content, "in": incoming.conversation})

    def _answer_live(self, incoming: Incoming, build: Build, reply: Reply) -> None:
        if self.ports.messages.get(CHANNEL, build.number) is not None:
            return  # answered before: this is a redelivery
        message, digest = live_view.shown(build, self.ports, self.settings.team, self.seal, reply.text)
        posted = self._posted(incoming, message)
        kept = LiveMessage(
            build.number, CHANNEL, posted.channel, posted.ts, incoming.thread, digest, self.ports.clock.now()
        )
        try:
            self.ports.messages.save(kept)
        except Conflict:
            _log.info("build %d was shown by its first news already", build.number)

    def _posted(self, incoming: Incoming, message: Message) -> Posted:
        """In the thread, or directly to the person where the bot may not speak."""
        try:
            return self.slack.post(incoming.channel or incoming.user, message, incoming.thread)
        except SlackRefused as error:
            if error.code not in NOT_HERE or not incoming.channel:
                raise
            self.slack.post(incoming.user, render(Reply(INVITE), self.seal))
            return self.slack.post(incoming.user, message)

    def _draw(self, incoming: Incoming, reply: Reply) -> None:
        """The picture, after the words: it takes a while, and its failing takes nothing away."""
        if reply.picture is None:
            return
        order = drawing.Order(reply.picture, incoming.channel or incoming.user, incoming.thread)
        if self.pictures is not None:
            body = order.to_json()
            self.pictures.put(Work(f"pictures/{incoming.conversation}", incoming.delivery_id, body))
        else:
            drawing.draw(order, self.slack)
