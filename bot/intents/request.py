"""What comes in: an Utterance is text, a Request is an understood command. Any channel can make either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestration.builds import Json, Requester
from orchestration.ports import Person


@dataclass(frozen=True)
class Utterance:
    """Something that somebody said.

    identity: the channel identity of the speaker ("console:ada"). conversation: where an answer goes. place: where
    people talk together, such as a Slack channel; "" for the conversation. delivery_id: the same for a redelivery of
    the same message, so that nothing is done twice.
    """

    text: str
    identity: str
    channel: str
    conversation: str
    delivery_id: str
    place: str = ""


@dataclass(frozen=True)
class Request:
    """A command: what is asked, by whom, where.

    words: as said. heard: the sentence as it was understood, which differs when its spelling was repaired.
    confirmed: the speaker has said yes to exactly this command.
    """

    intent: str
    slots: Mapping[str, Json]
    words: str
    person: Person
    channel: str
    conversation: str
    delivery_id: str
    heard: str = ""
    repaired: bool = False
    confirmed: bool = False
    place: str = ""

    @property
    def requester(self) -> Requester:
        """The speaker as a build's requester."""
        return Requester(self.person.id, self.person.name, self.channel, self.conversation, self.place)

    def text(self, slot: str) -> str:
        """The slot's text, "" when it was not said."""
        value = self.slots.get(slot)
        return value if isinstance(value, str) else ""

    def number(self, slot: str) -> int | None:
        """The slot's whole number, None when it was not said or is not one."""
        value = self.slots.get(slot)
        return value if isinstance(value, int) and not isinstance(value, bool) else None
