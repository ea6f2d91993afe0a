"""What an entry of the catalogue is made of: hyperparameters, metrics, how their text is read. Standard library only.

catalog.py lists the models; gp_entry.py and its like are their entries.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

Value = int | float | str | bool
# No hyphen: an endpoint is called <environment>-<model>-<dataset>, and must be told apart.
MODEL_NAME = re.compile(r"[a-z0-9]{1,16}")


# What every image can be run as, and what the images of this house add: judging and preparing data.
CONTRACT_PROGRAMS = ("train", "serve")
ALL_PROGRAMS = (*CONTRACT_PROGRAMS, "evaluate", "prepare")


class CatalogueError(ValueError):
    """Base of what this module raises. The message is a sentence for the person who asked."""


class UnknownModel(CatalogueError):
    """No entry has that name."""


class BadHyperparameters(CatalogueError):
    """Hyperparameters are unknown, unparsable or out of range; the message names each with what is allowed."""


class BadEntry(CatalogueError):
    """A catalogue entry from an environment's settings does not have the form that `Model.from_json` takes."""


class Kind(StrEnum):
    """How a hyperparameter's string is parsed and, when tuned, which SageMaker range it becomes."""

    INTEGER = "integer"
    CONTINUOUS = "continuous"
    CATEGORICAL = "categorical"
    # Yes or no; a bool.
    FLAG = "flag"
    # Several of a kind in one string, separated by commas; the value is that text in one spelling, for `items`.
    INTEGERS = "integers"
    NUMBERS = "numbers"
    CHOICES = "choices"


# The default of a list that may be left empty, and what says so.
NO_ITEMS = "none"
MAX_ITEMS = 32
_FLAGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True)
class Hyperparameter:
    """One hyperparameter. SageMaker hands every value over as a string, so `parse` is the one place that reads it.

    minimum and maximum are inclusive and in `unit` (None: a pure number). `scaling` is SageMaker's ScalingType for a
    tuning job. `spoken` are the other names people use, in lower case. `tune_minimum` and `tune_maximum` are the range
    that a bare "tune <name>" searches.
    """

    name: str
    kind: Kind
    default: Value
    meaning: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    unit: str | None = None
    scaling: str = "Auto"
    spoken: tuple[str, ...] = ()
    tunable: bool = False
    tune_minimum: float | None = None
    tune_maximum: float | None = None

    def allowed(self) -> str:
        """What may be said, in words: "a whole number from 0 to 4"."""
        if self.kind is Kind.CATEGORICAL:
            return "one of " + ", ".join(self.choices)
        if self.kind is Kind.FLAG:
            return "yes or no"
        if self.kind in _ITEM_KINDS:
            return self._allowed_items()
        noun = "a whole number" if self.kind is Kind.INTEGER else "a number"
        low, high = self.minimum, self.maximum
        unit = f" {self.unit}" if self.unit else ""
        if low is not None and high is not None:
            return f"{noun} from {low:g} to {high:g}{unit}"
        if low is not None:
            return f"{noun} of at least {low:g}{unit}"
        if high is not None:
            return f"{noun} of at most {high:g}{unit}"
        return noun + unit

    def parse(self, text: object) -> Value:
        """The typed value of what a person or SageMaker wrote.

        Raises BadHyperparameters when it does not parse or is out of range. JSON-quoted strings, as the SageMaker SDK
        sends them, are unquoted first.
        """
        raw = _unquoted(text)
        if self.kind in _ITEM_KINDS:
            return self._parse_items(raw)
        if self.kind is Kind.FLAG:
            if raw.lower() not in _FLAGS:
                raise BadHyperparameters(f"{self.name} is {raw!r}, but must be {self.allowed()}.")
            return _FLAGS[raw.lower()]
        if self.kind is Kind.CATEGORICAL:
            if raw not in self.choices:
                raise BadHyperparameters(f"{self.name} is {raw!r}, but must be {self.allowed()}.")
            return raw
        number = _number(raw)
        if number is None:
            raise BadHyperparameters(f"{self.name} is {raw!r}, but must be {self.allowed()}.")
        if self.kind is Kind.INTEGER and number != int(number):
            raise BadHyperparameters(f"{self.name} is {raw}, but must be {self.allowed()}.")
        if (self.minimum is not None and number < self.minimum) or (self.maximum is not None and number > self.maximum):
            raise BadHyperparameters(f"{self.name} is {raw}, but must be {self.allowed()}.")
        return int(number) if self.kind is Kind.INTEGER else number

    def _item(self) -> Hyperparameter:
        """What one item of the list must be."""
        return replace(self, kind=_ITEM_KINDS[self.kind])

    def _allowed_items(self) -> str:
        empty = f", or {NO_ITEMS}" if self.default == NO_ITEMS else ""
        return f"{self._item().allowed()}, or several separated by commas{empty}"

    def _parse_items(self, raw: str) -> str:
        if self.default == NO_ITEMS and raw.lower() in {NO_ITEMS, "[]", ""}:
            return NO_ITEMS
        # JSON's and Python's way of writing a list, as the replaced systems sent it, is read without evaluating it.
        found = [part.strip("\"'") for part in re.split(r"[,\s]+", raw.strip("[]() ")) if part]
        if not found or len(found) > MAX_ITEMS:
            raise BadHyperparameters(
                f"{self.name} is {raw!r}, but must be {self.allowed()}; at most {MAX_ITEMS} in all."
            )
        try:
            values = [self._item().parse(part) for part in found]
        except BadHyperparameters:
            raise BadHyperparameters(f"{self.name} is {raw!r}, but must be {self.allowed()}.") from None
        return ",".join(str(value) for value in values)


