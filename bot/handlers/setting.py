"""ShowSettings and ChangeSetting: the environment's document, one checked change at a time."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields

from bot.access.confirmations import Meant
from bot.access.memory import Memory
from bot.handlers import measures, wording
from bot.intents.request import Request
from bot.language.settings import spoken_settings
from bot.replies import Choice, Reply, Table
from orchestration.builds import Json
from orchestration.ports import BadSettings, Ports
from orchestration.settings import BOUNDS, CHOICES, SCHEMA_VERSION, BuildSettings, check_setting, effective

# Documents in themselves: nobody changes them by a sentence.
BY_DOCUMENT = frozenset({"prices", "images", "models", "deploy_freeze"})
UNITS = {"_s": "duration", "_gb": "GB", "_mb": "MB", "_usd": "US dollars"}
NONE_WORDS = frozenset({"none", "off", "nothing", "unlimited", "no"})


def show_settings(request: Request, ports: Ports, memory: Memory) -> Reply:
    """One setting with what it may be, or all of them. Raises BadSettings."""
    stored = ports.settings.load()
    values = _values(stored)
    if said := request.text("setting"):
        name = field_of(said)
        own = "" if name in stored else ", the default"
        may = f" It may be {_allowed(name)}." if _allowed(name) else ""
        return Reply(f"{_spoken(name)} is {in_words(name, values[name])}{own}.{may}")
    rows = tuple(
        (name, in_words(name, value), "" if name in stored else "default")
        for name, value in values.items()
        if name not in BY_DOCUMENT
    )
    changed = [row[0] for row in rows if not row[2]]
    count, environment = wording.plural(len(changed), "setting"), ports.environment.name
    verb = "is" if len(changed) == 1 else "are"
    text = f"{count} of {environment} {verb} not the default: {wording.columns(changed)}."
    return Reply(
        text=text if changed else f"Every setting of {environment} is the default.",
        table=Table(("setting", "value", ""), rows),
        choices=(Choice("Change one", "set the training timeout to 2 hours"),),
    )


def _values(stored: Mapping[str, Json]) -> dict[str, Json]:
    """Every setting of the environment. Raises BadSettings."""
    settings = effective(stored, {})
    return {field.name: getattr(settings, field.name) for field in fields(BuildSettings)}


def field_of(said: str) -> str:
    """The setting that people call so: "training timeout" is training_timeout_s. Raises BadSettings, naming others."""
    names = spoken_settings()
    fields_ = {field.name for field in fields(BuildSettings)}
    if said in fields_ or said in names:
        return names.get(said, said)
    near = difflib.get_close_matches(said, names, n=3, cutoff=0.4)
    hint = f"Near it: {wording.listed(near)}." if near else "Say 'show the settings' for those there are."
    raise BadSettings(f"There is no setting {said!r}. {hint}")


def _spoken(name: str) -> str:
    return next((words for words, field in spoken_settings().items() if field == name), name)


def in_words(name: str, value: Json) -> str:
    """A setting's value with its unit: "2 hours" for a training_timeout_s of 7200."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if name.endswith("_s"):
            return wording.duration_s(value)
        if name.endswith("_usd"):
            return f"${value:,.2f}"
        unit = next((unit for end, unit in UNITS.items() if name.endswith(end)), "")
        return f"{wording.number(value)} {unit}".strip()
    if isinstance(value, (dict, list, tuple)):
        return wording.plural(len(value), "entry").replace("entrys", "entries")
    return measures.shown(value) or "nothing"


def _allowed(name: str) -> str:
    if name in CHOICES:
        return wording.listed(CHOICES[name], "or")
    if name in BOUNDS:
        low, high = BOUNDS[name]
        return f"from {in_words(name, low)} to {in_words(name, high)}"
    return ""


def means_changing(request: Request, ports: Ports, memory: Memory) -> Meant | Reply:
    """The change, checked with everything else that is set, before it is asked about. Raises BadSettings."""
    name = field_of(request.text("setting"))
    value = _value(name, request.slots.get("value"))
    before = _values(ports.settings.load())[name]
    _changed(name, value, ports)
    if before == value:
        return Reply(f"{_spoken(name)} is {in_words(name, value)} already.")
    sentence = f"Set the {_spoken(name)} of {ports.environment.name} to {in_words(name, value)}"
    return Meant({"setting": name, "value": value}, f"{sentence} (it is {in_words(name, before)})", None)


def _value(name: str, said: Json) -> Json:
    """What was said in the type of the setting: "off" is no, 7200.0 is 7200, "none" takes a limit away."""
    if name in BY_DOCUMENT:
        raise BadSettings(f"{name} is a document of its own; an admin changes it where the settings are stored.")
    default = {field.name: field.default for field in fields(BuildSettings)}[name]
    text = str(said).strip().lower()
    if isinstance(default, bool):
        return {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}.get(text, said)
    if default is None and (said is False or text in NONE_WORDS):
        return None
    if isinstance(default, int) and isinstance(said, float) and said == int(said):
        return int(said)
    if name in CHOICES and isinstance(said, str):
        return next((choice for choice in CHOICES[name] if choice.lower() == text), said)
    return said


def _changed(name: str, value: Json, ports: Ports) -> dict[str, Json]:
    """The document with that change. Raises BadSettings when it would not be a valid one."""
    check_setting(name, value)
    document = {"schema_version": SCHEMA_VERSION, **ports.settings.load(), name: value}
    effective(document, {})
    return document


def change_setting(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Store it as the next version. Raises BadSettings."""
    name, value = request.text("setting"), request.slots.get("value")
    before = _values(ports.settings.load())[name]
    version = ports.settings.save(_changed(name, value, ports))
    return Reply(
        f"The {_spoken(name)} is {in_words(name, value)} from now on; it was {in_words(name, before)}. "
        f"That is version {version} of the settings, for builds that start after it.",
    )
