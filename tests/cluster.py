"""PostgreSQL servers for tests and benchmarks, each in a folder of its own on a private socket.

Run as a program it keeps one until its input ends, for tests in other languages: it prints a line
of JSON with `url`, `folder` and `port` once the server takes connections.
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

    def __init__(self, settings=None, role="segmentflow", primary=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="segmentflow-pg-"))
        self.data, self.port, self.role = self.folder / "data", free_port(), role
        self.settings = {**SETTINGS, **(QUICK if settings is None else settings)}
        self.account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if self.account:
            os.chown(self.folder, self.account.pw_uid, self.account.pw_gid)
            self.folder.chmod(0o755)
        if primary:
            self.run("pg_basebackup", "-D", self.data, "-R", "-h", primary.folder, "-p",
                     primary.port, "-U", role)
        else:
            self.run("initdb", "-D", self.data, "-U", role, "-A", "trust", "--encoding=UTF8",
                     "--locale=C.UTF-8", "--no-sync")

    @property
    def url(self):
        return (f"postgresql:///postgres?host={self.folder}&port={self.port}"
                f"&user={self.role}")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        try:
            self.stop("immediate")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, program, *arguments, check=True):
        command = [str(BINARIES / program), *(str(each) for each in arguments)]
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


def main():
    with Cluster() as cluster:
        print(json.dumps({"url": cluster.url, "folder": str(cluster.folder),
                          "port": cluster.port}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
