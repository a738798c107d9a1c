"""The programs of a benchmark: the engine, the receiver, and those it is compared with."""
import email
import email.policy
import http.client
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import time

import machine

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TOOLS = ROOT / "build/tools"
POSTFIX = TOOLS / "postfix"
NODE_MODULES = ROOT / "tests/e2e/node_modules"
BINARY = os.environ.get("SEGMENTFLOW_BIN", str(ROOT / "build/release/segmentflow"))
SINK_BACKLOG = "200"
STOP_S_MAX = 40


def node():
    arch = "arm64" if os.uname().machine == "aarch64" else "x64"
    own = NODE_MODULES / f"node-linux-{arch}/bin/node"
    return str(own) if own.exists() else "node"


class Program:
    """A running program, with its output in a file; a context that ends it."""

    def __init__(self, command, log, env=None):
        self.log = pathlib.Path(log)
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT,
                                            stdin=subprocess.DEVNULL, env=env)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def wait_for_port(self, port):
        def ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.process.args[0]} ended:\n{self.log.read_text()}")
            return machine.is_open(port)
        machine.wait_until(f"{self.process.args[0]} listens on {port}", ready)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Sink(Program):
    """Postfix's smtp-sink: counts messages as they come and keeps them in one file, if asked to."""

    def __init__(self, folder, keeps=True):
        self.port = machine.free_port()
        folder = pathlib.Path(folder)
        folder.mkdir()
        folder.chmod(0o777)  # as root it works as nobody
        self.dump = folder / "messages"
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        keep = ["-D", str(self.dump)] if keeps else []
        super().__init__([str(TOOLS / "smtp-sink"), *user, "-c", *keep,
                          f"127.0.0.1:{self.port}", SINK_BACKLOG], folder / "log")
        self.wait_for_port(self.port)

    def count(self):
        """Messages taken so far."""
        with open(self.log, "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - 200))
            numbers = re.findall(rb"mesg=(\d+)\s", log.read())
        return int(numbers[-1]) if numbers else 0

    def wait_for(self, count):
        machine.wait_until(f"{count} messages at the sink", lambda: self.count() >= count)

    def unique(self):
        """Different Message-IDs among what was taken."""
        text = self.dump.read_bytes()
        return len(set(re.findall(rb"^message-id:\s*(\S+)", text, re.IGNORECASE | re.MULTILINE)))

    def first_message(self):
        """The bytes of one message, without the sink's own headers."""
        first = self.dump.read_bytes().split(b"\nX-Client-Addr:", 1)[0]
        return re.split(rb"^(?!X-|Received:|\t|\s)", first, maxsplit=1, flags=re.MULTILINE)[-1]


class Engine(Program):
    """segmentflow serve on a copy of a prepared data folder; strace=FILE counts its syncs.

    Without a database of PostgreSQL's it has SQLite's in the folder.
    """

    def __init__(self, data, smtp_port=None, strace=None, database=None):
        self.data, self.port = pathlib.Path(data), machine.free_port()
        self.database = database
        env = engine_env(data, database)
        if smtp_port:
            env["SEGMENTFLOW_SMTP_URL"] = f"smtp://127.0.0.1:{smtp_port}?tls=off"
        tracer = ["strace", "-f", "--seccomp-bpf", "-c", "-e", "trace=fsync,fdatasync",
                  "-o", str(strace)] if strace else []
        self.started = time.monotonic()
        super().__init__([*tracer, BINARY, "serve", "--listen", f"127.0.0.1:{self.port}"],
                         self.data / "serve.log", env)
        self.wait_until_ready()
        self.ready_s = time.monotonic() - self.started
        if strace:
            self.pid = machine.children(self.process.pid)[0]

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def wait_until_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"serve ended:\n{self.log.read_text()}")
            try:
                return self.get("/readyz")[0] == 200
            except OSError:
                return False
        machine.wait_until("/readyz answers 200", ready, every_s=0.001)

    def metric(self, name):
        text = self.get("/metrics")[1]
        return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE).group(1))

    def accepted(self):
        """Emails in the database."""
        if self.database:
            return self.database.emails()
        with sqlite3.connect(f"file:{self.data}/segmentflow.db?mode=ro", uri=True) as database:
            return database.execute("SELECT count(*) FROM email_sends").fetchone()[0]

    def key(self):
        return (self.data / "bench.key").read_text().strip()

    def stop(self):
        if self.process.poll() is None and self.pid != self.process.pid:
            os.kill(self.pid, signal.SIGTERM)  # the tracer ends with it
            self.process.wait(STOP_S_MAX)
        super().stop()


def engine_env(data, database=None):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("SEGMENTFLOW_")}
    url = {"SEGMENTFLOW_DATABASE_URL": database.url} if database else {}
    return {**kept, "SEGMENTFLOW_DATA_DIR": str(data), **url}


