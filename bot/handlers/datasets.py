"""ListDatasets, DescribeDataset, UseDataset, DeleteDataset."""

from __future__ import annotations

from collections.abc import Mapping

from bot.access import memory as remembered
from bot.access.confirmations import Meant
from bot.access.memory import Memory
from bot.handlers import ordering, wording
from bot.intents.request import Request
from bot.replies import Choice, Fact, Reply, Table
from orchestration.builds import WORKING
from orchestration.ports import Conflict, Dataset, Ports, Unavailable
from orchestration.settings import effective

MAX_CLASSES_SHOWN = 12


def list_datasets(request: Request, ports: Ports, memory: Memory) -> Reply:
    """The newest version of each, as a table."""
    datasets = ports.datasets.all()
    if not datasets:
        return Reply("There are no datasets yet.")
    mine = ordering.dataset_of(request, ports) or effective(ports.settings.load(), {}).default_dataset
    names = wording.listed(one.name for one in datasets)
    rows = tuple(
        (
            one.name,
            one.version,
            str(sum(one.rows.values())),
            str(len(one.inputs)),
            one.target,
            "classes" if one.classes else "a number",
            one.description,
        )
        for one in datasets
    )
    headings = ("dataset", "version", "rows", "inputs", "target", "predicts", "what it is")
    yours = f" You use {mine}." if any(one.name == mine for one in datasets) else ""
    return Reply(
        text=f"{wording.plural(len(datasets), 'dataset')}: {names}.{yours}",
        table=Table(headings, rows),
        choices=tuple(Choice(f"Describe {one.name}", f"describe the {one.name} dataset") for one in datasets[:5]),
    )


def describe_dataset(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Columns, rows, target and an example; the asker's own choice when none was said. Raises UnknownDataset."""
    name = ordering.dataset_of(request, ports) or effective(ports.settings.load(), {}).default_dataset
    dataset = ports.datasets.get(name)
    rows = wording.listed(f"{count} {_split(split)}" for split, count in dataset.rows.items())
    about = f" {dataset.description.rstrip('.')}." if dataset.description else ""
    predicts = f"{dataset.target}, which is {_kind(dataset)}"
    return Reply(
        text=f"{dataset.name} {dataset.version}:{about} {sum(dataset.rows.values())} rows ({rows}), "
        f"{wording.plural(len(dataset.inputs), 'input')}, to predict {predicts}.",
        facts=(
            Fact("target", dataset.target),
            Fact("registered", wording.clock_time(dataset.created_at, request.person.timezone)),
            *((Fact("classes", wording.columns(dataset.classes, MAX_CLASSES_SHOWN)),) if dataset.classes else ()),
        ),
        table=Table(("column", "kind", "for example"), _columns(dataset)),
        choices=(Choice("Train on it", f"start training on {dataset.name}"),),
    )


def _split(split: str) -> str:
    return {"train": "to train", "validation": "to validate", "test": "held out"}.get(split, "not split yet")


def _kind(dataset: Dataset) -> str:
    if dataset.classes:
        return f"one of {wording.plural(len(dataset.classes), 'class')}".replace("classs", "classes")
    return "text" if dataset.target in dataset.text_columns else "a number"


def _columns(dataset: Dataset) -> tuple[tuple[str, str, str], ...]:
    example: Mapping[str, float | str] = dict(zip(dataset.inputs, dataset.example, strict=False))
    rows = []
    for column in dataset.columns:
        kind = "target" if column == dataset.target else dataset.kinds.get(column, "number")
        value = example.get(column, "")
        rows.append((column, kind, wording.number(value) if isinstance(value, (int, float)) else value))
    return tuple(rows)


def use_dataset(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Remember it as what the person's later sentences mean, on every channel. Raises UnknownDataset, Unavailable."""
    dataset = ports.datasets.get(request.text("dataset"))
    if not remembered.choose(request.person.id, ordering.DATASET, dataset.name, ports.conversations):
        raise Unavailable("I could not write that down.")
    return Reply(
        f"From now on you use {dataset.name}, unless you say another.",
        choices=(Choice("Start training", "start training"),),
    )


def means_deleting_dataset(request: Request, ports: Ports, memory: Memory) -> Meant | Reply:
    """Raises UnknownDataset, and Conflict while anything uses it: an endpoint, a running build, the settings."""
    dataset = ports.datasets.get(request.text("dataset"))
    if users := _users(dataset.name, ports):
        raise Conflict(f"{dataset.name} is used by {wording.listed(users)}, so it is not deleted.")
    old = ports.builds.latest(100)
    trained = sum(build.service.dataset == dataset.name for build in old)
    note = f" {wording.plural(trained, 'earlier build')} of it cannot be deployed any more then." if trained else ""
    count = sum(dataset.rows.values())
    return Meant(
        {"dataset": dataset.name}, f"Delete the dataset {dataset.name} ({count} rows)", None, note=note.strip()
    )


def _users(name: str, ports: Ports) -> list[str]:
    users = [f"the endpoint {one.name}" for one in ports.endpoints.all() if one.service and one.service.dataset == name]
    running = ports.builds.latest(100, statuses=frozenset(WORKING))
    users += [f"build {build.number}" for build in running if build.service.dataset == name]
    if effective(ports.settings.load(), {}).default_dataset == name:
        users.append("the settings, as the default")
    return users


def delete_dataset(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Delete all its versions. Raises UnknownDataset, Conflict."""
    name = request.text("dataset")
    if users := _users(name, ports):
        raise Conflict(f"{name} is used by {wording.listed(users)}, so it is not deleted.")
    ports.datasets.delete(name)
    return Reply(f"The dataset {name} is deleted, with all its versions.")
