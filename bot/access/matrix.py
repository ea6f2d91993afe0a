"""Who may do what, as a table made from the catalogue: the one in README.md, which a test holds to be current.

.venv/bin/python -m bot.access.matrix       writes it there
"""

from __future__ import annotations

from pathlib import Path

from bot.access.permissions import ANYWHERE, has_role
from bot.intents.catalog import INTENTS, Intent, Role, Tier
from orchestration.ports import Person

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- made by matrix.py -->", "<!-- end -->"
_CONFIRMED = {
    Tier.READ: "no",
    Tier.SPEND: "aloud, when repaired, when dear",
    Tier.PRODUCTION: "always",
}


def table() -> str:
    """Intent by role, in Markdown."""
    heading = f"| intent | tier | {' | '.join(Role)} | in another environment | confirmed |"
    rows = [heading, "| --- " * (len(Role) + 4) + "|"]
    return "\n".join([*rows, *(_row(intent) for intent in INTENTS)])


def _row(intent: Intent) -> str:
    cells = ["yes" if has_role(Person("", "", role), intent.role) else "-" for role in Role]
    elsewhere = "yes" if intent.name in ANYWHERE else "-"
    return f"| {intent.name} | {intent.tier} | {' | '.join(cells)} | {elsewhere} | {_CONFIRMED[intent.tier]} |"


def with_table(text: str) -> str:
    """The document with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


def main() -> None:
    """Write the table into README.md."""
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
