"""The command `sagebuild`, run in this process on the fakes, and `parse` as a process of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import orchestration.wiring
from bot import cli
from orchestration.ports import Unavailable
from orchestration.wiring import LocalSession
from tests.bot.conversations import World

ROOT = Path(__file__).parents[2]
Run = Callable[..., int]


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """`sagebuild` on the fakes. stdin: what is piped in."""

    @contextmanager
    def open_fakes(state_dir: Path, person: str) -> Iterator[LocalSession]:
        yield LocalSession(world.ports, "test", state_dir)

    monkeypatch.setattr(orchestration.wiring, "open_local", open_fakes)
    monkeypatch.setattr(cli, "_own_name", lambda: "ada")
    monkeypatch.setenv("SAGEBUILD_STATE_DIR", str(tmp_path / "state"))

    def run(*arguments: str, stdin: str = "") -> int:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode("utf-8", "surrogateescape"))))
        return cli.main(arguments)

    return run


def test_chat_piped(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("chat", stdin="start training\nis my build done?\n") == 0
    out = capsys.readouterr().out
    assert out.startswith("> start training\nBuild 1 started: gp on toy.\n> is my build done?\n")


def test_chat_as_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("chat", "--json", stdin="status\n") == 0
    assert json.loads(capsys.readouterr().out)["intent"] == "BuildStatus"


def test_odd_bytes_are_odd_text(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("chat", stdin="\udcff\udcfe status\nstatus\n") == 0
    assert "No builds yet" in capsys.readouterr().out


def test_say_and_its_confirmation_are_one_conversation(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("say", "trian the gp") == 0
    assert "Did you mean: 'train the gp'?" in capsys.readouterr().out
    assert run("say", "yes", "--json") == 0
    assert json.loads(capsys.readouterr().out)["build"] == 1


def test_who_is_talking(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("say", "status", "--as", "mallory") == 0
    assert "I do not know console:mallory" in capsys.readouterr().out


def test_the_bots_own_failure_is_exit_code_1_with_a_log(
    run: Run, world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    object.__setattr__(world.ports, "people", None)
    assert run("say", "status") == 1
    captured = capsys.readouterr()
    assert "our side" in captured.out
    assert "Traceback" not in captured.out + captured.err
    assert "Traceback" in (tmp_path / "state" / "logs" / "chat.log").read_text()


def test_the_log_does_not_grow_for_ever(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cli, "MAX_LOG_BYTES", 2000)
    for _ in range(12):
        assert run("chat", stdin="flurb the wug\n" * 10) == 0
    logs = sorted((tmp_path / "state" / "logs").iterdir())
    assert [path.name for path in logs] == ["chat.log", *(f"chat.log.{n}" for n in range(1, cli.OLD_LOGS + 1))]
    assert all(path.stat().st_size <= 2000 for path in logs)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Unavailable("The local engine did not start."), "sagebuild: The local engine did not start.\n"),
        (ZeroDivisionError("x"), "our side"),
    ],
)
def test_an_engine_that_does_not_start(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, said: str
) -> None:
    @contextmanager
    def fail(state_dir: Path, person: str) -> Iterator[LocalSession]:
        raise error
        yield

    monkeypatch.setattr(orchestration.wiring, "open_local", fail)
    assert run("chat", stdin="status\n") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert "Traceback" not in captured.err


def test_a_state_folder_that_cannot_be(run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert run("say", "status", "--state-dir", str(tmp_path / "file" / "below")) == 1
    assert "sagebuild: " in capsys.readouterr().err


def test_ctrl_c(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def interrupted(state_dir: Path, person: str) -> Iterator[LocalSession]:
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(orchestration.wiring, "open_local", interrupted)
    assert run("say", "status") == 130


def test_down(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(orchestration.wiring, "close_local", lambda state_dir: f"Ended {state_dir}.")
    assert run("down") == 0
    assert run("down", "--state-dir", "here") == 0
    assert capsys.readouterr().out == "Ended None.\nEnded here.\n"


def test_parse_one_and_each_line(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("parse", "predict 0.5 1.0") == 0
    assert json.loads(capsys.readouterr().out) == {
        "utterance": "predict 0.5 1.0",
        "intent": "Predict",
        "slots": {"numbers": [0.5, 1.0]},
        "repaired": False,
        "suggestions": [],
    }
    assert run("parse", stdin="status\n\ndo not start training\n") == 0
    intents = [json.loads(line)["intent"] for line in capsys.readouterr().out.splitlines()]
    assert intents == ["BuildStatus", None]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["flurb"],
        ["say"],
        ["chat", "--as", ""],
        ["chat", "--as", "a#b"],
        ["chat", "extra"],
        ["parse", "--json", "x"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == 2
    assert "usage: sagebuild" in capsys.readouterr().err


def test_parse_needs_no_engine_and_no_aws_package(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from bot.cli import main\n"
        "code = main(['parse', 'start training'])\n"
        "heavy = {'boto3', 'botocore', 'numpy', 'rich', 'prompt_toolkit', 'moto'} & set(sys.modules)\n"
        "sys.exit(f'{code} {heavy}' if code or heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["intent"] == "StartTraining"
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_is_no_traceback(tmp_path: Path) -> None:
    lines = "status\n" * 20000
    command = f"{sys.executable} -c 'import sys; from bot.cli import main; sys.exit(main([\"parse\"]))' | head -1"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "BuildStatus" in done.stdout
    assert done.stderr == ""
