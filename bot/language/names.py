"""The names in the catalogue of models, in every spelling. `grammar.py` makes lists of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from models.catalog import Catalogue, Hyperparameter, Kind, Model

_NUMBER_WORD = re.compile(r"\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten)\b|\d")
_SCALARS = frozenset({Kind.INTEGER, Kind.CONTINUOUS})
_LISTS = frozenset({Kind.INTEGERS, Kind.NUMBERS, Kind.CHOICES})
_SEARCH = "search"


class Names:
    """What is said, to what is meant. A word that two models use for different hyperparameters means itself: the model
    tells which one it is.

    aliases: other words for hyperparameters, from the files of sentences; those of hyperparameters that the catalogue
    does not have are left out.
    """

    def __init__(self, catalogue: Catalogue, aliases: Mapping[str, str] | None = None) -> None:
        self._catalogue = catalogue
        self._aliases: dict[str, set[str]] = {}
        for said, name in (aliases or {}).items():
            self._aliases.setdefault(name, set()).add(said)
        self.models = {said: model.name for model in catalogue for said in _said_of_model(model)}
        self.searching = {said: model.name for model in catalogue if _searches(model) for said in _said_of_model(model)}
        self.tuning = {said: name for said, name in self.models.items() if said not in self.searching}
        self.parameters = self._named()
        self.scalars = self._named(_SCALARS)
        self.lists = self._named(_LISTS)
        self.categoricals = self._named({Kind.CATEGORICAL, Kind.CHOICES})
        self.flags = self._named({Kind.FLAG})
        self.choices = {
            spelling: choice for _, one in self._all() for choice in one.choices for spelling in spellings(choice)
        }
        self.told_by_choice = self._told_by_choice()
        self.listed = frozenset(one.name for _, one in self._all() if one.kind in _LISTS)

    def nameable(self) -> set[str]:
        """The words for choices: a dataset may be called "linear"."""
        return {said for said in self.choices if " " not in said}

    def with_numbers(self) -> dict[tuple[str, ...], str]:
        """The phrases whose words would be read as numbers, to one word: "sigma two" to "sigma2"."""
        return {
            tuple(word.split()): one.name
            for _, one in self._all()
            for word in one.spoken
            if " " in word and _NUMBER_WORD.search(word)
        }

    def each(self, name: str, *, several: bool) -> str:
        """The hyperparameter that says how many of something each of `name` has: of num_layers, whose other name is
        "layers", it is hidden_units, whose other name is "nodes per layer"; for several numbers it is nodes, the list.

        The name itself where there is none.
        """
        for model, one in self._all():
            if one.name != name:
                continue
            ends = {f" per {_singular(said)}" for said in one.spoken}
            for other in model.hyperparameters:
                for said in other.spoken:
                    if any(said.endswith(end) for end in ends):
                        return said.split()[0] if several else other.name
        return name

    def single(self, name: str) -> str:
        """What one number for a list means: "64 nodes" is 64 nodes per layer. The name itself where there is none."""
        for model, _ in ((model, one) for model, one in self._all() if one.name == name and one.kind in _LISTS):
            for other in model.hyperparameters:
                if any(said.startswith(f"{name} per ") for said in other.spoken):
                    return other.name
        return name

    def is_fraction(self, name: str) -> bool:
        """Whether "30 percent" of it is 0.3: it is at most 1 wherever it has a bound."""
        bounds = [one.maximum for _, one in self._all() if one.name == name]
        return bool(bounds) and all(bound is not None and bound <= 1 for bound in bounds)

    def _all(self) -> Iterable[tuple[Model, Hyperparameter]]:
        return ((model, one) for model in self._catalogue for one in model.hyperparameters)

    def _named(self, kinds: Iterable[Kind] | None = None) -> dict[str, str]:
        """The hyperparameters of those kinds by what they are called; a word with two meanings means itself."""
        meanings: dict[str, set[str]] = {}
        for _, one in self._all():
            if kinds is None or one.kind in kinds:
                for said in self._said_of(one):
                    meanings.setdefault(said, set()).add(one.name)
        return {said: meant.copy().pop() if len(meant) == 1 else said for said, meant in meanings.items()}

    def _said_of(self, one: Hyperparameter) -> set[str]:
        names = {spelling for word in (one.name, *one.spoken) for spelling in spellings(word)}
        names |= self._aliases.get(one.name, set())
        return names | {_singular(name) for name in names if len(name) > MIN_SINGULAR}

    def _told_by_choice(self) -> dict[str, str]:
        """The choices that tell which hyperparameter is meant, as "name=choice": "with adam" can only be the optimizer.

        A choice that is also the name of a hyperparameter, or says yes or no, tells nothing.
        """
        of: dict[str, str] = {}
        for _, one in self._all():
            if one.kind is Kind.CATEGORICAL:
                for choice in one.choices:
                    of.setdefault(choice, one.name)
        vague = {*self.parameters, "on", "off", "auto", "train", "none", "equal", "published", "exact", "regression"}
        return {
            spelling: f"{name}={choice}"
            for choice, name in of.items()
            if choice not in vague
            for spelling in spellings(choice)
        }


MIN_SINGULAR = 3  # "bias" has none, "layers" has


def spellings(name: str) -> set[str]:
    """How a name may be written: "norm_exponent", "norm-exponent", "norm exponent" or "normexponent"."""
    lower = name.lower()
    words = lower.replace("_", " ").replace("-", " ")
    return {lower, lower.replace("_", "-"), words, words.replace(" ", "")}


def _singular(name: str) -> str:
    """ "layers" to "layer"; what ends in "ss" or "is" or "us" or "as" stays."""
    return name[:-1] if name.endswith("s") and name[-2:] not in {"ss", "is", "us", "as"} else name


def _said_of_model(model: Model) -> set[str]:
    said = {spelling for word in (model.name, *model.words) for spelling in spellings(word)}
    plural = {f"{word}es" if word.endswith("ss") else f"{word}s" for word in said if not word.endswith("as")}
    return said | {word for word in plural if len(word) > MIN_SINGULAR + 1}


def _searches(model: Model) -> bool:
    """Whether one training job of the model can be a search: "search the keras model"."""
    return any(one.name == "mode" and _SEARCH in one.choices for one in model.hyperparameters)
