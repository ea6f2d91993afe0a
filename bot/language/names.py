"""The names in the catalogue of models, in every spelling. `grammar.py` makes lists of them."""

from __future__ import annotations

import re

from models.catalog import Catalogue, Kind

_NUMBER_WORD = re.compile(r"\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten)\b|\d")


class Names:
    """What is said, to what is meant. A word that two models use for different hyperparameters means itself: the model
    tells which one it is."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        parameters: dict[str, set[str]] = {}
        self.models: dict[str, str] = {}
        self.choices: dict[str, str] = {}
        self.flags: dict[str, str] = {}
        for model in catalogue:
            self.models |= {spelling: model.name for word in (model.name, *model.words) for spelling in spellings(word)}
            for parameter in model.hyperparameters:
                said = {spelling for word in (parameter.name, *parameter.spoken) for spelling in spellings(word)}
                for spelling in said:
                    parameters.setdefault(spelling, set()).add(parameter.name)
                self.choices |= {spelling: choice for choice in parameter.choices for spelling in spellings(choice)}
                if parameter.kind is Kind.FLAG:
                    self.flags |= dict.fromkeys(said, parameter.name)
        self.parameters = {said: meant.copy().pop() if len(meant) == 1 else said for said, meant in parameters.items()}

    def words(self) -> set[str]:
        """The names of one word, other than models'."""
        return {said for said in (*self.parameters, *self.choices) if " " not in said}

    def with_numbers(self) -> dict[tuple[str, ...], str]:
        """The phrases whose words would be read as numbers, to one word: "sigma two" to "sigma2"."""
        return {
            tuple(word.split()): parameter.name
            for model in self._catalogue
            for parameter in model.hyperparameters
            for word in parameter.spoken
            if " " in word and _NUMBER_WORD.search(word)
        }


def spellings(name: str) -> set[str]:
    """How a name may be written: "norm_exponent", "norm-exponent" or "norm exponent"."""
    lower = name.lower()
    return {lower, lower.replace("_", " "), lower.replace("_", "-"), lower.replace("-", " ")}
