"""`python -m terraform.people dev ada --name Ada --role admin --identity slack:T1:U2`: say who may use an environment.

The first admin at least; later ones can be added in conversation. People are not Terraform's: its state would hold who
they are, and take back what they were given since.
"""

from __future__ import annotations

import argparse
import sys

from bot.intents.kinds import Role
from orchestration.aws.clients import Clients, aws_clients
from orchestration.aws.people import DynamoPeople
from orchestration.ports import Conflict, Person


def main(arguments: list[str], clients: Clients | None = None) -> int:
    parser = argparse.ArgumentParser(description="Say who may use an environment.")
    parser.add_argument("environment", help="such as dev")
    parser.add_argument("id", help="a short name that stays, such as ada")
    parser.add_argument("--name", required=True, help="how the person is called")
    parser.add_argument("--role", required=True, choices=list(Role), help="what the person may do")
    parser.add_argument("--identity", action="append", default=[], help="slack:<team>:<user>, alexa:<user>; any number")
    parser.add_argument("--timezone", default="UTC", help="such as Europe/Berlin")
    given = parser.parse_args(arguments)
    people = DynamoPeople(clients or aws_clients(), f"sagebuild-{given.environment}-builds")
    try:
        people.put(Person(given.id, given.name, given.role, tuple(given.identity), given.timezone))
    except Conflict as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{given.name} is {given.role} in {given.environment}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
