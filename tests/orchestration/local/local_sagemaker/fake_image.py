"""The text of a container's program for tests, in the standard library only: `PROGRAM`, to be written to a file.

`train` does what its hyperparameters say: sleep (seconds), fail (text of the failure file, | a new line), exit_code,
ignore_sigterm, save_on_sigterm, metric (a value, printed as `validation:RMSE=<x>;` and doubled before), silent_fail
(stderr text), output (text for output/data), checkpoint (text), crowd (start a child of its own that ignores SIGTERM),
no_model. As a trial: x (prints (x - 0.3)^2 + 1/epoch as the metric at each epoch), epochs (1), epoch_s (seconds each).

`evaluate`, a processing job, takes `name=value` arguments: sleep, message (text of the message file), exit_code, early
(text for the output folder, written before sleeping). It leaves what it found as report.json in processing/output.

`serve` answers /ping and echoes /invocations; the file `behaviour.json` in the model says otherwise: ping_status,
exit_at_start, status, delay_s, start_delay_s, size (of the answer in bytes), cut (the answer ends too early), drip (it
comes in pieces, slowly), chunks (it comes chunked), crowd (start a
child).
"""

PROGRAM = r"""
import http.server, json, os, pathlib, signal, subprocess, sys, threading, time

root = pathlib.Path(os.environ["SAGEBUILD_CONTAINER_ROOT"])


def train():
    values = json.loads((root / "input/config/hyperparameters.json").read_text())
    if "ignore_sigterm" in values:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "save_on_sigterm" in values:
        def save(number, frame):
            (root / "model/saved.txt").write_text("saved")
            sys.exit(0)
        signal.signal(signal.SIGTERM, save)
    facts = {
        "pid": os.getpid(), "started_at": time.time(), "argv": sys.argv[1:], "cwd": os.getcwd(),
        "environment": dict(os.environ), "values": values,
        "channels": json.loads((root / "input/config/inputdataconfig.json").read_text()),
        "resources": json.loads((root / "input/config/resourceconfig.json").read_text()),
        "data": {str(p.relative_to(root / "input/data")): p.read_text()
                 for p in sorted((root / "input/data").rglob("*")) if p.is_file()},
    }
    checkpoints = root / "checkpoints"
    if checkpoints.is_dir():
        facts["checkpoints"] = {p.name: p.read_text() for p in checkpoints.iterdir()}
    print("started", flush=True)
    if "crowd" in values:
        child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, 1); time.sleep(60)"])
        facts["child"] = child.pid
    (root / "facts.tmp").write_text(json.dumps(facts))
    (root / "facts.tmp").rename(root / "facts.json")
    if "checkpoint" in values:
        (checkpoints / "state.txt").write_text(values["checkpoint"])
    if "metric" in values:
        print(f"epoch 1 validation:RMSE={float(values['metric']) * 2};", flush=True)
        print(f"epoch 2 validation:RMSE={values['metric']};", flush=True)
    for epoch in range(1, int(values.get("epochs", 1)) + 1 if "x" in values else 1):
        print(f"validation:RMSE={(float(values['x']) - 0.3) ** 2 + 1 / epoch};", flush=True)
        time.sleep(float(values.get("epoch_s", 0)))
    time.sleep(float(values.get("sleep", 0)))
    if "silent_fail" in values:
        print(values["silent_fail"], file=sys.stderr)
        sys.exit(int(values.get("exit_code", 3)))
    if "fail" in values:
        (root / "output/failure").write_text(values["fail"].replace("|", chr(10)))
        sys.exit(int(values.get("exit_code", 3)))
    if "output" in values:
        (root / "output/data/report.txt").write_text(values["output"])
    if "no_model" not in values:
        (root / "model/model.json").write_text(json.dumps({"q": values.get("q", "1")}))


def evaluate(given):
    values = dict(each.split("=", 1) for each in given if "=" in each)
    out, processing = root / "processing/output", root / "processing"
    facts = {
        "pid": os.getpid(), "argv": sys.argv, "environment": dict(os.environ), "out_exists": out.is_dir(),
        "config": json.loads((root / "config/processingjobconfig.json").read_text()),
        "resources": json.loads((root / "config/resourceconfig.json").read_text()),
        "data": {str(p.relative_to(processing)): p.read_text() for p in sorted(processing.rglob("*")) if p.is_file()},
    }
    (root / "facts.tmp").write_text(json.dumps(facts))
    (root / "facts.tmp").rename(root / "facts.json")
    if "early" in values:
        (out / "early.txt").write_text(values["early"])
    time.sleep(float(values.get("sleep", 0)))
    if "message" in values:
        (root / "output/message").write_text(values["message"])
    if "exit_code" in values:
        sys.exit(int(values["exit_code"]))
    (out / "deep").mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(facts["data"]))
    (out / "deep" / "probe.txt").write_text("probe")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(behaviour.get("ping_status", 200), b"", "text/plain")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(behaviour.get("delay_s", 0))
        if "size" in behaviour:
            self.answer(200, b"x" * behaviour["size"], "text/plain")
        elif "cut" in behaviour or "drip" in behaviour:
            self.send_response(200)
            self.send_header("Connection", "close")
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(100 if "drip" in behaviour else 1):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)
            self.close_connection = True
        elif "chunks" in behaviour:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        elif behaviour.get("status", 200) != 200:
            self.answer(behaviour["status"], b"no such number", "text/plain")
        else:
            answer = {
                "model": json.loads(model.read_text()) if model.exists() else None, "pid": os.getpid(),
                "workers": workers, "body": body.decode("latin-1"), "content_type": self.headers["Content-Type"],
                "accept": self.headers["Accept"], "environment": dict(os.environ),
            }
            self.answer(200, json.dumps(answer).encode(), "application/json")

    def answer(self, status, body, content_type):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def serve():
    if "exit_at_start" in behaviour:
        print(behaviour["exit_at_start"], flush=True)
        sys.exit(4)
    time.sleep(behaviour.get("start_delay_s", 0))
    if "crowd" in behaviour:
        workers.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid)
    address = (os.environ["SAGEBUILD_BIND_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
    server = http.server.ThreadingHTTPServer(address, Handler)
    signal.signal(signal.SIGTERM, lambda number, frame: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.02)


if sys.argv[1] == "train":
    train()
elif "evaluate" in sys.argv:
    evaluate(sys.argv[1:])
else:
    model, workers = root / "model/model.json", []
    behaviour_file = root / "model/behaviour.json"
    behaviour = json.loads(behaviour_file.read_text()) if behaviour_file.exists() else {}
    serve()
"""
