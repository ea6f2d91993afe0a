"""Every build as a table that a spreadsheet and a data frame read."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from orchestration.builds import Requester
from orchestration.steps.export import export_builds
from orchestration.steps.start_build import start_build
from tests.fakes import fake_ports
from tests.orchestration.steps.making import order, ready


def table(ports: object) -> list[dict[str, str]]:
    target = io.StringIO()
    export_builds(target, ports)  # type: ignore[arg-type]
    return list(csv.DictReader(io.StringIO(target.getvalue())))


def test_every_build_is_a_row_with_its_hyperparameters_and_metrics() -> None:
    ports = fake_ports()
    ready(ports, "a", hyperparameters={"q": 2})
    for index in range(120):
        start_build(order(f"more{index}"), ports)
    rows = table(ports)
    assert [int(row["number"]) for row in rows] == list(range(1, 122))
    assert (rows[0]["status"], rows[0]["hp:q"], rows[0]["validation:RMSE"]) == ("READY", "2", "1.0")
    assert rows[1]["validation:RMSE"] == ""


def test_a_name_that_is_a_formula_stays_a_name() -> None:
    ports = fake_ports()
    start_build(replace(order("a"), requester=Requester("x", "=1+1", "console", "c")), ports)
    assert table(ports)[0]["requester"] == "'=1+1"


def test_no_builds_are_a_header() -> None:
    target = io.StringIO()
    assert export_builds(target, fake_ports()) == 0
    assert target.getvalue().startswith("number,kind,model")
