"""Hyperopt's TPE over networks: short trials on a share of the training rows, then the best few trained in full.

space.py has what is tried, trials.py what is kept. Hyperopt proposes; the trials are ours, so that a failed or
non-finite one is a result like another, and a search that was killed goes on from a JSON file.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from hyperopt import JOB_STATE_DONE, STATUS_FAIL, STATUS_OK, Domain, Trials, hp, space_eval, tpe

from models.hyperparameters import BadHyperparameters
from models.keras_entry import goal
from models.keras_net.backend import keras, tf
from models.keras_net.errors import KerasNetError, SearchFailed
from models.keras_net.fitting import Rows, class_weights
from models.keras_net.network import Network, Training
from models.keras_net.preparation import Float32
from models.keras_net.space import Choice, Space, network_of, training_of, trial_training
from models.keras_net.target import ClassTarget, Target
from models.keras_net.training import OnEpoch, Trained, train
from models.keras_net.trials import Notebook, Trial, should_prune

# Until so many trials TPE proposes at random; its own default of 20 makes a usual search a random one.
STARTUP_TRIALS = 10


@dataclass(frozen=True)
class Task:
    """What networks are searched for. base: what the space does not vary, its choices resolved. full: a final training.

    rows: of training, which trials split among themselves. validation: what finals are judged by.
    """

    base: Network
    full: Training
    target: Target
    rows: Rows
    validation: Rows
    balanced: bool


@dataclass(frozen=True)
class Final:
    """One of the best trials, trained in full. loss: what is minimised, on the validation rows."""

    trial: Trial
    network: Network
    training: Training
    trained: Trained
    loss: float


@dataclass(frozen=True)
class Found:
    """finals: the best first."""

    trials: list[Trial]
    finals: list[Final]


def search(
    task: Task,
    space: Space,
    *,
    on_trial: Callable[[Trial, Trial | None], None] | None = None,
    on_epoch: OnEpoch | None = None,
    folder: Path | None = None,
) -> Found:
    """Looks for the best network and trains the best few.

    on_trial: given each new trial and the best complete one so far. on_epoch: for the final trainings. folder: where
    the search is kept and resumed from. Raises SearchFailed when no trial, or no final training, came to an end.
    """
    notebook_path = folder / "search.json" if folder else None
    mark = _mark(task, space)
    notebook = Notebook.load(notebook_path, mark) if notebook_path else Notebook(mark)
    _run_trials(task, space, notebook, on_trial, notebook_path)
    best = notebook.best(space.top_k)
    if not best:
        errors = {trial.error for trial in notebook.trials if trial.error}
        raise SearchFailed(f"None of {len(notebook.trials)} trials came to an end: {'; '.join(sorted(errors))[:500]}")
    finals = _train_finals(task, space, best, on_epoch, folder)
    return Found(notebook.trials, sorted(finals, key=lambda final: final.loss))


def _run_trials(
    task: Task,
    space: Space,
    notebook: Notebook,
    on_trial: Callable[[Trial, Trial | None], None] | None,
    path: Path | None,
) -> None:
    rows, held_out = _split(task.rows, space)
    proposals = _space(space)
    while len(notebook.trials) < space.max_evals:
        vals = _propose(proposals, space, notebook.trials)
        choices = {name: _plain(value) for name, value in space_eval(proposals, vals).items()}
        trial = replace(_try(task, space, choices, rows, held_out, notebook.trials), vals=vals)
        notebook.trials.append(trial)
        if path:
            notebook.save(path)
        if on_trial:
            on_trial(trial, next(iter(notebook.best(1)), None))


def _propose(proposals: Mapping[str, Any], space: Space, earlier: list[Trial]) -> dict[str, int | float]:
    """What TPE would try next. Hyperopt's fmin is not used: it fails when every trial so far has failed."""
    number = len(earlier)
    # The generator's whole state is the seed and the trial's number, so a resumed search needs nothing else.
    seed = int(np.random.default_rng([space.seed, number]).integers(2**31 - 1))
    (document,) = tpe.suggest(
        [number], Domain(_not_called, proposals), _trials_of(earlier), seed, n_startup_jobs=STARTUP_TRIALS
    )
    return {name: _plain(value[0]) for name, value in document["misc"]["vals"].items() if value}


def _not_called(choices: object) -> float:
    """Hyperopt's domain needs an objective; ours is called by us."""
    raise NotImplementedError


