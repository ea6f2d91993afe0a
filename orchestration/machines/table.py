"""The state machine as a table for people: `python -m orchestration.machines.table` writes it into README.md.

`tests/orchestration/test_machine_table.py` holds that what is there is what the definition says.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.machines.render import BUILD_MACHINE

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- made by python -m orchestration.machines.table -->", "<!-- end of what was made -->"
FUNCTION = re.compile(r"\$\{([a-z_]+)_function\}")

State = Mapping[str, Any]


def tables(states: Mapping[str, State]) -> str:
    """Both tables as Markdown: the states in the definition's order, and the ways to try again that they name."""
    retries = _retries(states)
    rows = [["state", "type", "calls", "tried again", "time limit", "when it fails", "next"]]
    rows += [
        [
            f"`{name}`",
            state["Type"],
            _calls(state),
            ", ".join(retries[_rule(rule)] for rule in state.get("Retry", [])),
            _limit(state),
            "<br>".join(f"{_errors(rule)}: {rule['Next']}" for rule in state.get("Catch", [])),
            _next(state),
        ]
        for name, state in states.items()
    ]
    ways = [["", "on", "how often", "first after", "then"]]
    ways += [[name, *_way(json.loads(rule))] for rule, name in retries.items()]
    longest = len(longest_way("ResolveSettings", states))
    sentence = f"{len(states)} states; no state is entered twice, and the longest way through has {longest}."
    return f"{sentence}\n\n{_markdown(rows)}\n\nTried again:\n\n{_markdown(ways)}"


def longest_way(start: str, states: Mapping[str, State]) -> list[str]:
    """The most states that an execution can enter, in order. Raises ValueError when a state can be entered twice."""
    found: dict[str, list[str]] = {}

    def way(name: str, before: tuple[str, ...]) -> list[str]:
        if name in before:
            raise ValueError(f"a loop: {' -> '.join([*before[before.index(name) :], name])}")
        if name not in found:
            rest = [way(other, (*before, name)) for other in followers(states[name])]
            found[name] = [name, *max(rest, key=len, default=[])]
        return found[name]

    return way(start, ())


def followers(state: State) -> list[str]:
    """The states that may come after it."""
    found = [rule["Next"] for rule in (*state.get("Choices", []), *state.get("Catch", []), state) if "Next" in rule]
    return [*found, state["Default"]] if "Default" in state else found


def _calls(state: State) -> str:
    if "Resource" not in state:
        return ""
    resource = state["Resource"].rsplit(":::", 1)[-1]
    function = FUNCTION.fullmatch(str(state["Parameters"].get("FunctionName", "")))
    if function is None:
        return f"`{resource}`"
    action = state["Parameters"]["Payload"].get("action") or state["Parameters"]["Payload"].get("status", "")
    called = f"`{function[1].replace('_', '-')}`" + (f" {action}" if action else "")
    return f"{called}, waits for its task token" if resource.endswith(".waitForTaskToken") else called


def _limit(state: State) -> str:
    if "TimeoutSecondsPath" in state:
        return f"`{state['TimeoutSecondsPath'].removeprefix('$.')}`"
    return f"{state['TimeoutSeconds']} s" if "TimeoutSeconds" in state else ""


def _errors(rule: State) -> str:
    return ", ".join("anything" if error == "States.ALL" else error for error in rule["ErrorEquals"])


def _next(state: State) -> str:
    if state["Type"] != "Choice":
        return str(state.get("Next", "ends"))
    ways = [f"{_condition(rule)}: {rule['Next']}" for rule in state["Choices"]]
    return "<br>".join([*ways, f"else {state['Default']}"])


def _condition(rule: State) -> str:
    (value,) = [value for key, value in rule.items() if key not in ("Variable", "Next")]
    return f"`{rule['Variable'].removeprefix('$.')}` is {json.dumps(value)}"


def _rule(rule: State) -> str:
    return json.dumps(rule, sort_keys=True)


def _retries(states: Mapping[str, State]) -> dict[str, str]:
    """Every different rule, as JSON, to the short name that it has in the table."""
    rules = dict.fromkeys(_rule(rule) for state in states.values() for rule in state.get("Retry", []))
    return {rule: f"R{number}" for number, rule in enumerate(rules, start=1)}


def _way(rule: State) -> list[str]:
    then = f"x {rule['BackoffRate']:g}"
    if "MaxDelaySeconds" in rule:
        then += f", at most {rule['MaxDelaySeconds']} s"
    if rule.get("JitterStrategy") == "FULL":
        then += ", at random up to that"
    return [_errors(rule), str(rule["MaxAttempts"]), f"{rule['IntervalSeconds']} s", then]


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])


def with_tables(readme: str, template: str) -> str:
    """The README with the template's tables between its two marks. Raises ValueError when they are not there."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the README must hold the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{tables(json.loads(template)['States'])}\n\n{END}{after}"


def main() -> int:
    README.write_text(with_tables(README.read_text(), BUILD_MACHINE.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
