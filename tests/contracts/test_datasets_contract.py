"""The contract of `orchestration.ports.Datasets`."""

from __future__ import annotations

import uuid

import pytest

from orchestration.ports import BadDataset, NewDataset, Ports, UnknownDataset

CSV = "y,x1,x2\n1.5,0.5,1\n2.5,0.25,2\n"
SHOPS = "kind,size,town\nsmall,,Oslo\nlarge,2.5,Bergen\nsmall,1,NA\n"


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
        (new(train="y,x1\n1,1\n2,2\n3,two\n"), "'two' in row 4"),
        (new(train=CSV, validation=CSV.replace("0.5,1", "a,1").replace("0.25", "b")), "text in the column 'x1'"),
        (new(train="y,x1\n,1\nNA,2\n"), "no values"),
        (new(data=CSV, train=CSV), "one file to be split"),
        (NewDataset(f"d-{uuid.uuid4().hex[:8]}", "y", {"data": CSV}, split_seed=-1), "split seed"),
        (new(train="y,x1\n1,2,3\n"), "row 2"),
        (new(train=CSV, validation="y,x1\n1,2\n"), "validation"),
        (new(validation=CSV), "no train rows"),
        (new(train=CSV, holdout=CSV), "holdout"),
    ],
    ids=[
        "name",
        "no rows",
        "no target",
        "mixed",
        "kinds",
        "no values",
        "both",
        "seed",
        "ragged",
        "other columns",
        "no train",
        "unknown split",
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_written(
    ports: Ports, dataset: NewDataset, said: str
) -> None:
    with pytest.raises(BadDataset, match=said):
        ports.datasets.register(dataset)
    with pytest.raises(UnknownDataset):
        ports.datasets.get(dataset.name)


def test_text_columns_empty_cells_and_classes_are_in_the_manifest(ports: Ports) -> None:
    name = new().name
    registered = ports.datasets.register(NewDataset(name, "kind", {"train": SHOPS}))
    assert ports.datasets.get(name) == registered
    assert registered.kinds == {"kind": "text", "size": "number", "town": "text"}
    assert (registered.text_columns, registered.classes) == (("kind", "town"), ("large", "small"))
    assert registered.example == (2.5, "Bergen")
    assert registered.is_split
    numbers = ports.datasets.register(new())
    assert (numbers.text_columns, numbers.classes, numbers.split_seed) == ((), (), 0)


def test_one_file_is_kept_unsplit_with_its_seed(ports: Ports) -> None:
    first = ports.datasets.register(NewDataset(new().name, "y", {"data": CSV}))
    assert (first.rows, list(first.uris), first.split_seed, first.is_split) == ({"data": 2}, ["data"], 0, False)
    assert ports.datasets.register(NewDataset(first.name, "y", {"data": CSV})) == first
    second = ports.datasets.register(NewDataset(first.name, "y", {"data": CSV}, split_seed=7))
    assert (second.version, second.split_seed) == ("v0002", 7)
    assert ports.datasets.get(first.name) == second


def test_a_file_in_s3_is_copied(ports: Ports) -> None:
    source = ports.datasets.register(new())
    name = new().name
    copied = ports.datasets.register_uri(name, "x1", source.uris["train"], "copied", split_seed=3)
    assert (copied.target, copied.rows, copied.description) == ("x1", {"data": 2}, "copied")
    assert copied.uris["data"] != source.uris["train"]
    assert ports.datasets.get(name) == copied
    ports.datasets.delete(source.name)
    assert ports.datasets.register_uri(new().name, "y", copied.uris["data"]).rows == {"data": 2}


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("https://example.com/data.csv", "is not one file in S3"),
        ("s3://bucket", "is not one file in S3"),
        ("s3://bucket/folder/", "is not one file in S3"),
        ("s3://Bad_Bucket/data.csv", "is not one file in S3"),
        ("", "There is no object s3://.*/nothing.csv"),
    ],
    ids=["web", "bucket", "folder", "bucket's name", "absent"],
)
def test_what_is_no_file_to_register_is_said(ports: Ports, uri: str, said: str) -> None:
    name = new().name
    there = ports.datasets.register(new()).uris["train"]
    with pytest.raises(BadDataset, match=said):
        ports.datasets.register_uri(name, "y", uri or there.rsplit("/", 1)[0] + "/nothing.csv")
    with pytest.raises(UnknownDataset):
        ports.datasets.get(name)


def test_a_deleted_dataset_is_gone_and_its_versions_are_never_used_again(ports: Ports) -> None:
    first = ports.datasets.register(new())
    second = ports.datasets.register(new(first.name, train=CSV + "3,4,5\n"))
    ports.datasets.delete(first.name)
    for version in (None, "v0001", "v0002"):
        with pytest.raises(UnknownDataset):
            ports.datasets.get(first.name, version)
    assert first.name not in [dataset.name for dataset in ports.datasets.all()]
    for dataset in (first, second):
        with pytest.raises(BadDataset, match="There is no object"):
            ports.datasets.register_uri(new().name, "y", dataset.uris["train"])
    with pytest.raises(UnknownDataset, match=first.name):
        ports.datasets.delete(first.name)
    assert ports.datasets.register(new(first.name)).version == "v0003"
