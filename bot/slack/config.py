"""Where the Slack app is told who it is. Nothing is served without all of it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

API_URL = "https://slack.com/api/"
TEAM = re.compile(r"T[A-Z0-9]{2,20}")

SIGNING_SECRET, BOT_TOKEN, APP_TOKEN = "SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"
SECRET_ARN, TEAM_ID = "SAGEBUILD_SLACK_SECRET_ARN", "SAGEBUILD_SLACK_TEAM"
QUEUE_URL, CHANNEL, API = "SAGEBUILD_SLACK_QUEUE_URL", "SAGEBUILD_SLACK_CHANNEL", "SAGEBUILD_SLACK_API_URL"
PICTURES_URL = "SAGEBUILD_PICTURES_QUEUE_URL"
# What a Lambda of the channel is given, besides the variables of `orchestration/settings.py`.
FUNCTION_VARIABLES = (SECRET_ARN, TEAM_ID, QUEUE_URL, CHANNEL, PICTURES_URL)


class NotConfigured(ValueError):
    """Something that the channel needs was not given; the message names it, and never its value."""


@dataclass(frozen=True)
class SlackSettings:
    """team: the one workspace that is answered. channel: where builds that were started elsewhere report, or "".

    app_token: only Socket Mode needs it, which needs no signing secret. Raises NotConfigured.
    """

    team: str
    bot_token: str = field(repr=False)
    signing_secret: str = field(default="", repr=False)
    app_token: str = field(default="", repr=False)
    channel: str = ""
    api_url: str = API_URL

    def __post_init__(self) -> None:
        if not TEAM.fullmatch(self.team):
            raise NotConfigured(f"{TEAM_ID} must be the workspace's id, such as T0123ABCD; it is {self.team[:30]!r}.")
        if not self.bot_token.startswith("xoxb-"):
            raise NotConfigured(f"{BOT_TOKEN} must be the bot user's token; it begins with xoxb-.")
        if not (self.signing_secret.strip() or self.app_token):
            raise NotConfigured(f"{SIGNING_SECRET} is not set, so no request could be trusted.")
        if self.app_token and not self.app_token.startswith("xapp-"):
            raise NotConfigured(f"{APP_TOKEN} must be the app-level token; it begins with xapp-.")

    @property
    def seal_key(self) -> str:
        """What `sealed.py` seals with: known to us alone."""
        return self.signing_secret or self.app_token


def is_configured(variables: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody meant to connect Slack here, rightly or not."""
    return any(variables.get(name) for name in (SIGNING_SECRET, BOT_TOKEN, APP_TOKEN, SECRET_ARN))


def settings_from_variables(variables: Mapping[str, str] = os.environ) -> SlackSettings:
    """Of a machine that has the secrets in its environment. Raises NotConfigured."""
    return settings_from({}, variables)


def settings_from(secret: Mapping[str, object], variables: Mapping[str, str] = os.environ) -> SlackSettings:
    """secret: {"signing_secret", "bot_token"} as Secrets Manager keeps them; what it lacks is a variable.

    Raises NotConfigured.
    """

    def given(key: str, variable: str) -> str:
        found = secret.get(key, variables.get(variable, ""))
        return found.strip() if isinstance(found, str) else ""

    return SlackSettings(
        team=given("team", TEAM_ID),
        bot_token=given("bot_token", BOT_TOKEN),
        signing_secret=given("signing_secret", SIGNING_SECRET),
        app_token=given("app_token", APP_TOKEN),
        channel=given("channel", CHANNEL),
        api_url=variables.get(API) or API_URL,
    )
