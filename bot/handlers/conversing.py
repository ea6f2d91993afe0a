"""Yes, No, Cancel. What "yes" confirms is carried out by `dispatch.py`; here are the replies when there is nothing."""

from __future__ import annotations

from bot.access import confirmations
from bot.access.memory import Memory
from bot.handlers import targets
from bot.intents.catalog import STOP_BUILD
from bot.intents.request import Request
from bot.replies import Command, Problem, Reply
from orchestration.ports import Ports


def yes(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Nothing waits for an answer, or it waited too long."""
    if memory.pending is not None:
        return Reply(
            f"That was asked too long ago or was answered already. Say '{memory.pending.command.words}' again.",
            error=Problem.NOTHING_TO_CONFIRM,
        )
    return Reply("There is nothing to confirm. Say 'help' for what I can do.", error=Problem.NOTHING_TO_CONFIRM)


def no(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Drop what was asked about. Dropping is remembering nothing, which every turn does."""
    dropped = memory.pending is not None or memory.asked is not None
    return Reply("All right, nothing was done." if dropped else "All right.")


def cancel(request: Request, ports: Ports, memory: Memory) -> Reply:
    """A bare "stop": drops a question when there is one, else asks whether a running build was meant."""
    if memory.pending is not None or memory.asked is not None:
        return no(request, ports, memory)
    running = targets.running(request, ports, memory)
    if not running:
        return Reply("Do you mean 'stop the build'? No build of yours is running.")
    if len(running) > 1:
        return Reply(f"Do you mean a build? Several are running: say for example 'stop build {running[0].number}'.")
    number = running[0].number
    return Reply(
        text=f"Do you mean 'stop the build' (build {number})? Say yes or no.",
        choices=confirmations.YES_OR_NO,
        build=number,
        confirm=Command(STOP_BUILD.name, {"build": number}, request.words),
    )
