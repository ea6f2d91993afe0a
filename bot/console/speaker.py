"""Who talks on this terminal, and in which conversation."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from bot.intents.request import Utterance

CHANNEL = "console"
LEAVING = frozenset({"exit", "quit", "bye", "leave", ":q"})


@dataclass(frozen=True)
class Speaker:
    """name: the person's on this channel. conversation: what they are in, such as one run of `sagebuild chat`."""

    name: str
    conversation: str

    @property
    def identity(self) -> str:
        return f"{CHANNEL}:{self.name}"

    def says(self, text: str) -> Utterance:
        """A new utterance; each is a delivery of its own, so that saying the same twice does it twice."""
        return Utterance(text, self.identity, CHANNEL, self.conversation, uuid.uuid4().hex)


def in_new_conversation(name: str) -> Speaker:
    """Somebody who begins a conversation: two terminals of one person do not answer each other's questions."""
    return Speaker(name, f"{CHANNEL}-{name}-{uuid.uuid4().hex[:8]}")


def in_standing_conversation(name: str) -> Speaker:
    """Somebody who says one thing a process: `sagebuild say yes` answers what `sagebuild say` asked before."""
    return Speaker(name, f"{CHANNEL}-{name}-say")


def is_leaving(text: str) -> bool:
    """Whether it ends the conversation."""
    return text.strip().lower().rstrip(".!") in LEAVING
