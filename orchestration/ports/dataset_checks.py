"""What a dataset's files must be, whoever keeps them: checked row by row, in little memory, before they are written."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

from models.columns import TEXT, Summary, summarise
from models.tabular import TabularError
from orchestration.ports.errors import BadDataset
from orchestration.ports.serving import MAX_DATASET_BYTES, RAW_SPLIT, NewDataset

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
SPLITS = ("train", "validation", "test")
S3_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/([^\x00-\x1f]{1,1024})")
MAX_SEED = 2**31 - 1


def checked(new: NewDataset, files: Mapping[str, bytes]) -> dict[str, Summary]:
    """What each split's file holds. files: the splits' CSV text in UTF-8.

    Raises BadDataset, naming the split, the column and the row.
    """
    if not NAME.fullmatch(new.name):
        raise BadDataset(
            f"{new.name!r} cannot be a dataset's name: it takes 1 to 32 lower-case letters, digits and hyphens inside."
        )
    if not 0 <= new.split_seed <= MAX_SEED:
        raise BadDataset(f"The split seed is {new.split_seed}, but must be from 0 to {MAX_SEED}.")
    _check_splits(new.name, files)
    found = {split: _summary(new, split, file) for split, file in files.items()}
    main = main_of(found)
    for split, summary in found.items():
        if tuple(summary.columns) != tuple(main.columns):
            raise BadDataset(
                f"{new.name}'s {split} file has the columns {', '.join(summary.columns)}; "
                f"its train file has {', '.join(main.columns)}."
            )
        for column, kind in summary.kinds.items():
            if kind == TEXT and main.kinds[column] != TEXT:
                raise BadDataset(
                    f"{new.name}'s {split} file has text in the column {column!r}, its train file numbers."
                )
    return found


def main_of(found: Mapping[str, Summary]) -> Summary:
    """The split that says what the dataset's columns are."""
    return found.get("train") or found[RAW_SPLIT]


def bucket_and_key(uri: str) -> tuple[str, str]:
    """The parts of an S3 URI of one object. Raises BadDataset."""
    match = S3_URI.fullmatch(uri.strip())
    if match is None or match[2].endswith("/"):
        raise BadDataset(f"{uri[:200]!r} is not one file in S3; expected something like s3://bucket/folder/data.csv.")
    return match[1], match[2]


def _check_splits(name: str, files: Mapping[str, bytes]) -> None:
    if RAW_SPLIT in files and len(files) > 1:
        raise BadDataset(f"The dataset {name} has one file to be split and splits as well; only one of them is taken.")
    if unknown := [split for split in files if split not in (*SPLITS, RAW_SPLIT)]:
        raise BadDataset(
            f"The dataset {name} has the split {unknown[0]!r}; splits are {', '.join(SPLITS)}, or {RAW_SPLIT} alone."
        )
    if not {"train", RAW_SPLIT} & set(files):
        raise BadDataset(f"The dataset {name} has no train rows.")
    for split, file in files.items():
        if len(file) > MAX_DATASET_BYTES:
            raise BadDataset(f"{name}'s {split} file has {too_large(len(file))}")


def too_large(size_bytes: int) -> str:
    """The end of a sentence about a file of that size."""
    return f"{size_bytes / 1e6:.0f} MB, but may have at most {MAX_DATASET_BYTES // 1_000_000} MB."


def _summary(new: NewDataset, split: str, file: bytes) -> Summary:
    name = f"{new.name}'s file" if split == RAW_SPLIT else f"{new.name}'s {split} file"
    try:
        # utf-8-sig: spreadsheets put a byte order mark before the first name.
        lines = io.TextIOWrapper(io.BytesIO(file), encoding="utf-8-sig", newline="")
        return summarise(lines, new.target, name=name)
    except TabularError as error:
        raise BadDataset(str(error)) from error
    except UnicodeDecodeError as error:
        raise BadDataset(f"{name} is not UTF-8 text: {error.reason} at byte {error.start}.") from error
