"""The command `sagebuild`.

    sagebuild chat [--state-dir D] [--as NAME] [--json]     a conversation; piped input: one utterance a line
    sagebuild say "TEXT"                                    one utterance, same options
    sagebuild parse ["TEXT"]                                what a sentence means, as JSON; does nothing
    sagebuild export [--state-dir D]                        every build as CSV, with hyperparameters and metrics
    sagebuild up [--port P] [--state-dir D]                 the channels over HTTP, until Ctrl-C
    sagebuild down [--state-dir D]                          ends the local engine
    sagebuild doctor [--state-dir D] [--json]               what the local state folder holds; changes nothing

Exit codes: 0; 1 when the bot itself failed; 2 for a wrong command line; 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import getpass
import io
import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

from bot.replies import readable
from orchestration.ports import SageBuildError

if TYPE_CHECKING:
    from rich.console import Console

    from bot.console.speaker import Speaker
    from bot.wiring import Bot

STARTING = "Starting the local engine ..."
NAME = re.compile(r"[\w.@ -]{1,64}")
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
DEFAULT_PORT = 8080
MAX_LOG_BYTES = 1_000_000
OLD_LOGS = 3

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # odd bytes are odd text, never the end of the conversation
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has left; without this, Python complains again when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (SageBuildError, OSError) as error:
        return _failed(readable(str(error)))
    except Exception as error:  # the last resort: a sentence for the person; `_logging_to` has logged the rest
        return _failed(f"Something went wrong on our side; it was not your fault ({type(error).__name__}: {error}).")


def _failed(sentence: str) -> int:
    sys.stderr.write(f"sagebuild: {sentence}\n")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sagebuild", description="Machine-learning builds, asked for in plain words.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    state = argparse.ArgumentParser(add_help=False)
    state.add_argument(
        "--state-dir",
        type=Path,
        metavar="DIR",
        help="where the local engine keeps everything ($SAGEBUILD_STATE_DIR or ~/.sagebuild)",
    )
    talk = argparse.ArgumentParser(add_help=False, parents=[state])
    talk.add_argument("--as", dest="name", type=_name, metavar="NAME", help="who is talking (your login name)")
    talk.add_argument(
        "--json", action="store_true", help="one JSON object a line: utterance, intent, slots, reply, build, error"
    )

    chat = commands.add_parser("chat", parents=[talk], help="have a conversation; piped input: one utterance a line")
    chat.set_defaults(run=_chat)
    say = commands.add_parser("say", parents=[talk], help="say one thing")
    say.add_argument("text", metavar="TEXT")
    say.set_defaults(run=_say)
    parse = commands.add_parser("parse", help="what a sentence means, as JSON; does nothing")
    parse.add_argument("text", metavar="TEXT", nargs="?", help="left out: each line of standard input")
    parse.set_defaults(run=_parse)
    export = commands.add_parser("export", parents=[state], help="every build as CSV on standard output")
    export.set_defaults(run=_export)
    up = commands.add_parser("up", parents=[state], help="the channels that are configured here, until Ctrl-C")
    up.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, metavar="P", help=f"on loopback ({DEFAULT_PORT}; 0: any)"
    )
    up.set_defaults(run=_up)
    down = commands.add_parser("down", parents=[state], help="end the local engine")
    down.set_defaults(run=_down)
    doctor = commands.add_parser("doctor", parents=[state], help="what the local state folder holds; changes nothing")
    doctor.add_argument("--json", action="store_true", help="as one JSON object, sizes in bytes")
    doctor.set_defaults(run=_doctor)
    return parser


def _name(text: str) -> str:
    if not NAME.fullmatch(text) or not text.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not a name: 1 to 64 letters, digits, spaces or any of . @ _ -")
    return text.strip()


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number from 0 to 65535")
    return int(text)


def _own_name() -> str:
    try:
        login = getpass.getuser()
    except (KeyError, OSError):
        return "me"  # a user id without a name, as in some containers
    return login if NAME.fullmatch(login) else "me"


@contextmanager
def opened(state_dir: Path, name: str) -> Iterator[Bot]:
    """A bot on the local engine of that folder, which is started if need be. Raises Unavailable, OSError."""
    # Imported here, so that `parse` and `--help` need neither an AWS package nor the time to load one.
    from bot.wiring import Bot
    from orchestration.wiring import open_local

    with open_local(state_dir, name) as session:
        bot = Bot(session.ports)
        bot.prepare()
        yield bot


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """What goes wrong is written there, with tracebacks; the terminal is for the conversation."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handler = RotatingFileHandler(path, maxBytes=MAX_LOG_BYTES, backupCount=OLD_LOGS, encoding="utf-8")
    handler.setFormatter(logging.Formatter(LOG_FORMAT))
    root = logging.getLogger()
    root.addHandler(handler)
    for name in ("bot", "orchestration", "sagebuild"):
        logging.getLogger(name).setLevel(logging.INFO)
    try:
        yield
    except Exception:
        _log.exception("sagebuild failed")
        raise
    finally:
        root.removeHandler(handler)
        handler.close()


