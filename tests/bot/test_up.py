"""`sagebuild up`: which channels are up, where, and what is said of it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from bot import cli, up
from bot.language.parse import Language
from bot.wiring import Bot
from orchestration.ports import BadSettings
from tests.bot.conversations import World

ROOT = Path(__file__).parents[2]
SLACK = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_SIGNING_SECRET": "very-secret",
    "SAGEBUILD_SLACK_TEAM": "T0TEAM",
    "SAGEBUILD_SLACK_API_URL": "http://127.0.0.1:9/api/",
}


def test_what_is_configured_is_up(
    world: World, language: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = Bot(world.ports, language)
    with up.channels(bot, world.ports, tmp_path) as nothing:
        assert (nothing.names, nothing.routes) == ([], [])
    for name, value in SLACK.items():
        monkeypatch.setenv(name, value)
    with up.channels(bot, world.ports, tmp_path) as found:
        assert found.names == ["slack"]
        assert [route.path for route in found.routes] == ["/slack/events"]
    monkeypatch.delenv("SLACK_SIGNING_SECRET")
    with pytest.raises(BadSettings, match="SLACK_SIGNING_SECRET"), up.channels(bot, world.ports, tmp_path):
        pass


@pytest.mark.parametrize("port", ["-1", "65536", "http", "", "８０"])
def test_what_is_no_port(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["up", "--port", port])
    assert ended.value.code == 2
    assert "port" in capsys.readouterr().err


def started(tmp_path: Path, port: str = "0", **variables: str) -> subprocess.Popen[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-c", "import sys; from bot.cli import main; sys.exit(main(sys.argv[1:]))"]
    return subprocess.Popen(
        [*command, "up", "--port", port, "--state-dir", str(tmp_path / "state")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    process = started(tmp_path, **SLACK)
    assert process.stdout is not None
    try:
        said = process.stdout.readline() + process.stdout.readline()
        match = re.search(r"Up at (http://127\.0\.0\.1:\d+);", said)
        assert match is not None, said + process.communicate(timeout=30)[1]
        assert f"{match[1]}/slack/events" in said
        with urlopen(f"{match[1]}/healthz", timeout=10) as answer:
            assert json.load(answer) == {"ok": True, "channels": ["slack"]}
        with pytest.raises(HTTPError, match="401") as refused:
            urlopen(f"{match[1]}/slack/events", data=b"{}", timeout=10)
        refused.value.close()
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode in (0, 130), err
    assert "very-secret" not in said + out + err
    log = (tmp_path / "state" / "logs" / "chat.log").read_text()
    assert "very-secret" not in log


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = started(tmp_path, port=str(taken.getsockname()[1]))
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "in use" in err
