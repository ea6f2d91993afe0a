"""The training and tuning forms, made from the catalogue: every field says what it may hold, and is checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    InputInteractiveElement,
    Option,
    PlainTextInputElement,
    StaticMultiSelectElement,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from bot.handlers import errors
from bot.replies import Reply
from bot.slack import blocks, openings
from bot.slack.desk import Desk
from bot.slack.form_rules import INTEGER, NUMBER, Metadata, Rule, metadata_from
from bot.slack.incoming import Incoming
from models.catalog import Catalogue, CatalogueError, Hyperparameter, Kind, Model
from orchestration.builds import Json
from orchestration.ports import SageBuildError
from orchestration.settings import BOUNDS, STRATEGIES, effective

MODEL, DATASET, DEPLOY, PICKED = "model", "dataset", "deploy", "picked"
JOBS, PARALLEL, STRATEGY, ONLY = "jobs", "parallel", "strategy", "only"
VALUE, LOW, HIGH = "hp:", "low:", "high:"  # of block ids: "hp:q"
YES, NO = "yes", "no"
MAX_OPTIONS = 100
MAX_HINT_CHARS = 150
_NUMERIC = {Kind.INTEGER: INTEGER, Kind.CONTINUOUS: NUMBER}


def show(incoming: Incoming, desk: Desk) -> None:
    """Put the form into the view that the ack opened, or anew when a choice in it changes what it asks."""
    fields: Mapping[str, Any] = incoming.data.get("fields", {})
    form, metadata = str(incoming.data["form"]), metadata_from(str(incoming.data["metadata"]))
    if form not in (openings.TRAIN, openings.TUNE):
        return
    try:
        view = make(form, metadata, fields, desk)
    except (SageBuildError, CatalogueError) as error:
        view = sentence_view(form, errors.to_reply(error).text, metadata)
    desk.slack.show_view(str(incoming.data["view"]), view)


def make(form: str, metadata: Metadata, fields: Mapping[str, Any], desk: Desk) -> View:
    """The form for the chosen model, with what was chosen so far. Raises SageBuildError, CatalogueError."""
    catalogue = desk.ports.models()
    defaults = effective(desk.ports.settings.load(), {})
    model = catalogue.model(str(fields.get(MODEL) or defaults.default_model))
    datasets = [dataset.name for dataset in desk.ports.datasets.all()]
    parts: list[Block] = [
        _select_model(catalogue, model),
        _select(DATASET, "Dataset", datasets, defaults.default_dataset),
    ]
    if form == openings.TRAIN:
        parts += [_hyperparameter(one) for one in model.hyperparameters]
        parts.append(_select(DEPLOY, "Deploy it afterwards?", (YES, NO), "", "As the settings say"))
        rules = {VALUE + one.name: rule for one in model.hyperparameters if (rule := _rule(one))}
        pairs: tuple[tuple[str, str], ...] = ()
    else:
        picked = _picked(model, fields)
        parts += [_pick(model, picked), *(part for one in picked for part in _range(one)), *_tuning_fields(defaults)]
        rules = _tuning_rules(picked)
        pairs = tuple((LOW + one.name, HIGH + one.name) for one in picked)
    kept = replace(metadata, rules=rules, pairs=pairs)
    return View(
        type="modal",
        callback_id=form,
        title=openings.FORMS[form],
        submit="Start",
        close="Cancel",
        blocks=parts,
        private_metadata=kept.to_text(),
    )


def sentence_view(form: str, text: str, metadata: Metadata) -> View:
    """A view that only says something."""
    return View(
        type="modal",
        callback_id=form,
        title=openings.FORMS[form],
        close="Close",
        blocks=[blocks.text_block(text)],
        private_metadata=replace(metadata, rules={}, pairs=()).to_text(),
    )


def submitted(incoming: Incoming, desk: Desk) -> None:
    """Start what was asked for; the answer goes to where the form was asked for."""
    fields, form = incoming.data["fields"], str(incoming.data["form"])
    metadata = metadata_from(str(incoming.data["metadata"]))
    there = replace(incoming, channel=metadata.channel, thread=metadata.thread, data={})
    slots = training_slots(fields) if form == openings.TRAIN else tuning_slots(fields)
    intent = "StartTraining" if form == openings.TRAIN else "Tune"
    reply: Reply = desk.answered(there, intent, slots, in_words(form, fields), sure=False)
    if reply.error:
        desk.tell_alone(there, reply)
    else:
        desk.answer(there, reply)


def training_slots(fields: Mapping[str, Any]) -> dict[str, Json]:
    """The slots of StartTraining; what was left empty is not said."""
    given: dict[str, Json] = {
        name.removeprefix(VALUE): str(value).strip()
        for name, value in fields.items()
        if name.startswith(VALUE) and str(value).strip()
    }
    slots: dict[str, Json] = {"model": fields.get(MODEL, ""), "dataset": fields.get(DATASET, "")}
    slots["hyperparameters"] = given
    if fields.get(DEPLOY) in (YES, NO):
        slots["deploy"] = fields[DEPLOY] == YES
    return {name: value for name, value in slots.items() if value not in ("", {})}


def tuning_slots(fields: Mapping[str, Any]) -> dict[str, Json]:
    """The slots of Tune."""
    picked = [str(name) for name in fields.get(PICKED) or ()]
    ranges: dict[str, Json] = {}
    for name in picked:
        ends = {end: _number(fields.get(block + name)) for end, block in (("low", LOW), ("high", HIGH))}
        ranges[name] = {end: value for end, value in ends.items() if value is not None}
    slots: dict[str, Json] = {"model": fields.get(MODEL, ""), "dataset": fields.get(DATASET, ""), "ranges": ranges}
    for name in (JOBS, PARALLEL):
        if (count := _number(fields.get(name))) is not None:
            slots[name] = int(count)
    slots["strategy"] = str(fields.get(STRATEGY) or "").lower()
    if fields.get(ONLY) == YES:
        slots["only"] = True
    return {name: value for name, value in slots.items() if value not in ("", {})}


def in_words(form: str, fields: Mapping[str, Any]) -> str:
    """The form as a sentence, for the records."""
    said = [f"{name.partition(':')[2]} {value}" for name, value in fields.items() if ":" in name and value]
    of = f"{form} {fields.get(MODEL, '')} on {fields.get(DATASET, '')}"
    return f"{of}{' with ' if said else ''}{', '.join(said)} (by form)"


def _picked(model: Model, fields: Mapping[str, Any]) -> list[Hyperparameter]:
    wanted = fields.get(PICKED) or ()
    return [one for one in model.hyperparameters if one.tunable and one.name in wanted]


def _select_model(catalogue: Catalogue, model: Model) -> Block:
    options = [_option(one.name, one.title) for one in catalogue][:MAX_OPTIONS]
    chosen = next(option for option in options if option.value == model.name)
    element = StaticSelectElement(action_id=MODEL, options=options, initial_option=chosen)
    return InputBlock(label="Model", block_id=MODEL, element=element, dispatch_action=True)


def _select(block: str, label: str, values: Iterable[str], chosen: str, placeholder: str = "Choose") -> Block:
    """A choice of one; optional when nothing is chosen to begin with."""
    options = [_option(value, value) for value in values][:MAX_OPTIONS] or [_option("none", "none yet")]
    initial = next((option for option in options if option.value == chosen), None)
    element = StaticSelectElement(action_id=block, options=options, initial_option=initial, placeholder=placeholder)
    return InputBlock(label=label, block_id=block, element=element, optional=initial is None and block != DATASET)


def _pick(model: Model, picked: Sequence[Hyperparameter]) -> Block:
    options = [_option(one.name, one.name) for one in model.hyperparameters if one.tunable][:MAX_OPTIONS]
    names = {one.name for one in picked}
    element = StaticMultiSelectElement(
        action_id=PICKED,
        options=options or [_option("none", "nothing to tune")],
        initial_options=[option for option in options if option.value in names] or None,
        placeholder="All of them",
    )
    return InputBlock(label="Tune", block_id=PICKED, element=element, dispatch_action=True, optional=True)


def _hyperparameter(one: Hyperparameter) -> Block:
    default = "yes" if one.default is True else "no" if one.default is False else str(one.default)
    element: InputInteractiveElement
    if one.kind in (Kind.CATEGORICAL, Kind.FLAG):
        values = one.choices if one.kind is Kind.CATEGORICAL else (YES, NO)
        options = [_option(value, value) for value in values][:MAX_OPTIONS]
        element = StaticSelectElement(action_id=one.name, options=options, placeholder=default)
    else:
        element = PlainTextInputElement(action_id=one.name, placeholder=blocks.cut(default, 100), max_length=200)
    allowed = one.allowed()
    hint = blocks.cut(f"{allowed[0].upper()}{allowed[1:]}: {one.meaning}", MAX_HINT_CHARS)
    return InputBlock(label=one.name, block_id=VALUE + one.name, element=element, hint=hint, optional=True)


def _range(one: Hyperparameter) -> list[Block]:
    """From where to where; of words, all of them are tried."""
    if one.kind not in _NUMERIC:
        return []
    low = one.tune_minimum if one.tune_minimum is not None else one.minimum
    high = one.tune_maximum if one.tune_maximum is not None else one.maximum
    return [
        _number_field(LOW + one.name, f"{one.name} from", low, one.allowed()),
        _number_field(HIGH + one.name, f"{one.name} to", high, one.allowed()),
    ]


def _number_field(block: str, label: str, value: float | None, hint: str) -> Block:
    initial = f"{value:g}" if value is not None else None
    element = PlainTextInputElement(action_id=block, initial_value=initial, max_length=30)
    return InputBlock(label=label, block_id=block, element=element, hint=blocks.cut(hint, MAX_HINT_CHARS) or None)


def _tuning_fields(defaults: Any) -> list[Block]:
    return [
        _number_field(JOBS, "Training jobs in all", defaults.tuning_jobs, ""),
        _number_field(PARALLEL, "At a time", defaults.tuning_parallel_jobs, ""),
        _select(STRATEGY, "Strategy", STRATEGIES, defaults.tuning_strategy),
        _select(ONLY, "Only tune, without training and deploying afterwards?", (YES, NO), NO),
    ]


def _rule(one: Hyperparameter) -> Rule | None:
    kind = _NUMERIC.get(one.kind)
    return Rule(kind, one.minimum, one.maximum) if kind else None


def _tuning_rules(picked: Sequence[Hyperparameter]) -> dict[str, Rule]:
    rules = {
        JOBS: Rule(INTEGER, *BOUNDS["tuning_jobs"], needed=True),
        PARALLEL: Rule(INTEGER, *BOUNDS["tuning_parallel_jobs"], needed=True),
    }
    for one in picked:
        if (rule := _rule(one)) is not None:
            rules |= {LOW + one.name: replace(rule, needed=True), HIGH + one.name: replace(rule, needed=True)}
    return rules


def _option(value: str, label: str) -> Option:
    return Option(value=value, text=blocks.cut(label, 75))


def _number(text: Any) -> float | int | None:
    try:
        number = float(str(text))
    except ValueError:
        return None
    return int(number) if number == int(number) and abs(number) < 1e15 else number