def prepare_data(folder, database=None):
    """An organisation that can send, and no delivery."""
    folder.mkdir()

    def command(*arguments):
        done = subprocess.run([BINARY, *arguments], env=engine_env(folder, database),
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"segmentflow {arguments[0]} failed:\n{done.stderr}")
        return done.stdout.strip()

    command("init", "--organization", "Bench")
    command("domains", "add", "example.com")
    command("senders", "add", "Acme Receipts <receipts@example.com>")
    command("templates", "import", str(ROOT / "examples/templates/receipt-default.json"),
            "--sender", "receipts@example.com")
    (folder / "bench.key").write_text(command("keys", "create", "--name", "bench", "--scopes",
                                              "emails:write,emails:read"))
    return folder


class Echo(Program):
    """The bare Node HTTP service."""

    def __init__(self, log):
        self.port = machine.free_port()
        super().__init__([node(), str(HERE / "echo.mjs"), str(self.port)], log)
        self.wait_for_port(self.port)


class Postfix(Program):
    """Postfix relaying to the sink, in a namespace of its own."""

    def __init__(self, folder, sink_port):
        folder.mkdir()
        self.port = machine.free_port()
        super().__init__(["unshare", "--mount", "--pid", "--fork", "--kill-child",
                          str(HERE / "postfix.sh"), str(POSTFIX), str(folder / "files"),
                          str(self.port), str(sink_port)], folder / "log")
        self.wait_for_port(self.port)

    def stop(self):
        # The first process of the namespace takes the others with it; unshare itself does not.
        pid = self.process.pid
        for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    @staticmethod
    def possible():
        if os.geteuid() != 0:
            return False
        tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False,
                               capture_output=True)
        return tried.returncode == 0

    def submit(self, count, length):
        """Gives `count` messages of `length` bytes to Postfix over 20 connections."""
        env = {**os.environ, "LD_LIBRARY_PATH": str(POSTFIX / "usr/lib/postfix")}
        subprocess.run([str(POSTFIX / "usr/sbin/smtp-source"), "-s", "20", "-m", str(count),
                        "-l", str(length), "-M", "source.example", "-f", "receipts@example.com",
                        "-t", "customer@customers.example", f"127.0.0.1:{self.port}"],
                       env=env, check=True)


def wrk(port, key, prefix, connections, seconds, stop_after=0, pause_ms=0):
    """Accepts under wrk: {requests, seconds, failed, p50_ms, p99_ms}."""
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s",
         "-s", str(HERE / "accept.lua"), f"http://127.0.0.1:{port}", "--", key, prefix,
         str(stop_after), str(pause_ms)], capture_output=True, text=True, check=False)
    result = re.search(r"^RESULT (\{.*\})$", done.stdout, re.MULTILINE)
    if done.returncode != 0 or not result:
        raise RuntimeError(f"wrk failed:\n{done.stdout}{done.stderr}")
    return json.loads(result.group(1))


def load(engine, connections, seconds, stop_after=0, pause_ms=0):
    """wrk's result with the engine; none of its requests may fail."""
    result = wrk(engine.port, engine.key(), f"bench-{time.time_ns()}", connections, seconds,
                 stop_after, pause_ms)
    if result["failed"]:
        raise RuntimeError(f"{result['failed']} requests failed; see {engine.log}")
    return result


def accepts(engine, connections, seconds):
    """Durable accepts, with what they cost."""
    before = engine.accepted()
    commits = engine.metric("segmentflow_commits_total")
    cpu = machine.cpu_seconds(engine.pid)
    database_cpu = engine.database.cpu_seconds() if engine.database else 0
    result = load(engine, connections, seconds)
    result["cpu_s"] = machine.cpu_seconds(engine.pid) - cpu
    if engine.database:
        result["database_cpu_s"] = engine.database.cpu_seconds() - database_cpu
    result["commits"] = engine.metric("segmentflow_commits_total") - commits
    result["accepted"] = engine.accepted() - before
    result["resident_mb"] = machine.peak_resident_mb(engine.pid)
    if result["accepted"] < result["requests"]:
        raise RuntimeError("there are fewer emails in the database than were acknowledged")
    result["per_s"] = result["requests"] / result["seconds"]
    return result


def nodemailer(port, count, bodies):
    """{seconds, cpuSeconds, residentMb, sent} of nodemailer sending `count` messages."""
    done = subprocess.run([node(), str(HERE / "nodemailer.mjs"), str(port), str(count),
                           str(bodies)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"nodemailer.mjs failed:\n{done.stderr}")
    return json.loads(done.stdout)


def bodies_of(message):
    """Subject and both bodies of a message of the engine, for nodemailer to send the same."""
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    body = {part: parsed.get_body((kind,)).get_content()
            for part, kind in (("text", "plain"), ("html", "html"))}
    return {"subject": str(parsed["subject"]), **body}


def traced_syncs(path):
    """fsync and fdatasync calls in strace's summary."""
    return sum(int(line.split()[3]) for line in path.read_text().splitlines()
               if line.rstrip().endswith(("fsync", "fdatasync")))
