"""One parsed program for all executions of a definition: parsing ours takes 0.3 s and some MB, moto does it each time.

A program may be shared because evaluating one changes nothing in it: what an execution learns is in its environment.
The one exception, the key under which a component keeps its own in there, is given out before the program is shared.
"""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from typing import Any

from moto.stepfunctions.parser.asl.component.component import Component
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

KEPT = 4  # definitions; ours is one


class Programs:
    """The programs of the definitions used last. Safe for several threads: a definition is parsed by one of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parsed: OrderedDict[str, Any] = OrderedDict()

    def program(self, definition: str, start_at: str | None = None) -> Any:
        """The program of a definition. start_at: the state that it begins with, when not its own first."""
        with self._lock:
            if definition not in self._parsed:
                self._parsed[definition] = AmazonStateLanguageParser.parse(definition)[0]
                _give_keys(self._parsed[definition])
                while len(self._parsed) > KEPT:
                    self._parsed.popitem(last=False)
            self._parsed.move_to_end(definition)
            program = self._parsed[definition]
        if start_at is None:
            return program
        # A copy of the two components that say where it begins; all others are shared.
        program = copy.copy(program)
        program.start_at = copy.copy(program.start_at)
        program.start_at.start_at_name = start_at
        return program


def _give_keys(program: Any) -> None:
    """Have every component of a program choose its key now: two threads might each choose one later."""
    pending, seen = [program], set()
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, EvalComponent):
            _ = one.heap_key
        if isinstance(one, Component):
            pending.extend(vars(one).values())
        elif isinstance(one, dict):
            pending.extend(one.values())
        elif isinstance(one, (list, tuple, set, frozenset)):
            pending.extend(one)
