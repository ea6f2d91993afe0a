"""FakeSlack: a workspace on loopback that remembers, refuses what Slack refuses, and can be away.

It speaks the Web API's methods that the bot uses, takes uploads, and has response_urls. The Block Kit limits are those
of `bot/slack/limits.py`. `tests/bot/slack/test_emulator.py` runs the same bot against somebody else's emulator.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bot.slack import limits

TOKEN = "xoxb-fake-token"
BOT_USER = "UBOT"


@dataclass
class Shown:
    """A message. edits: how often it was changed; at each edit the earlier texts are in `earlier`."""

    channel: str
    ts: str
    thread: str
    text: str
    blocks: list[dict[str, Any]]
    user: str = ""  # whom alone it is for; "" for everybody
    earlier: list[str] = field(default_factory=list)

    @property
    def edits(self) -> int:
        return len(self.earlier)

    @property
    def words(self) -> str:
        """Everything that a reader sees."""
        return f"{self.text}\n{drawn(self.blocks)}"

    def button(self, label: str) -> dict[str, Any]:
        """The button of that label. Raises LookupError."""
        for block in self.blocks:
            for element in block.get("elements", []) if block["type"] == "actions" else []:
                if element.get("text", {}).get("text") == label:
                    return {**element, "block_id": block.get("block_id", "")}
        raise LookupError(f"there is no button {label!r} in {self.buttons}")

    @property
    def buttons(self) -> list[str]:
        """The buttons' labels."""
        rows = [block["elements"] for block in self.blocks if block["type"] == "actions"]
        return [element["text"]["text"] for row in rows for element in row if element["type"] == "button"]


def drawn(part: Any) -> str:
    """The text of blocks, a line each."""
    if isinstance(part, list):
        return "\n".join(drawn(one) for one in part)
    if not isinstance(part, dict):
        return ""
    own = part.get("text")
    inner = [drawn(value) for name, value in part.items() if isinstance(value, (dict, list)) and name != "confirm"]
    return " ".join([own] if isinstance(own, str) else []) + "\n".join(one for one in inner if one)


