"""The models as data: what each is called, takes, prints and is judged by. Standard library only.

Everything that names a model, a hyperparameter or a metric reads it here: the sentences, the forms, the containers'
parser, the state machine's requests. Nothing assumes two models: an environment's settings add entries with
`Catalogue.with_entries` (any image that keeps the contract of `containers/README.md`).

hyperparameters.py says what an entry is made of; gp_entry.py and keras_entry.py hold one each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from models.gp_entry import GP
from models.hyperparameters import (
    BadEntry,
    BadHyperparameters,
    CatalogueError,
    Hyperparameter,
    Kind,
    Metric,
    Model,
    UnknownModel,
    Value,
)
from models.keras_entry import KERAS

__all__ = [
    "BUILT_IN",
    "GP",
    "KERAS",
    "BadEntry",
    "BadHyperparameters",
    "Catalogue",
    "CatalogueError",
    "Hyperparameter",
    "Kind",
    "Metric",
    "Model",
    "UnknownModel",
    "Value",
]


@dataclass(frozen=True)
class Catalogue:
    """The models that an environment knows, by name and by the words people use."""

    models: tuple[Model, ...] = field(default=())

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for model in self.models:
            for word in {model.name, *model.words}:
                if word in seen:
                    raise BadEntry(
                        f"Both {seen[word]} and {model.name} are called {word!r}; each name may be used once."
                    )
                seen[word] = model.name

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models)

    def names(self) -> tuple[str, ...]:
        return tuple(model.name for model in self.models)

    def model(self, name: str) -> Model:
        """The model of that name, or that people call so. Raises UnknownModel."""
        wanted = name.strip().lower()
        for model in self.models:
            if wanted == model.name or wanted in model.words:
                return model
        raise UnknownModel(f"There is no model {name!r}; there is {' and '.join(self.names())}.")

    def with_entries(self, entries: Iterable[Mapping[str, object]]) -> Catalogue:
        """This catalogue and the entries of an environment's settings. Raises BadEntry."""
        return Catalogue(self.models + tuple(Model.from_json(entry) for entry in entries))


BUILT_IN = Catalogue((GP, KERAS))
