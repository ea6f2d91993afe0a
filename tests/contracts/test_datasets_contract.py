"""The contract of `orchestration.ports.Datasets`."""

from __future__ import annotations

import uuid

import pytest

from orchestration.ports import BadDataset, NewDataset, Ports, UnknownDataset

CSV = "y,x1,x2\n1.5,0.5,1\n2.5,0.25,2\n"


def new(name: str = "", **splits: str) -> NewDataset:
    return NewDataset(name or f"d-{uuid.uuid4().hex[:8]}", "y", splits or {"train": CSV, "validation": CSV}, "two rows")


def test_what_was_registered_is_found(ports: Ports) -> None:
    registered = ports.datasets.register(new())
    assert ports.datasets.get(registered.name) == registered
    assert registered in ports.datasets.all()
    assert (registered.version, registered.columns, registered.inputs) == ("v0001", ("y", "x1", "x2"), ("x1", "x2"))
    assert (registered.rows, registered.example) == ({"train": 2, "validation": 2}, (0.5, 1.0))


def test_the_same_content_is_the_same_version_and_other_content_the_next(ports: Ports) -> None:
    first = ports.datasets.register(new())
    assert ports.datasets.register(new(first.name)).version == "v0001"
    second = ports.datasets.register(new(first.name, train=CSV + "3,4,5\n"))
    assert second.version == "v0002"
    assert ports.datasets.get(first.name).version == "v0002"
    assert ports.datasets.get(first.name, "v0001") == first


def test_an_unknown_dataset_is_refused_with_those_there_are(ports: Ports) -> None:
    there = ports.datasets.register(new())
    with pytest.raises(UnknownDataset, match=f"no-such-data.*{there.name}"):
        ports.datasets.get("no-such-data")
    with pytest.raises(UnknownDataset, match="v0009"):
        ports.datasets.get(there.name, "v0009")


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        (new("Bad Name"), "Bad Name"),
        (new(train="y,x1\n"), "no rows"),
        (new(train="z,x1\n1,2\n"), "y"),
        (new(train="y,x1\n1,two\n"), "two"),
        (new(train="y,x1\n1,2,3\n"), "row 2"),
        (new(train=CSV, validation="y,x1\n1,2\n"), "validation"),
        (new(validation=CSV), "no train rows"),
        (new(train=CSV, holdout=CSV), "holdout"),
    ],
    ids=["name", "no rows", "no target", "text", "ragged", "other columns", "no train", "unknown split"],
)
def test_what_cannot_be_used_is_refused_before_anything_is_written(
    ports: Ports, dataset: NewDataset, said: str
) -> None:
    with pytest.raises(BadDataset, match=said):
        ports.datasets.register(dataset)
    with pytest.raises(UnknownDataset):
        ports.datasets.get(dataset.name)
