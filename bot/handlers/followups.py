"""What a text means after what was said before: the answer to a question, or a correction ("no, l")."""

from __future__ import annotations

from bot.access.memory import Memory
from bot.language.parse import Language, Parse
from orchestration.ports import Ports


def meant(parse: Parse, memory: Memory, language: Language, ports: Ports) -> Parse:
    """The text as a command, when it is one only with what was said before."""
    return parse
