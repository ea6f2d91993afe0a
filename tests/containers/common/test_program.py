"""containers/common/program.py and output.py: exit codes, the failure file, files that appear whole."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from containers.common.errors import ContractError
from containers.common.output import metric, replacing, write_failure, write_json
from containers.common.paths import Paths
from containers.common.program import Kind, Verb, main
from models.tabular import TabularError


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A root of its own, and the SIGTERM handler of the test process put back."""
    monkeypatch.setenv("SAGEBUILD_CONTAINER_ROOT", str(tmp_path))
    before = signal.getsignal(signal.SIGTERM)
    yield tmp_path
    signal.signal(signal.SIGTERM, before)


def raising(error: Exception) -> Callable[[Paths], None]:
    def run(paths: Paths) -> None:
        raise error

    return run


def test_success_is_0_and_removes_an_old_failure(root: Path) -> None:
    write_failure(root / "output" / "failure", "an earlier attempt")
    assert main({"train": Verb(lambda paths: None)}, argv=["train"]) == 0
    assert not (root / "output" / "failure").exists()


@pytest.mark.parametrize("error", [ContractError("It is gone."), TabularError("No rows."), KeyError("ours")], ids=repr)
def test_expected_failures_are_one_line(root: Path, error: Exception) -> None:
    assert main({"train": Verb(raising(error))}, expected=(KeyError,), argv=["train"]) == 1
    assert (root / "output" / "failure").read_text() == f"{error}\n"


def test_other_failures_have_the_cause_first_and_then_the_traceback(root: Path) -> None:
    assert main({"train": Verb(raising(OSError("disk full")))}, argv=["train"]) == 1
    cause, _, details = (root / "output" / "failure").read_text().partition("\n\n")
    assert cause == "OSError: disk full"
    assert details.startswith("Traceback")


def test_a_processing_job_says_why_where_processing_jobs_do(root: Path) -> None:
    verbs = {"evaluate": Verb(raising(ContractError("No model.")), Kind.PROCESSING)}
    assert main(verbs, argv=["evaluate"]) == 1
    assert [path.name for path in (root / "output").iterdir()] == ["message"]
    assert (root / "output" / "message").read_text() == "No model.\n"
    assert main({"evaluate": Verb(lambda paths: None, Kind.PROCESSING)}, argv=["evaluate"]) == 0
    assert not list((root / "output").iterdir())


def test_a_server_leaves_no_failure_file(root: Path) -> None:
    assert main({"serve": Verb(raising(ContractError("No.")), kind=Kind.SERVER)}, argv=["serve"]) == 1
    assert not (root / "output").exists()


@pytest.mark.parametrize("argv", [[], ["tain"], ["train", "now"]], ids=["none", "unknown", "two"])
def test_anything_else_is_refused(root: Path, argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main({"train": Verb(lambda paths: None), "serve": Verb(lambda paths: None)}, argv=argv) == 1
    expected = f"This image runs train or serve, but was asked for {' '.join(argv) or 'nothing'!r}.\n"
    assert capsys.readouterr().err == expected
    for name in ("failure", "message"):
        assert (root / "output" / name).read_text() == expected


def test_a_long_cause_is_cut_to_what_sagemaker_reads(root: Path) -> None:
    write_failure(root / "failure", "x" * 2000, "details")
    assert (root / "failure").read_text() == "x" * 1024 + "\n\ndetails"


def test_a_failure_file_that_cannot_be_written_does_not_hide_the_failure(root: Path, capfd) -> None:
    (root / "output").write_text("a file where the folder should be")
    assert main({"train": Verb(raising(ContractError("The cause.")))}, argv=["train"]) == 1
    assert "The cause." in capfd.readouterr().err


def test_a_file_appears_whole_or_not_at_all(root: Path) -> None:
    target = root / "model" / "a.json"
    write_json(target, {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(target, {"a": math.nan})
    with pytest.raises(TypeError), replacing(target) as partial:
        partial.write_text(3)  # type: ignore[arg-type]
    assert target.read_text() == '{\n  "a": 1\n}\n'
    assert [path.name for path in target.parent.iterdir()] == ["a.json"]


def test_a_metric_that_is_not_a_number_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    metric("validation:RMSE", 1e-7)
    assert capsys.readouterr().out == "validation:RMSE=1e-07;\n"
    with pytest.raises(ContractError, match="The metric validation:RMSE came out as inf"):
        metric("validation:RMSE", math.inf)
