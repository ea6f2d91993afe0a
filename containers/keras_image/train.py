"""`train`: one network trained, or searched for, and judged on the validation rows; writes the model folder.

job.py has read and checked everything. A job that was stopped goes on from the checkpoint folder. SIGTERM ends it
between two compiled calls (containers/common/program.py).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from containers.common import environment
from containers.common.output import replacing, say, write_json
from containers.common.paths import Paths
from containers.keras_image import artifacts, reports
from containers.keras_image.job import Job
from models.keras_net import forward
from models.keras_net.backend import configure
from models.keras_net.building import prove_equal
from models.keras_net.fitting import class_weights
from models.keras_net.plots import line_chart
from models.keras_net.predictor import Predictor
from models.keras_net.search import Found, Task, search
from models.keras_net.space import Space
from models.keras_net.target import ClassTarget
from models.keras_net.training import Trained
from models.keras_net.training import train as train_network

# Multiplications of one training step, above which a second thread saves more than it costs.
_THREADS_FROM = 20_000_000
# Rows on which the export is compared with Keras before the job ends.
_PROBE_ROWS = 256


def train(paths: Paths, job: Job) -> None:
    """Runs a job that was read, printing metrics as `<name>=<x>;`.

    Raises KerasNetError with a sentence for the person who asked, and OSError when a folder cannot be written.
    """
    started_s = time.monotonic()
    configure(environment.blas_threads() or _threads(job))
    say(reports.beginning(job.rows, job.preparation, job.target, job.network, job.training, job.space))
    checkpoints = paths.checkpoints if paths.checkpoints.is_dir() else None
    found: Found | None = None
    if job.space is None:
        network, training, trained = job.network, job.training, _train_one(job, checkpoints)
    else:
        found = _search(job, job.space, checkpoints)
        best = found.finals[0]
        network, training, trained = best.network, best.training, best.trained
    if trained.resumed_at:
        say(f"This job went on from a checkpoint after epoch {trained.resumed_at}.")
    difference = prove_equal(trained.model, trained.dense, job.validation.x[:_PROBE_ROWS])
    reports.print_metrics(trained.metrics)
    record = reports.metrics_record(job.values, job.rows, job.validation, job.reports, network, training, trained)
    record |= {"export_difference": difference, "total_s": time.monotonic() - started_s}
    _write(paths, job, trained, record, found)
    say("The model is written.")


def _threads(job: Job) -> int:
    """One for a small network, which several threads only slow down; 0, as many as there are, for a large one."""
    layers = job.network.layers if job.space is None else (max(job.space.nodes),) * job.space.layers[1]
    widths = (job.rows.x.shape[1], *layers, job.target.outputs)
    batch = job.training.batch_size if job.space is None else max(job.space.batch_sizes)
    step = batch * sum(before * after for before, after in zip(widths, widths[1:], strict=False))
    return 1 if step < _THREADS_FROM else 0


def _train_one(job: Job, checkpoints: Path | None) -> Trained:
    return train_network(
        job.network,
        job.training,
        job.target,
        job.rows,
        job.validation,
        class_weights(job.rows, job.target) if job.balanced and isinstance(job.target, ClassTarget) else None,
        on_epoch=reports.print_epoch,
        checkpoint=checkpoints / "training.npz" if checkpoints else None,
    )


def _search(job: Job, space: Space, checkpoints: Path | None) -> Found:
    task = Task(job.network, job.training, job.target, job.rows, job.validation, job.balanced)
    found = search(task, space, on_trial=reports.print_trial, on_epoch=reports.print_epoch, folder=checkpoints)
    reports.print_best(found, space.objective)
    return found


def _write(paths: Paths, job: Job, trained: Trained, record: Mapping[str, object], found: Found | None) -> None:
    folder = paths.model
    write_json(folder / artifacts.METRICS, record)
    _write_text(folder / artifacts.HISTORY_CHART, line_chart(reports.history_figure(trained)))
    if found is not None and job.space is not None:
        write_json(folder / artifacts.SEARCH, reports.search_record(found, job.space))
        _write_text(folder / artifacts.SEARCH_CHART, line_chart(reports.search_figure(found, job.space)))
    write_json(folder / artifacts.SCHEMA, reports.schema(job.preparation, job.target))
    with replacing(folder / artifacts.KERAS_MODEL) as partial:
        trained.model.save(partial)
    predictor = Predictor(job.preparation, job.target, trained.dense)
    write_json(folder / artifacts.PREPROCESS, predictor.preprocess_json())
    with replacing(folder / artifacts.WEIGHTS) as partial:
        forward.save(trained.dense, partial)


def _write_text(path: Path, text: str) -> None:
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")
