"""Slack's Web API as the worker uses it: messages checked against Slack's limits, its errors as ours.

Unavailable: Slack is away, slow or limits our rate, so the work is done again later. SlackRefused: it never will be.
"""

from __future__ import annotations

import http.client
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler, ServerErrorRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.models.views import View
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient

from bot.slack import limits
from bot.slack.blocks import cut
from bot.slack.config import API_URL, SlackSettings
from bot.slack.render import Attachment, Message
from orchestration.ports import BadRequest, Unavailable

TIMEOUT_S = 10
MAX_WAIT_S = 10  # longer than that nobody is kept waiting: the work comes again
HOOKS_HOST, FILES_HOST = "hooks.slack.com", "files.slack.com"
# Slack's own troubles, by its names; https://docs.slack.dev/reference/methods/chat.postMessage#errors
TROUBLES = frozenset({
    "ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
    "team_added_to_org", "message_limit_exceeded",
})  # fmt: skip

_log = logging.getLogger(__name__)
_quiet = logging.getLogger(f"{__name__}.sdk")
_quiet.setLevel(logging.WARNING)  # what it says below that names addresses that open something


class SlackRefused(BadRequest):
    """Slack will not do it. code: its own name for why."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"Slack refused {method}: {code}.")
        self.code = code


class _ShortWaits(RateLimitErrorRetryHandler):
    """Waits as long as Slack says, if that is not long."""

    def _can_retry(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if response is None or response.status_code != 429:
            return False
        given = next((value for name, value in response.headers.items() if name.lower() == "retry-after"), ["1"])
        return str(given[0]).isdigit() and int(given[0]) <= MAX_WAIT_S


@dataclass(frozen=True)
class Posted:
    """Where a message is."""

    channel: str
    ts: str


@dataclass(frozen=True)
class SharedFile:
    """A file that somebody shared."""

    id: str
    name: str
    size_bytes: int
    type: str
    url: str
    user: str


class Slack:
    """One workspace. Safe for concurrent use. Every method raises Unavailable and SlackRefused."""

    def __init__(self, settings: SlackSettings) -> None:
        self._settings = settings
        retries = [_ShortWaits(max_retry_count=2), ServerErrorRetryHandler(max_retry_count=1)]
        self._client = WebClient(
            settings.bot_token,
            base_url=settings.api_url,
            timeout=TIMEOUT_S,
            retry_handlers=list(retries),
            logger=_quiet,
        )

    def post(self, channel: str, message: Message, thread: str = "") -> Posted:
        """channel: a channel's id, or a person's for a direct message. What was cut goes after it, as a file."""
        message = _sendable(message)
        answer = self._ask(
            "chat.postMessage",
            lambda: self._client.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=message.blocks or None,
                thread_ts=thread or None,
                unfurl_links=False,
                unfurl_media=False,
            ),
        )
        posted = Posted(str(answer.get("channel", channel)), str(answer.get("ts", "")))
        if message.file is not None:
            self.upload(posted.channel, thread or posted.ts, message.file)
        return posted

    def update(self, place: Posted, message: Message) -> None:
        """Put that in the message's place."""
        message = _sendable(message)
        self._ask(
            "chat.update",
            lambda: self._client.chat_update(
                channel=place.channel, ts=place.ts, text=message.text, blocks=message.blocks
            ),
        )

    def whisper(self, channel: str, user: str, message: Message, thread: str = "") -> None:
        """Only that person sees it."""
        message = _sendable(message)
        self._ask(
            "chat.postEphemeral",
            lambda: self._client.chat_postEphemeral(
                channel=channel,
                user=user,
                text=message.text,
                blocks=message.blocks or None,
                thread_ts=thread or None,
            ),
        )

    def respond(self, url: str, message: Message, *, replace: bool = False) -> None:
        """Answer a slash command, or an ephemeral message; replace: put it in that message's place."""
        if not self._is_slacks(url, HOOKS_HOST):
            raise SlackRefused("response_url", "not_slacks")
        message = _sendable(message)
        try:
            answer = WebhookClient(url, timeout=TIMEOUT_S, retry_handlers=[], logger=_quiet).send(
                text=message.text,
                blocks=message.blocks or None,
                response_type="ephemeral",
                replace_original=replace,
            )
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"Slack could not be reached: {type(error).__name__}.") from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise Unavailable(f"Slack answered {answer.status_code}.")
        if answer.status_code != 200:
            raise SlackRefused("response_url", cut(answer.body, 60))

    def show_view(self, view_id: str, view: View) -> None:
        """Put that into an open view."""
        document = _checked(view)
        self._ask("views.update", lambda: self._client.views_update(view_id=view_id, view=document))

    def show_home(self, user: str, view: View) -> None:
        """Publish that person's Home tab."""
        document = _checked(view)
        self._ask("views.publish", lambda: self._client.views_publish(user_id=user, view=document))

    def suggest(self, channel: str, thread: str, title: str, prompts: Iterable[tuple[str, str]]) -> None:
        """The suggested prompts of the assistant's pane: (title, what is said)."""
        given = [{"title": cut(label, 60), "message": said} for label, said in prompts]
        self._ask(
            "assistant.threads.setSuggestedPrompts",
            lambda: self._client.assistant_threads_setSuggestedPrompts(
                channel_id=channel, thread_ts=thread, title=title, prompts=given
            ),
        )

    def file(self, file_id: str) -> SharedFile:
        """What is known of a shared file."""
        found = self._ask("files.info", lambda: self._client.files_info(file=file_id)).get("file")
        about = found if isinstance(found, dict) else {}
        return SharedFile(
            file_id,
            str(about.get("name") or "file"),
            int(about.get("size") or 0),
            str(about.get("filetype") or ""),
            str(about.get("url_private_download") or ""),
            str(about.get("user") or ""),
        )

    def download(self, file: SharedFile, max_bytes: int) -> bytes:
        """Its content, from Slack's own host and no other. Raises BadRequest when it is larger, or a page to log in."""
        if not self._is_slacks(file.url, FILES_HOST):
            raise SlackRefused("the file's address", "not_slacks")
        request = Request(
            quote(file.url, safe=":/?&=%~"), headers={"Authorization": f"Bearer {self._settings.bot_token}"}
        )
        try:
            with build_opener(_NoRedirect).open(request, timeout=TIMEOUT_S) as answer:
                if "text/html" in answer.headers.get("Content-Type", ""):
                    raise SlackRefused("the file", "not_allowed_to_read_it")
                content: bytes = answer.read(max_bytes + 1)
        except http.client.InvalidURL as error:
            raise SlackRefused("the file's address", "not_an_address") from error
        except (OSError, http.client.HTTPException) as error:
            code = getattr(error, "code", None)
            if code is not None and code < 500 and code != 429:
                raise SlackRefused("the file", f"http_{code}") from error
            raise Unavailable(f"The file could not be fetched: {type(error).__name__}.") from error
        if len(content) > max_bytes:
            raise BadRequest(f"The file has more than {max_bytes // 1_000_000} MB, which is more than I take here.")
        return content

    def upload(self, channel: str, thread: str, file: Attachment) -> None:
        """Share a file in that thread."""
        self._ask(
            "files.upload",
            lambda: self._client.files_upload_v2(
                channel=channel,
                thread_ts=thread or None,
                filename=file.name,
                title=file.title,
                content=file.content,
            ),
        )

    def _is_slacks(self, url: str, host: str) -> bool:
        """An https address of that host; of an API elsewhere, as in tests, also that API's own."""
        parts = urlsplit(url)
        if self._settings.api_url != API_URL and url.startswith(f"{_origin(self._settings.api_url)}/"):
            return True
        return parts.scheme == "https" and parts.netloc == host

    def _ask(self, method: str, call: Callable[[], SlackResponse]) -> SlackResponse:
        try:
            return call()
        except SlackApiError as error:
            data = getattr(error.response, "data", None)
            status = getattr(error.response, "status_code", 0)
            code = str(data.get("error", "")) if isinstance(data, dict) else ""
            if status == 429 or status >= 500 or code in TROUBLES:
                raise Unavailable(f"Slack is busy: {method} gave {code or status}.") from error
            raise SlackRefused(method, code or f"http_{status}") from error
        except (SlackClientError, OSError, http.client.HTTPException) as error:
            raise Unavailable(f"Slack could not be reached for {method}: {type(error).__name__}.") from error


class _NoRedirect(HTTPRedirectHandler):
    """The token goes nowhere else."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _sendable(message: Message) -> Message:
    """The message; without its blocks when Slack would refuse them: an answer that is plain is better than none."""
    problems = limits.message_problems(message.text, message.blocks)
    if not problems:
        return message
    _log.error("a message is sent without blocks: %s", "; ".join(problems))
    return Message(message.text or "(nothing)", [], message.file, message.picture)


def _checked(view: View) -> dict[str, Any]:
    document: dict[str, Any] = view.to_dict()
    if problems := limits.view_problems(document):
        _log.error("a view that Slack will refuse: %s", "; ".join(problems))
    return document
