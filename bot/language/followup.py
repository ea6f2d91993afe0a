"""What a text means after a question or a command: the answer for one slot, or a correction of what was said.

Pure functions of what was said before; who said it, and whether it is still waited for, is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.intents.catalog import Intent, SlotKind
from bot.language.hyperparameters import Contradiction
from bot.language.matcher import Match, Slots
from bot.language.slots import Reader, value_of
from orchestration.builds import Json

AMEND = "amend"
_COMPOSED = {
    SlotKind.NUMBERS: "numbers",
    SlotKind.INPUTS: "numbers",
    SlotKind.HYPERPARAMETERS: "hyperparameters",
    SlotKind.RANGES: "ranges",
}


def answer_reader(reader: Reader, kind: SlotKind) -> Callable[[Match], Slots | None]:
    """Reads a bare answer for a slot of that kind as {"answer": value}."""

    def read(match: Match) -> Slots | None:
        if match.intent != kind.value:
            return None
        if kind in _COMPOSED:
            composed = (reader.slots(match) or {}).get(_COMPOSED[kind])
            return {"answer": composed} if composed else None
        values = [capture.value for capture in match.captures if capture.slot not in ("", "_")]
        try:
            return {"answer": value_of(kind, values, reader.spoken)} if values else None
        except Contradiction:
            return None

    return read


def amended(intent: Intent, slots: Mapping[str, Json], change: Slots) -> dict[str, Json] | None:
    """The slots with the change; None when it changes nothing that the intent has.

    change: what `amend.yaml` captures. old and new are hyperparameters: one takes the other's place. bare is a number
    and word a name that say not what they are for.
    """
    made: dict[str, Json] = dict(slots)
    known = {slot.name: slot.kind for slot in intent.slots}
    for name, value in change.items():
        if name in ("old", "new", "bare", "word", "span"):
            continue
        if name not in known:
            return None
        before = made.get(name)
        made[name] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    if "new" in change and not _renamed(made, known, str(change.get("old", "")), str(change["new"])):
        return None
    if "span" in change and not _respanned(made, change["span"]):
        return None
    if "bare" in change and not _renumbered(made, known, change["bare"]):
        return None
    if "word" in change and not _reworded(made, known, str(change["word"])):
        return None
    return made if made != dict(slots) else None


def _renamed(slots: dict[str, Json], known: Mapping[str, SlotKind], old: str, new: str) -> bool:
    """Put one hyperparameter in another's place: the named one, or the only one."""
    for slot in ("ranges", "hyperparameters"):
        values = slots.get(slot)
        if slot not in known or not isinstance(values, dict):
            continue
        replaced = old or (next(iter(values)) if len(values) == 1 else "")
        if replaced in values and new not in values:
            slots[slot] = {new if name == replaced else name: value for name, value in values.items()}
            return True
    return False


def _respanned(slots: dict[str, Json], span: Json) -> bool:
    """Another range for the only hyperparameter that is tuned, or for the input that is varied."""
    if not isinstance(span, list) or len(span) != 2:
        return False
    tuned = slots.get("ranges")
    if isinstance(tuned, dict) and len(tuned) == 1:
        ((name, before),) = tuned.items()
        kept = before if isinstance(before, dict) else {}
        slots["ranges"] = {name: {**kept, "low": span[0], "high": span[1]}}
        return True
    if "from" in slots:
        slots |= {"from": span[0], "to": span[1]}
    return "from" in slots


def _renumbered(slots: dict[str, Json], known: Mapping[str, SlotKind], number: Json) -> bool:
    """A number alone is the build's, or the value of the only number that was said."""
    if "build" in known:
        slots["build"] = number
        return isinstance(number, int)
    values = slots.get("hyperparameters")
    if isinstance(values, dict) and len(values) == 1:
        slots["hyperparameters"] = dict.fromkeys(values, number)
        return True
    said = [
        name
        for name, kind in known.items()
        if kind in (SlotKind.COUNT, SlotKind.NUMBER, SlotKind.VALUE) and name in slots
    ]
    if len(said) == 1:
        slots[said[0]] = number
    return len(said) == 1


def _reworded(slots: dict[str, Json], known: Mapping[str, SlotKind], word: str) -> bool:
    """A name alone is the dataset's, or what else the intent has names for."""
    for name in ("dataset", "endpoint", "input", "value"):
        if name in known:
            slots[name] = word
            return True
    return False
