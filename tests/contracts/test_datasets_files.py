"""What only S3 can do to a dataset's file: sizes, refusals, text that is none. The AWS adapter, on moto."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError

from orchestration.aws import dataset_files
from orchestration.aws.clients import Clients, Wire
from orchestration.aws.dataset_files import DatasetFiles
from orchestration.aws.datasets import S3Datasets
from orchestration.local import resources
from orchestration.local.session import local_session
from orchestration.ports import BadDataset, NewDataset, UnknownDataset, dataset_checks
from tests.contracts.clock import SettableClock

OURS, THEIRS = "ours", "theirs"


@pytest.fixture
def clients() -> Iterator[Clients]:
    from moto import mock_aws

    with mock_aws():
        wire = Wire(local_session("testing", resources.REGION))
        made = Clients(lambda: wire)
        made("dynamodb").create_table(**resources.table("builds", "datasets"))
        for bucket in (OURS, THEIRS):
            made("s3").create_bucket(Bucket=bucket)
        yield made


@pytest.fixture
def datasets(clients: Clients) -> S3Datasets:
    return S3Datasets(clients, OURS, "datasets", SettableClock())


@pytest.fixture
def put(clients: Clients) -> Callable[[bytes], str]:
    def put_object(content: bytes) -> str:
        clients("s3").put_object(Bucket=THEIRS, Key="folder/data file.csv", Body=content)
        return f"s3://{THEIRS}/folder/data file.csv"

    return put_object


def test_a_file_of_another_bucket_is_read_and_copied(datasets: S3Datasets, put, clients: Clients) -> None:
    registered = datasets.register_uri("shops", "y", put("\ufeffy,town\r\n1,Tromsø\r\n".encode()))
    assert (registered.columns, registered.example) == (("y", "town"), ("Tromsø",))
    bucket, _, key = registered.uris["data"].removeprefix("s3://").partition("/")
    assert bucket == OURS
    assert clients("s3").get_object(Bucket=OURS, Key=key)["Body"].read().decode("utf-8-sig") == "y,town\r\n1,Tromsø\r\n"


def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    datasets: S3Datasets, put, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = put(b"y,x\n1,2\n" * 1000)
    for module in (dataset_files, dataset_checks):
        monkeypatch.setattr(module, "MAX_DATASET_BYTES", 7000)
    with pytest.raises(BadDataset, match=r"s3://theirs/folder/data file.csv has 0 MB, but may have at most 0 MB\."):
        datasets.register_uri("big", "y", uri)
    with pytest.raises(BadDataset, match="big's train file has 0 MB, but may have"):
        datasets.register(NewDataset("big", "y", {"train": "y,x\n" + "1,2\n" * 2000}))


def test_what_is_not_utf8_text_is_refused(datasets: S3Datasets, put) -> None:
    with pytest.raises(BadDataset, match="shops's file is not UTF-8 text: invalid start byte at byte"):
        datasets.register_uri("shops", "y", put(b"y,x\n1,\xff\n"))


def test_a_bucket_that_is_not_there_or_not_ours_to_read_is_said(
    datasets: S3Datasets, put, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadDataset, match="There is no object s3://nowhere/a.csv"):
        datasets.register_uri("shops", "y", "s3://nowhere/a.csv")
    uri = put(b"y,x\n1,2\n")

    errors = {"AccessDenied": "may not be read by SageBuild; its bucket's policy", "InvalidObjectState": "is archived"}
    for code, said in errors.items():

        def refuse(code: str = code, **request: str) -> None:
            raise ClientError({"Error": {"Code": code, "Message": "It is archived."}}, "GetObject")

        monkeypatch.setattr(clients("s3"), "get_object", refuse)
        with pytest.raises(BadDataset, match=said):
            datasets.register_uri("shops", "y", uri)


def test_deleting_leaves_no_file_and_no_item_but_the_count(datasets: S3Datasets, clients: Clients) -> None:
    datasets.register(NewDataset("shops", "y", {"train": "y,x\n1,2\n", "test": "y,x\n1,2\n"}))
    datasets.register(NewDataset("shops", "y", {"train": "y,x\n1,3\n"}))
    datasets.register(NewDataset("others", "y", {"train": "y,x\n1,3\n"}))
    datasets.delete("shops")
    kept = {entry["Key"] for entry in clients("s3").list_objects_v2(Bucket=OURS)["Contents"]}
    assert {key.split("/")[1] for key in kept} == {"others"}
    items = clients("dynamodb").scan(TableName="datasets")["Items"]
    found = sorted((item["pk"]["S"], item["sk"]["S"]) for item in items)
    assert found == [("DATASET#others", "v0001"), ("DATASETS", "others"), ("DATASETS-DELETED", "shops")]


def test_files_of_another_bucket_are_never_deleted(clients: Clients, put) -> None:
    uri = put(b"y,x\n1,2\n")
    files = DatasetFiles(clients, OURS)
    files.delete([uri])
    assert files.read(uri) == b"y,x\n1,2\n"


def test_a_manifest_of_before_kinds_has_numbers(datasets: S3Datasets, clients: Clients) -> None:
    datasets.register(NewDataset("shops", "y", {"train": "y,x\n1,2\n"}))
    clients("dynamodb").update_item(
        TableName="datasets",
        Key={"pk": {"S": "DATASETS"}, "sk": {"S": "shops"}},
        UpdateExpression="REMOVE kinds, classes, split_seed",
    )
    found = datasets.get("shops")
    assert (found.kinds, found.classes, found.split_seed) == ({"y": "number", "x": "number"}, (), 0)
    datasets.delete("shops")
    with pytest.raises(UnknownDataset):
        datasets.get("shops")