class FakeSlack:
    """Use `fake_slack()`. calls: the methods that were called, in order."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.lock = threading.RLock()
        self.calls: list[str] = []
        self.messages: list[Shown] = []
        self.whispers: list[Shown] = []
        self.views: dict[str, dict[str, Any]] = {}
        self.homes: dict[str, dict[str, Any]] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.uploads: list[dict[str, Any]] = []
        self.prompts: list[dict[str, Any]] = []
        self.app_tokens: set[str] = set()
        self.absent_from: set[str] = set()  # channels that the bot is not in
        self._troubles: list[tuple[str, int, str]] = []
        self._clock = 1_700_000_000

    @property
    def api_url(self) -> str:
        return f"{self.address}/api/"

    def fail(self, method: str, status: int = 503, error: str = "", times: int = 1) -> None:
        """The next calls of it ("*" for any) are answered so. status 200: with Slack's error of that name."""
        with self.lock:
            self._troubles += [(method, status, error)] * times

    def recover(self) -> None:
        with self.lock:
            self._troubles.clear()

    def share(self, name: str, content: bytes, user: str = "UADA", **about: Any) -> str:
        """A file's id."""
        with self.lock:
            id_ = f"F{len(self.files) + 1:04d}"
            self.files[id_] = {
                "id": id_, "name": name, "size": len(content), "filetype": name.rpartition(".")[2], "user": user,
                "url_private_download": f"{self.address}/files-pri/{id_}/{name}", "content": content, **about,
            }  # fmt: skip
            return id_

    def in_thread(self, thread: str) -> list[Shown]:
        with self.lock:
            return [one for one in self.messages if one.thread == thread]

    def ts(self) -> str:
        with self.lock:
            self._clock += 1
            return f"{self._clock}.000100"

    def answer(self, method: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self.lock:
            self.calls.append(method)
            for trouble in self._troubles:
                if trouble[0] in ("*", method):
                    self._troubles.remove(trouble)
                    return trouble[1], {"ok": False, "error": trouble[2]}
            handler = getattr(self, f"_{method.replace('.', '_')}", None)
            if handler is None:
                return 200, {"ok": False, "error": "unknown_method"}
            answer = handler(given)
        return 200, {"ok": "error" not in answer, **answer}

    def _auth_test(self, given: dict[str, Any]) -> dict[str, Any]:
        raise AssertionError("nobody may need to ask Slack who it is")

    def _chat_postMessage(self, given: dict[str, Any]) -> dict[str, Any]:
        blocks = given.get("blocks") or []
        if problem := self._problem(given, blocks):
            return {"error": problem}
        channel = given["channel"]
        if channel.startswith("U"):
            channel = f"D{channel[1:]}"
        shown = Shown(channel, self.ts(), given.get("thread_ts") or "", given["text"], blocks)
        self.messages.append(shown)
        return {"channel": channel, "ts": shown.ts}

    def _chat_postEphemeral(self, given: dict[str, Any]) -> dict[str, Any]:
        blocks = given.get("blocks") or []
        if problem := self._problem(given, blocks):
            return {"error": problem}
        self.whispers.append(
            Shown(given["channel"], self.ts(), given.get("thread_ts") or "", given["text"], blocks, given["user"])
        )
        return {"message_ts": self.whispers[-1].ts}

    def _chat_update(self, given: dict[str, Any]) -> dict[str, Any]:
        blocks = given.get("blocks") or []
        if problem := self._problem(given, blocks):
            return {"error": problem}
        for shown in self.messages:
            if (shown.channel, shown.ts) == (given["channel"], given["ts"]):
                shown.earlier.append(shown.text)
                shown.text, shown.blocks = given["text"], blocks
                return {"channel": shown.channel, "ts": shown.ts}
        return {"error": "message_not_found"}

    def _problem(self, given: dict[str, Any], blocks: list[dict[str, Any]]) -> str:
        if given["channel"] in self.absent_from:
            return "not_in_channel"
        problems = limits.message_problems(given.get("text", ""), blocks)
        return f"invalid_blocks: {problems}" if problems else ""

    def _views_open(self, given: dict[str, Any]) -> dict[str, Any]:
        if not given.get("trigger_id") or given["trigger_id"].startswith("expired"):
            return {"error": "expired_trigger_id"}
        id_ = f"V{len(self.views) + 1:04d}"
        return self._kept(id_, given["view"])

    def _views_update(self, given: dict[str, Any]) -> dict[str, Any]:
        return self._kept(given["view_id"], given["view"]) if given["view_id"] in self.views else {"error": "not_found"}

    def _kept(self, id_: str, view: Any) -> dict[str, Any]:
        view = json.loads(view) if isinstance(view, str) else view
        if problems := limits.view_problems(view):
            return {"error": f"invalid_arguments: {problems}"}
        self.views[id_] = {**view, "id": id_}
        return {"view": self.views[id_]}

    def _views_publish(self, given: dict[str, Any]) -> dict[str, Any]:
        view = json.loads(given["view"]) if isinstance(given["view"], str) else given["view"]
        if problems := limits.view_problems(view):
            return {"error": f"invalid_arguments: {problems}"}
        self.homes[given["user_id"]] = view
        return {"view": {**view, "id": "VHOME"}}

    def _assistant_threads_setSuggestedPrompts(self, given: dict[str, Any]) -> dict[str, Any]:
        self.prompts.append(given)
        return {}

    def _files_info(self, given: dict[str, Any]) -> dict[str, Any]:
        found = self.files.get(given["file"])
        if found is None:
            return {"error": "file_not_found"}
        return {"file": {name: value for name, value in found.items() if name != "content"}}

    def _files_getUploadURLExternal(self, given: dict[str, Any]) -> dict[str, Any]:
        self.uploads.append({"filename": given["filename"]})
        return {"upload_url": f"{self.address}/upload/{len(self.uploads) - 1}", "file_id": f"FUP{len(self.uploads)}"}

    def _files_completeUploadExternal(self, given: dict[str, Any]) -> dict[str, Any]:
        files = json.loads(given["files"]) if isinstance(given["files"], str) else given["files"]
        self.uploads[-1] |= {"channel": given.get("channel_id"), "thread": given.get("thread_ts") or "", "files": files}
        return {"files": files}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    slack: FakeSlack

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        if path.startswith("/upload/"):
            self.slack.uploads[int(path.rpartition("/")[2])]["content"] = body
            self._send(200, b"OK", "text/plain")
        elif path.startswith("/respond/"):
            given = json.loads(body)
            with self.slack.lock:
                if problems := limits.message_problems(given.get("text", ""), given.get("blocks") or []):
                    self._send(400, str(problems).encode(), "text/plain")
                    return
                self.slack.calls.append("respond")
                shown = Shown("", self.slack.ts(), "", given["text"], given.get("blocks") or [], path.split("/")[2])
                shown.earlier = ["replaced"] if given.get("replace_original") else []
                self.slack.whispers.append(shown)
            self._send(200, b"ok", "text/plain")
        else:
            self._api(path.removeprefix("/api/"), body)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/files-pri/"):
            found = self.slack.files[path.split("/")[2]]
            if found.get("redirect"):
                self.send_response(302)
                self.send_header("Location", found["redirect"])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            ok = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            kind = found.get("served_as", "text/csv")
            self._send(200, found["content"] if ok else b"<html>log in</html>", kind if ok else "text/html")
        else:
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            self._answer(path.removeprefix("/api/"), query)

    def _api(self, method: str, body: bytes) -> None:
        if "json" in self.headers.get("Content-Type", ""):
            given = json.loads(body or b"{}")
        else:
            given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self._answer(method, given)

    def _answer(self, method: str, given: dict[str, Any]) -> None:
        if self.headers.get("Authorization", "").removeprefix("Bearer ") not in {TOKEN, *self.slack.app_tokens}:
            self._send(200, b'{"ok": false, "error": "invalid_auth"}', "application/json")
            return
        status, answer = self.slack.answer(method, given)
        self._send(status, json.dumps(answer).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", "600")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def fake_slack() -> Iterator[FakeSlack]:
    """A workspace of its own, away when this is left."""
    handler: type[_Handler] = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        handler.slack = FakeSlack(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield handler.slack
        server.shutdown()
        thread.join(5)
