"""FakeDatasets: registers CSV text, with the same checks as the real ones."""

from __future__ import annotations

import hashlib
import threading

from orchestration.ports import MAX_DATASET_BYTES, RAW_SPLIT, BadDataset, Clock, Dataset, NewDataset, UnknownDataset
from orchestration.ports.dataset_checks import bucket_and_key, checked, main_of, too_large


class FakeDatasets:
    """Versions by name, in the order of registration. objects: what can be read, by URI; ours are among them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._versions: dict[str, list[Dataset]] = {}
        self._deleted: dict[str, int] = {}
        self.objects: dict[str, bytes] = {}

    def all(self) -> list[Dataset]:
        with self._lock:
            return [versions[-1] for _, versions in sorted(self._versions.items())]

    def get(self, name: str, version: str | None = None) -> Dataset:
        with self._lock:
            versions = self._versions.get(name, [])
            wanted = [one for one in versions if version in (None, one.version)]
            there = ", ".join(sorted(self._versions)) or "none yet"
        if not wanted:
            what = f"version {version} of the dataset {name!r}" if version else f"dataset {name!r}"
            raise UnknownDataset(f"There is no {what}; the datasets are: {there}.")
        return wanted[-1]

    def register(self, new: NewDataset) -> Dataset:
        return self._register(new, {split: text.encode() for split, text in new.splits.items()})

    def register_uri(self, name: str, target: str, uri: str, description: str = "", split_seed: int = 0) -> Dataset:
        bucket_and_key(uri)
        if uri not in self.objects:
            raise BadDataset(f"There is no object {uri}.")
        if len(self.objects[uri]) > MAX_DATASET_BYTES:
            raise BadDataset(f"{uri} has {too_large(len(self.objects[uri]))}")
        return self._register(NewDataset(name, target, {}, description, split_seed), {RAW_SPLIT: self.objects[uri]})

    def delete(self, name: str) -> None:
        self.get(name)
        with self._lock:
            versions = self._versions.pop(name)
            self._deleted[name] = int(versions[-1].version[1:])
            for uri in {uri for version in versions for uri in version.uris.values()}:
                self.objects.pop(uri, None)

    def _register(self, new: NewDataset, files: dict[str, bytes]) -> Dataset:
        found = checked(new, files)
        main = main_of(found)
        seed = new.split_seed if RAW_SPLIT in files else 0
        digest = hashlib.sha256(repr((new.target, seed, sorted(files.items()))).encode()).hexdigest()
        with self._lock:
            versions = self._versions.get(new.name, [])
            if versions and versions[-1].digest == digest:
                return versions[-1]
            last = int(versions[-1].version[1:]) if versions else self._deleted.get(new.name, 0)
            version = f"v{last + 1:04d}"
            dataset = Dataset(
                name=new.name,
                version=version,
                target=new.target,
                columns=tuple(main.columns),
                rows={split: summary.rows for split, summary in found.items()},
                uris={split: f"s3://bucket/datasets/{new.name}/{version}/{split}.csv" for split in files},
                created_at=self._clock.now(),
                digest=digest,
                description=new.description,
                example=main.example,
                kinds=main.kinds,
                classes=main.classes,
                split_seed=new.split_seed,
            )
            self._versions[new.name] = [*versions, dataset]
            self.objects |= {dataset.uris[split]: file for split, file in files.items()}
            return dataset