@contextmanager
def _folder(state_dir: Path | None) -> Iterator[Path]:
    """The state folder, with its log open."""
    from orchestration.wiring import default_state_dir

    folder = state_dir or default_state_dir()
    with _logging_to(folder / "logs" / "chat.log"):
        yield folder


def _announce() -> None:
    """Say on standard error, where a person sees it, that the engine is being started."""
    if sys.stderr.isatty():
        sys.stderr.write(f"{STARTING}\n")


def _chat(options: argparse.Namespace) -> int:
    from bot.console import piped, render, speaker

    person = speaker.in_new_conversation(options.name or _own_name())
    console = render.make_console()
    with _folder(options.state_dir) as folder:
        if sys.stdin.isatty() and sys.stdout.isatty() and not options.json:
            return _at_the_keyboard(folder, person, console)
        _announce()
        with opened(folder, person.name) as bot:
            pictures = folder / "pictures"
            return piped.converse(bot, sys.stdin, person, console, as_json=options.json, pictures=pictures)


def _at_the_keyboard(folder: Path, person: Speaker, console: Console) -> int:
    """The prompt at once; the engine and the bot meanwhile."""
    from bot.console.terminal import Terminal

    with ExitStack() as stack, ThreadPoolExecutor(1, "opening") as pool:
        opening = pool.submit(lambda: stack.enter_context(opened(folder, person.name)))
        return Terminal(person, console, folder).converse(opening)


def _say(options: argparse.Namespace) -> int:
    from bot.console import piped, render, speaker

    person = speaker.in_standing_conversation(options.name or _own_name())
    with _folder(options.state_dir) as folder:
        say = piped.say_as_json if options.json else partial(piped.say_once, pictures=folder / "pictures")
        _announce()
        with opened(folder, person.name) as bot:
            return 1 if say(bot, options.text, person, render.make_console()).failed else 0


def _export(options: argparse.Namespace) -> int:
    from orchestration.steps.export import export_builds
    from orchestration.wiring import open_local

    with _folder(options.state_dir) as folder, open_local(folder, _own_name()) as session:
        count = export_builds(sys.stdout, session.ports)
    sys.stderr.write(f"{count} builds.\n")
    return 0


def _up(options: argparse.Namespace) -> int:
    from bot import up
    from bot.wiring import Bot
    from orchestration.wiring import open_local

    with up.listening(options.port) as listening, _folder(options.state_dir) as folder:
        _announce()
        with open_local(folder, _own_name()) as session:
            bot = Bot(session.ports)
            bot.prepare()
            return up.run(bot, session.ports, folder, listening)


def _down(options: argparse.Namespace) -> int:
    from orchestration.wiring import close_local

    sys.stdout.write(f"{close_local(options.state_dir)}\n")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from orchestration.local.doctor import examine
    from orchestration.local.options import BadOptions
    from orchestration.wiring import default_state_dir

    try:
        report = examine(options.state_dir or default_state_dir())
    except BadOptions as error:
        return _failed(str(error))
    text = json.dumps(report.to_json()) if options.json else "\n".join(report.lines())
    sys.stdout.write(f"{text}\n")
    return 0


def _parse(options: argparse.Namespace) -> int:
    from bot.language.parse import Language
    from models.catalog import BUILT_IN

    language = Language(BUILT_IN)
    for line in [options.text] if options.text is not None else sys.stdin:
        text = line.rstrip("\r\n")
        if text.strip() or options.text is not None:
            sys.stdout.write(json.dumps(language.parse(text).to_json(), ensure_ascii=False) + "\n")
            sys.stdout.flush()
    return 0
