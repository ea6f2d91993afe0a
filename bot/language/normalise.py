"""What people write made uniform: case, quotes, contractions, mentions, length.

Nothing is dropped that could turn a sentence into its opposite: "not" stays. `tokens.py` splits the result.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

MAX_TEXT_CHARS = 4000

_CHARACTERS = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "`": "'",
        "“": '"',
        "”": '"',
        "\u2212": "-",
        "\u2013": "-",
        "\u2014": " - ",
        "\u00d7": "*",
        "\u2026": " ",
    }
)


def _instance(found: re.Match[str]) -> str:
    return f"ml.{found[1]}.{found[2].replace(' ', '')}"


# In order: each pattern sees what the ones before it left. All are applied to lower case.
_IZE = "optim|normal|regular|summar|visual|character|author|util|random|standard|initial|organ|parallel"
# After these words "'s" is "is" or "has", not a possessive: "the demo's over".
_IS = (
    "over|done|ready|finished|complete|better|worse|best|too|not|still|been|going|taking|running|failing|stuck|broken|"
    "dead|down|up|live|fine|good|great|ok|okay|bad|wrong|wasting|burning|looking|getting|doing|being|rubbish|gone|so|"
    "just|all|slow|expensive|pricey|red|green|happening|nearly|almost|about to|using|misbehaving|finally|already|"
    "no longer|in the|in(?=[,.;!]|$)"
)
_REWRITES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"<[@!#][^>]{0,80}>", " "),  # a mention, as Slack writes it
        (r"(?<!\S):[a-z][a-z0-9_+-]{0,40}:(?!\S)", " "),  # an emoji, as Slack writes it
        (r"[\u2600-\u27bf\U0001f000-\U0001faff\ufe0e\ufe0f\u200d]", " "),
        (r"(?<!\S)@?sage ?build\b", "sagebuild"),
        (r"\bw/o\b", "without"),
        (r"\bw/(?!\S{0,3}/)", "with "),
        (r"\bb/c\b", "because"),
        (r"(?<=\s)[&+](?=\s)", "and"),
        (r"\bre-(?=(?:train|fit|run|deploy|do|start|enable)\b)", "re"),
        (r"\bdata(?:-| )?set(s?)\b(?!-)", r"dataset\1"),
        (r"\bhyper[- ]?param(?:eter)?s?\b|\bparam(?:eter)?s?\b", "hyperparameters"),
        (r"\bkickoff\b", "kick off"),
        (r"\b(fine|auto)-?tun(e|ed|ing)\b", r"\1 tun\2"),
        (rf"\b({_IZE})is(e|es|ed|er|ers|ing|ation|ations)\b", r"\1iz\2"),
        (r"\b(?:pls|plz|plse|pleez)\b", "please"),
        (r"\b(?:thx|tks|thnx|tnx|ty|tysm)\b", "thanks"),
        (r"\bu\b", "you"),
        (r"\bur\b", "your"),
        (r"\blmk\b", "let me know"),
        (r"\b(?:cuz|coz|'cause|bcs|bcz)\b", "because"),
        (r"\bbtw\b", "by the way"),
        (r"\brn\b", "right now"),
        (r"\bwanna\b", "want to"),
        (r"\bgonna\b", "going to"),
        (r"\bgotta\b", "have to"),
        (r"\bgimme\b", "give me"),
        (r"\blemme\b", "let me"),
        (r"\bdunno\b", "do not know"),
        (r"\bwhatcha\b", "what are you"),
        (r"\blet'?s\b", "let us"),
        (r"\bwon'?t\b", "will not"),
        (r"\b(?:can'?t|cannot)\b", "can not"),
        (r"\b(do|does|did|is|are|was|were|has|have|had|should|would|could|must|need)n'?t\b", r"\1 not"),
        (r"\b(what|how|where|who|when|why|that|there|here)'?s\b", r"\1 is"),
        (r"\b(what|how|where|who|when|why|that|there|they|we|you)'re\b", r"\1 are"),
        (r"\b(what|how|where|who|when|why)'d\b", r"\1 did"),
        (
            r"\bit's\b|\bits(?= (?:all )?(?:done|ready|finished|completed?|over|trained|deployed|going|through)\b)",
            "it is",
        ),
        (r"\b(?:i'm|im)\b", "i am"),
        (r"\b(i|you|we|they|it|that)'d\b", r"\1 would"),
        (r"\b(i|you|we|they|it|that)'ll\b", r"\1 will"),
        (r"\b(i|you|we|they)'ve\b|\b(i)ve\b", r"\1\2 have"),
        (rf"(?<=\w)'s(?= (?:{_IS})\b(?! (?:builds?|runs?|jobs?|trainings?|endpoints?)\b))", " is"),
        (r"'s\b", " "),
        (r"#(?=\d)", " number "),
        (r"\b(build|run|job)s?(?:-| ?#)?(?=\d)", r"\1 "),
        (r"\b(build|run|job|number) no\.? (?=\d)", r"\1 number "),
        (
            r"\b(?:ml(?: dot | |\.))?([cmrpgt]\d[a-z]{0,3})(?: dot | |\.)(\d*x?large|medium|small|\d+ ?xlarge)\b",
            _instance,
        ),
    )
)


def cut(text: str) -> tuple[str, bool]:
    """The first 4,000 characters, and whether there were more."""
    return text[:MAX_TEXT_CHARS], len(text) > MAX_TEXT_CHARS


def normalise(text: str) -> str:
    """Lower case, plain quotes and dashes, contractions written out, mentions and possessives removed."""
    plain = unicodedata.normalize("NFKC", text).translate(_CHARACTERS).lower()
    for pattern, replacement in _REWRITES:
        plain = pattern.sub(replacement, plain)
    return plain
