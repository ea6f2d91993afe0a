"""THE list of what can be asked. Help, permissions, confirmations and the suggestions of "did you mean" come from here.

kinds.py says what an entry is made of; the entries are in building.py, following.py, producing.py and knowing.py.
`en-US/<Name>.yaml` has the sentences of each intent, `bot/handlers/registry.py` what it does. The values of slots
(models, hyperparameters) are in `models/catalog.py`.
"""

from __future__ import annotations

from bot.intents.building import BUILDING, START_TRAINING, STOP_BUILD
from bot.intents.following import FOLLOWING
from bot.intents.kinds import Intent, Role, Slot, SlotKind, Tier
from bot.intents.knowing import CANCEL, KNOWING, NO, TALKING, YES
from bot.intents.producing import PRODUCING

__all__ = [
    "BY_NAME",
    "CANCEL",
    "INTENTS",
    "NO",
    "START_TRAINING",
    "STOP_BUILD",
    "YES",
    "Intent",
    "Role",
    "Slot",
    "SlotKind",
    "Tier",
]

INTENTS: tuple[Intent, ...] = (*BUILDING, *FOLLOWING, *PRODUCING, *KNOWING, *TALKING)

BY_NAME = {intent.name: intent for intent in INTENTS}
