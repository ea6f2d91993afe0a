"""The engine's process: `python -m orchestration.local.engine STATE_DIR`.

One engine a state folder, held by a lock. It writes engine.json when it is ready, and ends with its last client once no
build is running. What it keeps is in `storage.py`, `local_sagemaker/` and files; all else is made again at boot.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import sys
import threading
import time
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from orchestration.local import resources
from orchestration.local.client import ENGINE_FILE, LOCK_FILE, PROTOCOL
from orchestration.local.events import Events
from orchestration.local.files import FileLock, write_json_atomic
from orchestration.local.front import Front
from orchestration.local.housekeeping import Tidier
from orchestration.local.keeper import Keeper
from orchestration.local.lambdas import ROOT, Lambdas
from orchestration.local.local_sagemaker.objects import FolderObjects
from orchestration.local.local_sagemaker.service import LocalSageMaker
from orchestration.local.monitoring import Monitoring
from orchestration.local.moto_adapter import journal, sagemaker, seams, states
from orchestration.local.moto_adapter.data import MotoData
from orchestration.local.options import BadOptions, Options, read_options
from orchestration.local.processes import ProcessIdentity, is_alive, this_process
from orchestration.local.scaling import Scaling
from orchestration.local.session import local_session
from orchestration.local.storage import NewerFormat, Storage, Unfinished
from orchestration.settings import environment_variables

LINGER_S = 3.0  # after the last client, so that one `sagebuild say` after another finds the engine up
TICK_S = 0.5
CLOSE_EVENTS_S = 5.0
WARM = ("resolve-settings", "record-status", "deployment", "announce", "endpoint-changed")
EXIT_HELD, EXIT_BROKEN = 3, 4
MAX_LOG_BYTES = 2_000_000

log = logging.getLogger(__name__)


class Engine:
    """Everything that one engine is made of, from boot to end."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._key = secrets.token_hex(16)
        self._session = local_session(self._key, resources.REGION)  # one, so that each service's model is read once
        self._clients: dict[ProcessIdentity, float] = {}
        self._clients_lock = threading.Lock()
        self._ending = threading.Event()
        self._storage = Storage(state_dir / "engine.db")
        self._objects = FolderObjects(state_dir / "objects")
        self._server = make_server(
            "127.0.0.1", 0, self._refuse_until_ready, threaded=True, request_handler=_QuietHandler
        )
        self._address = f"127.0.0.1:{self._server.port}"
        self._lambdas = Lambdas(_folder(state_dir / "logs"), self._variables(), resources.REGION)
        self._events = Events(self._lambdas, self._storage, resources.sources(), resources.ACCOUNT, resources.REGION)
        self._monitoring = Monitoring(self._storage)
        options = read_options(state_dir)
        self._sagemaker = self._make_sagemaker(options)
        self._tidier = Tidier(state_dir, options, lambda kind, name: self._sagemaker.jobs(kind).discard_files(name))
        self._scaling = Scaling(self._storage, self._sagemaker.endpoints.variants, resources.ACCOUNT, resources.REGION)

    def _make_sagemaker(self, options: Options) -> LocalSageMaker:
        return LocalSageMaker(
            state_dir=self._state_dir,
            objects=self._objects,
            images=resources.programs(sys.executable),
            cwd=ROOT,
            account=resources.ACCOUNT,
            region=resources.REGION,
            max_parallel_jobs=options.max_parallel_jobs,
            on_training_change=partial(self._job_changed, "training"),
            on_processing_change=partial(self._job_changed, "processing"),
            on_tuning_change=partial(self._job_changed, "tuning"),
            on_endpoint_change=self._endpoint_changed,
            on_invocation=self._monitoring.invoked,
        )

    def boot(self) -> None:
        """From nothing to ready. Raises BrokenSeam."""
        seams.check()
        states.install(self._boto_client, self._listener())
        sagemaker.install(self._sagemaker.call)
        data = MotoData(resources.ACCOUNT, resources.REGION)
        keeper = Keeper(data, self._storage, self._objects, self._events)
        self._server.app = Front(
            access_key=self._key,
            hosts=frozenset({self._address, f"localhost:{self._server.port}"}),
            moto=DomainDispatcherApplication(create_backend_app),
            keeper=keeper,
            sagemaker=self._sagemaker,
            services={
                "sagemaker": self._sagemaker,
                "application-autoscaling": self._scaling,
                "monitoring": self._monitoring,
            },
            lambdas=self._lambdas,
            own=self._own_paths(),
        )
        threading.Thread(target=self._server.serve_forever, name="wire", daemon=True).start()
        self._lambdas.warm(*WARM)
        resources.apply(self._boto_client)
        keeper.restore(self._boto_client("ssm").put_parameter)
        self._sagemaker.resume()
        self._announce_ready()
        self._go_on()

    def run(self) -> None:
        """Until the last client is gone and no build is running, or until told to end."""
        try:
            alone_since = time.monotonic()
            while not self._ending.wait(TICK_S):
                now = time.monotonic()
                self._lambdas.end_idle()
                self._events.look_at_clock()
                self._tidier.tidy_when_due()
                if self._is_needed():
                    alone_since = now
                elif now - alone_since > LINGER_S and self._may_end():
                    break
        finally:
            self.close()

    def _is_needed(self) -> bool:
        with self._clients_lock:
            for who in [one for one in self._clients if not is_alive(one)]:
                del self._clients[who]
            return bool(self._clients) or states.running_executions() > 0

    def _may_end(self) -> bool:
        """Under the lock, so that a client either is counted before this or is told that the engine ends."""
        with self._clients_lock:
            if not self._clients:
                self._ending.set()
            return self._ending.is_set()

    def close(self) -> None:
        (self._state_dir / ENGINE_FILE).unlink(missing_ok=True)
        self._events.close(CLOSE_EVENTS_S)
        self._lambdas.close()
        self._sagemaker.close()
        self._server.shutdown()
        self._storage.close()

    def end(self) -> None:
        """Ask `run` to return."""
        self._ending.set()

    def _own_paths(self) -> dict[tuple[str, str], Any]:
        return {
            ("GET", "/_engine/health"): lambda _: self._description(),
            ("POST", "/_engine/hello"): self._hello,
            ("POST", "/_engine/goodbye"): self._goodbye,
            ("POST", "/_engine/end"): self._end,
        }

    def _hello(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._clients_lock:
            if self._ending.is_set():
                return {"ending": True}
            self._clients[ProcessIdentity.from_json(request)] = time.time()
        return self._description()

    def _goodbye(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._clients_lock:
            self._clients.pop(ProcessIdentity.from_json(request), None)
        return {}

    def _end(self, request: dict[str, Any]) -> dict[str, Any]:
        running = states.running_executions()
        self.end()
        return {"running": running}

    def _description(self) -> dict[str, Any]:
        return {"protocol": PROTOCOL, "running": states.running_executions(), "clients": len(self._clients)}

    def _announce_ready(self) -> None:
        """engine.json: how clients find us. Only its owner may read it, for it holds the key."""
        document = {
            "protocol": PROTOCOL,
            "process": this_process().to_json(),
            "address": self._address,
            "access_key": self._key,
        }
        write_json_atomic(self._state_dir / ENGINE_FILE, document)

    def _boto_client(self, service: str, config: Any = None) -> Any:
        config = config or Config(proxies={})
        return self._session.client(service, endpoint_url=f"http://{self._address}", config=config)

    def _variables(self) -> dict[str, str]:
        """What functions get: where things are, and the wire instead of AWS."""
        return {
            **environment_variables(resources.ENVIRONMENT),
            "AWS_ENDPOINT_URL": f"http://{self._address}",
            "AWS_ACCESS_KEY_ID": self._key,
            "AWS_SECRET_ACCESS_KEY": self._key,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _listener(self) -> states.Listener:
        storage = self._storage
        return states.Listener(
            started=lambda name, machine, input_: storage.execution_started(name, machine, input_, time.time()),
            entered=lambda *at: None if self._ending.is_set() else storage.execution_entered(*at),
            stopping=storage.execution_stopping,
            ended=self._execution_ended,
        )

    def _execution_ended(self, arn: str, name: str, status: str, error: str | None, cause: str | None) -> None:
        if self._ending.is_set():
            return  # what happens to executions while we end is not their end: they go on at the next boot
        # The event is on disk before the execution is forgotten: an engine after us delivers what we could not.
        self._events.execution_changed(arn, name, status, error, cause)
        self._storage.execution_ended(name)
        self._tidier.expect_work()

    def _job_changed(self, kind: str, name: str, status: str) -> None:
        sagemaker.job_ended()
        self._events.job_changed(kind, self._sagemaker.jobs(kind).arn(name), name, status)

    def _endpoint_changed(self, name: str, status: str) -> None:
        self._events.endpoint_changed(self._sagemaker.endpoints.arn(name), name, status)

    def _go_on(self) -> None:
        """What an engine before us did not finish: stopped executions are closed, the others go on where they were."""
        self._monitoring.forget_old()
        for one in self._storage.unfinished_executions():
            arn = f"{one.machine.replace(':stateMachine:', ':execution:')}:{one.name}"
            if one.stopping:
                self._execution_ended(arn, one.name, "ABORTED", one.error, one.cause)
            elif one.state and one.state not in json.loads(resources.definition())["States"]:
                cause = f"The state machine no longer has the state {one.state}, in which this build was."
                self._execution_ended(arn, one.name, "FAILED", "StateGone", cause)
            else:
                self._resume(one)
        self._events.resume()
        self._events.outbox_filled([])

    def _resume(self, one: Unfinished) -> None:
        place = journal.Place(one.state, one.state_input) if one.state else None
        try:
            states.resume(resources.ACCOUNT, resources.REGION, one.name, one.machine, one.input, place)
        except Exception:  # one that cannot go on, such as of a machine that is gone, must not keep the others from it
            log.exception("the execution %s cannot go on", one.name)
            self._storage.execution_ended(one.name)

    def _refuse_until_ready(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("503 Service Unavailable", [("Content-Length", "0")])
        return []


class _QuietHandler(MotoRequestHandler):
    """Requests are not news."""

    def log(self, type: str, message: str, *args: Any) -> None:
        if type == "error":
            log.error(message, *args)


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _log_to(path: Path) -> None:
    handler = RotatingFileHandler(path, maxBytes=MAX_LOG_BYTES, backupCount=1)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)


def main(arguments: list[str]) -> int:
    os.umask(0o077)  # records, datasets and the key are their owner's alone
    state_dir = _folder(Path(arguments[0]).resolve())
    state_dir.chmod(0o700)
    lock = FileLock.try_lock(state_dir / LOCK_FILE)
    if lock is None:
        holder = (state_dir / LOCK_FILE).read_text().strip() or "that is just starting"
        sys.stderr.write(f"Another engine (process {holder}) holds {state_dir}.\n")
        return EXIT_HELD
    with lock:
        (state_dir / LOCK_FILE).write_text(f"{os.getpid()}\n")
        _log_to(_folder(state_dir / "logs") / "engine.log")
        try:
            engine = Engine(state_dir)
            engine.boot()
        except (seams.BrokenSeam, NewerFormat, BadOptions) as error:
            sys.stderr.write(f"{error}\n")
            return EXIT_BROKEN
        signal.signal(signal.SIGTERM, lambda *_: engine.end())
        signal.signal(signal.SIGINT, lambda *_: engine.end())
        engine.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