def _try(
    task: Task,
    space: Space,
    choices: Mapping[str, Choice],
    rows: Rows,
    held_out: Rows,
    earlier: list[Trial],
) -> Trial:
    """One trial; what goes wrong in it is its result."""
    number = len(earlier)
    started_s = time.process_time()
    curve: list[float] = []

    def on_epoch(epoch: int, record: Mapping[str, float]) -> bool:
        loss = _loss(space.objective, record[f"val_{space.objective}"])
        curve.append(min([loss, *curve[-1:]]))
        return space.pruning and should_prune(curve, earlier)

    # Without it every network of the search stays in memory.
    keras.backend.clear_session(free_memory=False)
    loss, error, pruned = None, "", False
    try:
        network = network_of(choices, task.base)
        training = replace(trial_training(choices, space), seed=space.seed + number)
        trained = train(network, training, task.target, rows, held_out, _weights(task, rows), on_epoch=on_epoch)
        loss, pruned = _loss(space.objective, trained.metrics[space.objective]), trained.ended == "pruned"
    except (KerasNetError, BadHyperparameters, MemoryError, tf.errors.OpError) as failure:
        error = str(failure) or type(failure).__name__
    if loss is not None and not math.isfinite(loss):
        loss, error = None, f"{space.objective} came to {loss}."
    cpu_s = time.process_time() - started_s
    finite = tuple(value for value in curve if math.isfinite(value))
    return Trial(number, {}, choices, loss, finite if loss is not None else (), pruned, error, cpu_s)


def _train_finals(
    task: Task, space: Space, best: list[Trial], on_epoch: OnEpoch | None, folder: Path | None
) -> list[Final]:
    finals: list[Final] = []
    errors: list[str] = []
    for trial in best:
        network, training = network_of(trial.choices, task.base), training_of(trial.choices, task.full)
        checkpoint = folder / f"final-{trial.number}.npz" if folder else None
        try:
            trained = train(
                network,
                training,
                task.target,
                task.rows,
                task.validation,
                _weights(task, task.rows),
                on_epoch=on_epoch,
                checkpoint=checkpoint,
            )
        except KerasNetError as failure:
            errors.append(str(failure))
            continue
        loss = _loss(space.objective, trained.metrics[space.objective])
        finals.append(Final(trial, network, training, trained, loss))
    if not finals:
        raise SearchFailed(f"None of the best {len(best)} networks could be trained in full: {errors[0]}")
    return finals


def _space(space: Space) -> dict[str, Any]:
    """Hyperopt's form. Nodes of layers that a trial does not have are proposed and not used: what is learnt of a layer
    then counts for every depth."""
    low, high = space.layers
    return {
        "num_layers": hp.choice("num_layers", range(low, high + 1)),
        **{f"nodes_{place}": hp.choice(f"nodes_{place}", space.nodes) for place in range(high)},
        "batch_size": hp.choice("batch_size", space.batch_sizes),
        "dropout": hp.choice("dropout", space.dropouts),
        "optimizer": hp.choice("optimizer", space.optimizers),
        "activation": hp.choice("activation", space.activations),
        "batch_normalization": hp.choice("batch_normalization", (False, True)),
        "learning_rate": hp.loguniform("learning_rate", *(math.log(bound) for bound in space.learning_rate)),
        "l2": hp.loguniform("l2", *(math.log(bound) for bound in space.l2)),
    }


def _split(rows: Rows, space: Space) -> tuple[Rows, Rows]:
    """The share of the rows that trials see, split into what they train on and what they are judged by."""
    order = np.random.default_rng([space.seed, 1]).permutation(len(rows))
    used = order[: max(2, round(len(rows) * space.share))]
    held_out = min(len(used) - 1, max(1, round(len(used) * space.split)))
    return rows.take(used[held_out:]), rows.take(used[:held_out])


def _trials_of(found: list[Trial]) -> Trials:
    """Hyperopt's record of trials that were made earlier."""
    trials = Trials()
    documents = []
    for trial in found:
        vals = {name: [value] for name, value in trial.vals.items()}
        misc = {
            "tid": trial.number,
            "cmd": ("domain_attachment", "FMinIter_Domain"),
            "workdir": None,
            "idxs": {name: [trial.number] for name in vals},
            "vals": vals,
        }
        (document,) = trials.new_trial_docs([trial.number], [None], [_result(trial)], [misc])
        documents.append({**document, "state": JOB_STATE_DONE})
    if documents:
        trials.insert_trial_docs(documents)
        trials.refresh()
    return trials


def _result(trial: Trial) -> dict[str, object]:
    if trial.loss is None:
        return {"status": STATUS_FAIL, "error": trial.error}
    return {"status": STATUS_OK, "loss": trial.loss}


def _loss(objective: str, value: float) -> float:
    return -value if goal(objective) == "Maximize" else value


def _weights(task: Task, rows: Rows) -> Float32 | None:
    return class_weights(rows, task.target) if task.balanced and isinstance(task.target, ClassTarget) else None


def _mark(task: Task, space: Space) -> str:
    """Which search this is; the number of trials may grow, and what happens after them may change."""
    settings = {**space.to_json(), "max_evals": None, "top_k": None, "base": task.base.to_json()}
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for array in (task.rows.x, task.rows.y):
        digest.update(str(array.shape).encode() + array.tobytes())
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's, which JSON takes."""
    return value.item() if isinstance(value, np.generic) else value