_ITEM_KINDS = {
    Kind.INTEGERS: Kind.INTEGER,
    Kind.NUMBERS: Kind.CONTINUOUS,
    Kind.CHOICES: Kind.CATEGORICAL,
}


def items(value: Value) -> tuple[str, ...]:
    """The items of a parsed list, as text: "64,32" has 64 and 32, "none" has nothing."""
    text = str(value)
    return () if text == NO_ITEMS else tuple(text.split(","))


@dataclass(frozen=True)
class Metric:
    """A number that a training job prints as `<name>=<value>;`. `goal` is SageMaker's Minimize or Maximize."""

    name: str
    goal: str
    meaning: str
    title: str = ""

    @property
    def regex(self) -> str:
        """The pattern for a MetricDefinition: takes exponents and cannot match the end of a longer name."""
        return rf"(?:^|[\s;]){re.escape(self.name)}=([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?);"


@dataclass(frozen=True)
class Model:
    """One kind of model that can be built.

    image: the image's repository name. program: the Python module that is the image's entry point, which local mode
    runs by command line. objective: the metric that decides which of two trained models is better. bare_tune says what
    "tune <model>" without parameters means: "tune" (a SageMaker tuning job) or "search" (inside one training job).
    programs: what the image can be run as, `evaluate` and `prepare` being processing jobs (containers/README.md).
    takes_text: whether columns of text and empty cells may be among the inputs.
    """

    name: str
    title: str
    description: str
    words: tuple[str, ...]
    image: str
    program: str
    objective: str
    metrics: tuple[Metric, ...]
    hyperparameters: tuple[Hyperparameter, ...]
    content_types: tuple[str, ...] = ("text/csv", "application/json")
    bare_tune: str = "tune"
    programs: tuple[str, ...] = CONTRACT_PROGRAMS
    takes_text: bool = True

    def hyperparameter(self, name: str) -> Hyperparameter:
        """The hyperparameter of that name or spoken name (case is ignored). Raises BadHyperparameters."""
        wanted = name.strip().lower()
        for parameter in self.hyperparameters:
            if wanted == parameter.name.lower() or wanted in parameter.spoken:
                return parameter
        known = ", ".join(p.name for p in self.hyperparameters)
        raise BadHyperparameters(f"The {self.name} model has no hyperparameter {name!r}; it has {known}.")

    def metric(self, name: str) -> Metric:
        """The metric of that name. Raises CatalogueError."""
        for metric in self.metrics:
            if metric.name == name:
                return metric
        raise CatalogueError(
            f"The {self.name} model has no metric {name!r}; it has {', '.join(m.name for m in self.metrics)}."
        )

    def parse(self, given: Mapping[str, object]) -> dict[str, Value]:
        """Every hyperparameter by name: the given ones parsed, the others at their default.

        Raises BadHyperparameters naming everything that is wrong, not only the first.
        """
        values: dict[str, Value] = {p.name: p.default for p in self.hyperparameters}
        wrong: list[str] = []
        seen: set[str] = set()
        for name, text in given.items():
            try:
                parameter = self.hyperparameter(name)
                if parameter.name in seen:
                    raise BadHyperparameters(f"{parameter.name} is given twice.")
                seen.add(parameter.name)
                values[parameter.name] = parameter.parse(text)
            except BadHyperparameters as error:
                wrong.append(str(error))
        if wrong:
            raise BadHyperparameters(" ".join(wrong))
        return values

    @staticmethod
    def from_json(entry: Mapping[str, object]) -> Model:
        """A model from an environment's settings. Raises BadEntry naming the field."""
        return _model_from_json(entry)


def _unquoted(text: object) -> str:
    raw = str(text).strip()
    if len(raw) >= 2 and raw[0] == raw[-1] == '"':
        try:
            raw = str(json.loads(raw))
        except ValueError:
            return raw
    return raw


def _number(raw: str) -> float | None:
    try:
        number = float(raw)
    except ValueError:
        return None
    if "_" in raw:  # Python's, nobody else's
        return None
    return number if math.isfinite(number) else None


def _model_from_json(entry: Mapping[str, object]) -> Model:
    try:
        plain = json.loads(json.dumps(entry))
        parameters = tuple(
            Hyperparameter(
                **{
                    **p,
                    "kind": Kind(p["kind"]),
                    "choices": tuple(p.get("choices", ())),
                    "spoken": tuple(p.get("spoken", ())),
                }
            )
            for p in plain.pop("hyperparameters", ())
        )
        metrics = tuple(Metric(**m) for m in plain.pop("metrics"))
        plain.update({key: tuple(plain[key]) for key in ("words", "content_types", "programs") if key in plain})
        model = Model(metrics=metrics, hyperparameters=parameters, **plain)
    except (KeyError, TypeError, ValueError) as error:
        name = entry.get("name", "without a name")
        raise BadEntry(f"The catalogue entry {name!r} cannot be read: {error}.") from error
    if not MODEL_NAME.fullmatch(model.name):
        raise BadEntry(f"{model.name!r} cannot be a model's name: it takes 1 to 16 lower-case letters and digits.")
    model.metric(model.objective)
    if not set(CONTRACT_PROGRAMS) <= set(model.programs) <= set(ALL_PROGRAMS):
        raise BadEntry(f"The programs of {model.name!r} must be train and serve, with or without evaluate and prepare.")
    return model
