"""`train`: fits a Gaussian process to the train channel, judges it on the validation channel, writes the model folder.

The exact solver has no partial model, so SIGTERM ends it at once (containers/common/program.py).
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from containers.common import environment
from containers.common.channels import read_channel
from containers.common.hyperparameters import read_hyperparameters
from containers.common.output import metric, replacing, say, write_json
from containers.common.paths import Paths
from containers.gp_image import artifacts
from containers.gp_image.judging import inputs_of, metrics, target_of
from models.catalog import GP, Value
from models.gp import artifact
from models.gp.fitting import fit
from models.gp.mixture import Model
from models.gp.settings import PROFILE, Settings
from models.hyperparameters import BadHyperparameters
from models.tabular import NotANumber, Table


def train(paths: Paths) -> None:
    """Runs one training job from its files. Prints the metrics as `validation:RMSE=<x>;` and the like.

    Raises ContractError, CatalogueError, TabularError and GPError with a sentence for the person who asked, and OSError
    when the model folder cannot be written.
    """
    started_s = time.monotonic()
    values = read_hyperparameters(paths, GP)
    table, validation = _tables(paths)
    say(f"Fitting {table.rows} rows of {len(table.inputs)} inputs; the target is {table.target}. {_settings(values)}")
    fitting_s = time.monotonic()
    model, search_record = fitted(table, values)
    fit_s = time.monotonic() - fitting_s
    found = metrics(model, validation)
    say(f"Fitted in {fit_s:.3f} s; judged on {validation.rows} validation rows.")
    for name, value in found.items():
        metric(name, value)
    write_json(
        paths.model / artifacts.METRICS,
        {
            "model": GP.name,
            "metrics": found,
            "rows": {"train": table.rows, "validation": validation.rows},
            "hyperparameters": values,
            "fit_s": fit_s,
            "total_s": time.monotonic() - started_s,
        },
    )
    write_json(paths.model / artifacts.SCHEMA, _schema(table))
    if search_record is not None:
        write_json(paths.model / artifacts.SEARCH, search_record)
    with replacing(paths.model / artifacts.MODEL) as partial:
        artifact.save(model, partial)
    say("The model is written.")


def _tables(paths: Paths) -> tuple[Table, Table]:
    try:
        table = read_channel(paths, "train", environment.target())
        return table, read_channel(paths, "validation", like=table)
    except NotANumber as error:
        raise NotANumber(f"{error} A Gaussian process takes whole rows of numbers only.") from None


def fitted(table: Table, values: Mapping[str, Value]) -> tuple[Model, dict[str, object] | None]:
    """The model, and the record of the search when there was one."""
    x, y = inputs_of(table, table.inputs), target_of(table)
    settings = _gp_settings(values)
    if values["search"] == "off":
        found = fit(settings, x, y, inputs=table.inputs, target=table.target)
        if found.note:
            say(found.note)
        return found.posterior, None
    # Imported here: it needs SciPy, which a single fit must not wait for.
    from models.gp.search import SearchSettings, search

    wanted = SearchSettings(
        criterion=str(values["search"]),
        average=int(values["average"]),
        refine=values["length_scales"] == "learnt",
        base=settings,
    )
    result = search(wanted, x, y, inputs=table.inputs, target=table.target, report=say)
    return result.model, result.record


def _gp_settings(values: Mapping[str, Value]) -> Settings:
    threads = environment.blas_threads()
    q, l, sigma2 = int(values["q"]), int(values["l"]), float(values["sigma2"])  # noqa: E741 - the paper's symbol
    if values["definition"] == "published":
        _refuse_search_of_published(values)
        return Settings.published(q, l, sigma2, threads)
    variance = float(values["signal_variance"])
    return Settings(
        q=q,
        l=l,
        sigma2=sigma2,
        projection=str(values["projection"]),
        norm_exponent=int(values["norm_exponent"]),
        bias=float(values["bias"]),
        signal_variance=variance if variance > 0.0 else PROFILE,
        solver=str(values["solver"]),
        inducing_points=int(values["inducing_points"]),
        seed=int(values["seed"]),
        n_threads=threads,
    )


def _refuse_search_of_published(values: Mapping[str, Value]) -> None:
    if values["search"] != "off":
        raise BadHyperparameters("A search is of scaled inputs; with definition=published, search must be off.")


def _schema(table: Table) -> dict[str, object]:
    return {
        "target": table.target,
        "inputs": [
            {"name": name, "minimum": min(table.columns[name]), "maximum": max(table.columns[name])}
            for name in table.inputs
        ],
    }


def _settings(values: Mapping[str, Value]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())
