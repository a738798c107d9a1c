"""PostgreSQL servers for tests and benchmarks, each in a folder of its own on a private socket.

Run as a program it keeps one until its input ends, for tests in other languages: it prints a line
of JSON with `url`, `folder` and `port` once the server takes connections. Arguments NAME=VALUE are
settings of the server. Each line of input is a command that is answered with a line of JSON, with
`error` when it failed:

  stop MODE   ends the server: fast or immediate, which is a crash
  start       starts it again
  standby     adds a standby; the server waits for it with every commit from now on. Answers as for
              the server
  detach      ends the standby; the server goes on without it
  promote     makes the standby a server of its own, started when it was detached
  tls         the server takes TLS from now on; answers with the `certificate` that verifies it as
              127.0.0.1
"""
import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")
START_S_MAX = 60
# What a crash of the machine would need is left out: tests crash the server, never the machine.
QUICK = {"fsync": "off", "full_page_writes": "off"}
SETTINGS = {"max_connections": "300", "shared_buffers": "256MB", "max_wal_size": "2GB",
            "max_prepared_transactions": "0", "log_min_messages": "warning",
            "dynamic_shared_memory_type": "posix", "timezone": "UTC", "jit": "off"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """A server; a context that ends it and removes its folder. As root it works as nobody."""

    def __init__(self, settings=None, role="segmentflow", primary=None, parent=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="segmentflow-pg-", dir=parent))
        self.data, self.port, self.role = self.folder / "data", free_port(), role
        self.settings = {**SETTINGS, **(QUICK if settings is None else settings)}
        self.account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if self.account:
            os.chown(self.folder, self.account.pw_uid, self.account.pw_gid)
            self.folder.chmod(0o755)
        if primary:
            self.run("pg_basebackup", "-D", self.data, "-R", "-c", "fast", "-h", primary.folder,
                     "-p", primary.port, "-U", role)
        else:
            self.run("initdb", "-D", self.data, "-U", role, "-A", "trust", "--encoding=UTF8",
                     "--locale=C.UTF-8", "--no-sync")

    @property
    def url(self):
        return (f"postgresql:///postgres?host={self.folder}&port={self.port}"
                f"&user={self.role}")

    def where(self):
        return {"url": self.url, "folder": str(self.folder), "port": self.port}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        try:
            self.stop("immediate")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, program, *arguments, check=True):
        # A program that is not the server's own is found as usual.
        command = [str(BINARIES / program if (BINARIES / program).exists() else program),
                   *(str(each) for each in arguments)]
        account = {"user": self.account.pw_uid, "group": self.account.pw_gid,
                   "extra_groups": []} if self.account else {}
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False,
                              env={**os.environ, "LC_ALL": "C.UTF-8"}, **account)
        if check and done.returncode != 0:
            raise RuntimeError(f"{program} failed:\n{done.stdout}{done.stderr}")
        return done

    def start(self):
        options = {**self.settings, "listen_addresses": "127.0.0.1", "port": str(self.port),
                   "unix_socket_directories": str(self.folder)}
        flags = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        log = self.folder / "log"
        self.run("pg_ctl", "-D", self.data, "-o", flags, "-l", log, "-w", "-t", START_S_MAX,
                 "start")

    def stop(self, mode="fast"):
        self.run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop", check=False)

    def psql(self, sql, database="postgres"):
        done = subprocess.run([str(BINARIES / "psql"), "-XAtq", "-h", str(self.folder), "-p",
                               str(self.port), "-U", self.role, "-d", database, "-c", sql],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"psql failed: {done.stderr}")
        return done.stdout.strip()


def until(true, what):
    limit = time.monotonic() + START_S_MAX
    while not true():
        if time.monotonic() > limit:
            raise RuntimeError(f"did not happen within {START_S_MAX} s: {what}")
        time.sleep(0.02)


class Program:
    """The servers of one run as a program, and what its commands do to them."""

    def __init__(self, primary):
        self.primary, self.standby = primary, None

    def do(self, command, *words):
        commands = {"stop": self.primary.stop, "start": self.primary.start,
                    "standby": self.add_standby, "detach": self.detach, "promote": self.promote,
                    "tls": self.take_tls}
        return commands[command](*words)

    def wait_for_standbys(self, names):
        self.primary.psql(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        self.primary.psql("SELECT pg_reload_conf()")

    def add_standby(self):
        self.standby = Cluster(self.primary.settings, self.primary.role, self.primary)
        self.standby.start()
        # After the copy was made: promoted, it waits for nobody.
        self.wait_for_standbys("*")
        until(lambda: self.primary.psql("SELECT sync_state FROM pg_stat_replication") == "sync",
              "the standby is synchronous")
        return self.standby.where()

    def detach(self):
        self.wait_for_standbys("")
        self.standby.stop("fast")

    def promote(self):
        if self.standby.run("pg_ctl", "-D", self.standby.data, "status", check=False).returncode:
            self.standby.start()
        self.standby.run("pg_ctl", "-D", self.standby.data, "-w", "-t", START_S_MAX, "promote")

    def take_tls(self):
        files = {name: self.primary.folder / f"{name}.pem" for name in ("key", "cert")}
        self.primary.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                         "/CN=database", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                         files["key"], "-out", files["cert"])
        for name, value in {"ssl_key_file": files["key"], "ssl_cert_file": files["cert"],
                            "ssl": "on"}.items():
            self.primary.psql(f"ALTER SYSTEM SET {name} = '{value}'")
        self.primary.psql("SELECT pg_reload_conf()")
        until(lambda: self.primary.psql("SHOW ssl") == "on", "the server takes TLS")
        return {"certificate": str(files["cert"])}

    def end(self):
        if self.standby:
            self.standby.__exit__()


def answer(program, line):
    try:
        return program.do(*line.split()) or {}
    except (KeyError, TypeError, RuntimeError, OSError) as error:
        return {"error": f"{line.strip()}: {error}"}


def main():
    given = dict(each.split("=", 1) for each in sys.argv[1:])
    with Cluster({**QUICK, **given}) as cluster:
        program = Program(cluster)
        try:
            print(json.dumps(cluster.where()), flush=True)
            for line in sys.stdin:
                print(json.dumps(answer(program, line)), flush=True)
        finally:
            program.end()


if __name__ == "__main__":
    main()
