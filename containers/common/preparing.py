"""`prepare`: one file of rows checked, split and reported on, as a processing job of the model's image.

    processing/input/raw/*.csv             the rows
    processing/input/reference/*.csv       the champion's training rows, to say what has changed; may be left out
    processing/output/{train,validation,test}/<split>.csv
    processing/output/report/report.json

models/preparation.py does the work. Standard library only.
"""

from __future__ import annotations

from containers.common import environment
from containers.common.channels import read_text
from containers.common.errors import ContractError
from containers.common.output import replacing, say, write_json
from containers.common.paths import Paths
from models import preparation
from models.preparation import SPLITS, Rules
from models.tabular import TabularError, TextTable

REPORT = "report.json"


def prepare(paths: Paths, numbers_only: bool) -> None:
    """Runs one preparation from its files. numbers_only: the model takes whole rows of finite numbers.

    Raises ContractError and models.tabular.TabularError with a sentence for the person who asked, and OSError when an
    output cannot be written. A reference that cannot be read is no failure: the report says why.
    """
    rules = Rules(numbers_only, environment.drop_outliers())
    seed = environment.split_seed()
    table = read_text(paths.processing_input("raw"), "input 'raw'", environment.target())
    reference, trouble = _reference(paths)
    try:
        prepared = preparation.prepare(table, seed, rules, reference)
    except TabularError as error:
        raise TabularError(f"In the input 'raw': {error}") from None
    report = dict(prepared.report)
    notes = [*prepared.notes, *([trouble] if trouble else [])]
    report["notes"] = notes
    for split in SPLITS:
        with replacing(paths.processing_output(split) / f"{split}.csv") as partial:
            partial.write_text(preparation.to_csv(prepared.splits[split]), encoding="utf-8")
    write_json(paths.processing_output("report") / REPORT, report)
    train, validation, test = (prepared.splits[split].rows for split in SPLITS)
    say(f"Of {table.rows} rows {train} are for training, {validation} for validation, {test} for testing.")
    for note in notes:
        say(note)


def _reference(paths: Paths) -> tuple[TextTable | None, str]:
    """The champion's training rows, or None, with a sentence when there should have been some."""
    folder = paths.processing_input("reference")
    if not folder.is_dir():
        return None, ""
    try:
        return read_text(folder, "input 'reference'"), ""
    except (ContractError, TabularError) as error:
        return None, f"Nothing is said about drift: {error}"
