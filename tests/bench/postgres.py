"""PostgreSQL beside SQLite, and beside pgbench running the statements that the engine runs.

The server works in the folder of the other measurements, so that its commits wait for the same
disk. Rounds are as in `run`: what is compared runs in one round.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import machine
import parts

sys.path.insert(0, str(parts.ROOT / "tests"))
import cluster  # noqa: E402

# Durable, and with the memory that docs/scaling.md advises, unlike the servers of the tests.
BUFFER_MB = min(4096, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4 >> 20)
SETTINGS = {"synchronous_commit": "on", "shared_buffers": f"{BUFFER_MB}MB",
            "max_wal_size": "8GB"}
CLAIMS_BINARY = pathlib.Path(parts.BINARY).with_name("claims_bench")
ACCEPT_S = 3
MANY = 32  # connections
PGBENCH_THREADS = 2
CLAIMERS = 2  # threads of claims_bench
CLAIM_BATCH = 50
CLAIMS = 16_000  # in a round
CUSTOMERS = 5_000  # of accept.lua
QUEUE_SHORT = 1_000
QUEUE_LONG = 1_000_000
RESTART_S = 3  # before and after
RESTART_LOAD_S = 15  # longer than both and the restart
PROGRAM_S_MAX = 300
# The engine's sessions (core/store/postgres/connection.cpp), so that both have the same plans.
SESSION = ("-c jit=off -c plan_cache_mode=force_generic_plan -c enable_seqscan=off "
           "-c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off "
           "-c enable_sort=off")


def sql_literal(value):
    """A JSON value as SQL. A colon would start a variable of pgbench's."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    text = value.replace("\\", "\\\\").replace("'", "''").replace(":", "\\072")
    return f"E'{text}'"


class Database:
    """A database of the server, as the engine is given it."""

    def __init__(self, server, name, template="template1"):
        self.server, self.name = server, name
        server.psql(f"CREATE DATABASE {name} TEMPLATE {template}")
        self.url = server.url.replace("/postgres?", f"/{name}?")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.psql(f"DROP DATABASE {self.name} WITH (FORCE)")

    def psql(self, sql):
        return self.server.psql(sql, self.name)

    def emails(self):
        return int(self.psql("SELECT count(*) FROM email_sends"))

    def cpu_seconds(self):
        """CPU time of all processes of the server."""
        postmaster = (self.server.data / "postmaster.pid").read_text().split()[0]
        return machine.cpu_seconds_of_tree(int(postmaster))

    def pgbench(self, script, clients, *arguments, **variables):
        """What pgbench prints for a script; `variables` are the script's."""
        given = [f"-D{name}={value}" for name, value in variables.items()]
        done = subprocess.run(
            [str(cluster.BINARIES / "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j",
             str(min(clients, PGBENCH_THREADS)), "-f", str(script), *arguments, *given, "-h",
             str(self.server.folder), "-p", str(self.server.port), "-U", self.server.role,
             self.name], capture_output=True, text=True, check=False, timeout=PROGRAM_S_MAX,
            env={**os.environ, "PGOPTIONS": SESSION})
        if done.returncode != 0 or "number of failed transactions: 0 " not in done.stdout:
            raise RuntimeError(f"pgbench failed:\n{done.stdout}{done.stderr}")
        return done.stdout


class Rows:
    """An accepted send as INSERT statements for more like it, with ids and keys of their own."""

    TABLES = ("profiles", "email_sends", "email_contents", "jobs")

    def __init__(self, database):
        self.rows = {table: json.loads(database.psql(
            f"SELECT row_to_json(t) FROM (SELECT * FROM {table} ORDER BY row_id LIMIT 1) t"))
            for table in self.TABLES}
        for row in self.rows.values():
            del row["row_id"]
        self.first_customer = id_now()

    def insert(self, table, fresh, source=""):
        """A statement for rows like the one there is but for `fresh`, by column an expression."""
        values = {name: sql_literal(value) for name, value in self.rows[table].items()} | fresh
        return (f"INSERT INTO {table} ({', '.join(values)}) "
                f"SELECT {', '.join(values.values())}{source}")

    def send(self, send_id, fresh, due_at, source=""):
        """The statements that queue a send."""
        yield self.insert("email_sends", {"id": send_id, **fresh}, source)
        yield self.insert("email_contents", {"send_id": send_id}, source)
        yield self.insert("jobs", {"subject_id": send_id, "due_at": due_at}, source)

    def keep_customers_only(self, database):
        """No send, and all customers of accept.lua known."""
        source = f" FROM generate_series(0::bigint, {CUSTOMERS - 1}) AS n"
        email = "'customer' || n || '@customers.example'"
        fresh = {"id": self.customer("n"), "email": email, "email_key": email}
        # Tables that are analysed while they are empty get other plans than those of an
        # installation that begins: so only that which has its rows.
        for statement in (*(f"DELETE FROM {table}" for table in self.TABLES),
                          self.insert("profiles", fresh, source), "ANALYZE profiles"):
            database.psql(statement)

    def customer(self, number):
        return f"int8send({self.first_customer} + {number}) || int8send({number})"

    def fill(self, database, count):
        """Queues `count` sends that are due, in the order of their ids."""
        row = self.rows["email_sends"]
        fresh = {"idempotency_key": "'queued ' || n", "deadline_at": f"{row['deadline_at']} + n",
                 "profile_id": self.customer(f"(n % {CUSTOMERS})"),
                 "to_email": f"'customer' || n % {CUSTOMERS} || '@customers.example'"}
        sends = self.send(f"int8send({id_now()} + n) || int8send(n)", fresh,
                          f"{self.rows['jobs']['due_at']} + n",
                          f" FROM generate_series(1::bigint, {count}) AS n")
        for statement in (*sends, "VACUUM ANALYZE", "CHECKPOINT"):
            database.psql(statement)

    def accept_script(self, path):
        """What pgbench runs for one accept; `id` begins after all ids there are."""
        number, client = "CAST(:id AS BIGINT)", "CAST(:client_id AS BIGINT)"
        key = f"CAST({number} AS TEXT) || ' ' || CAST({client} AS TEXT)"
        statements = self.send(f"int8send({number}) || int8send({client})",
                               {"idempotency_key": key}, str(self.rows["jobs"]["due_at"]))
        path.write_text("\n".join([r"\set id :id + 1", "BEGIN;",
                                   *(f"{statement};" for statement in statements), "COMMIT;", ""]))
        return path


def id_now():
    """The first half of an id of this moment: those of the engine begin with the time."""
    return (time.time_ns() // 1_000_000) << 16


def claimed_per_s(output):
    """Rate of claims when the time of all that follows the first COMMIT is left out."""
    latencies = output.partition("statement latencies")[2]
    steps = re.findall(r"^\s+([0-9.]+)\s+\d+\s+(\S+)", latencies, re.MULTILINE)
    claim = [float(ms) for ms, _ in steps]
    claim_ms = sum(claim[:[word for _, word in steps].index("COMMIT;") + 1])
    return {"per_s": CLAIMERS * CLAIM_BATCH * 1000 / claim_ms, "claim_ms": claim_ms}


class PostgresBench:
    """The measurements; a context, because of the server."""

    def __init__(self, bench, is_quick):
        self.bench, self.is_quick = bench, is_quick
        # A path of a socket must be short, so its folder is not inside of scratch.
        self.server = cluster.Cluster(SETTINGS, parent=bench.scratch.parent)
        self.next_name = 0

    def __enter__(self):
        self.server.__enter__()
        try:
            self.prepare()
        except BaseException:
            self.server.__exit__()
            raise
        return self

    def __exit__(self, *details):
        self.server.__exit__(*details)

    def prepare(self):
        """An installation, the same with customers, and copies of that with queues."""
        self.fresh = Database(self.server, "fresh")
        self.data = parts.prepare_data(self.bench.folder("prepared"), self.fresh)
        self.known = Database(self.server, "known", "fresh")
        with parts.Engine(self.data, database=self.known) as engine:
            parts.load(engine, 1, 1, stop_after=1)
        # Otherwise the copies would take themselves for restored ones and hold their queues.
        self.known.psql("UPDATE installation SET database_identity = NULL")
        rows = Rows(self.known)
        self.accept_script = rows.accept_script(self.bench.folder("accept.sql"))
        rows.keep_customers_only(self.known)
        self.short = self.filled(rows, "short", QUEUE_SHORT)
        self.long = None
        if not self.is_quick:
            start = time.monotonic()
            self.long = self.filled(rows, "long", QUEUE_LONG)
            print(f"{QUEUE_LONG:,} sends were queued in {time.monotonic() - start:.0f} s",
                  flush=True)

    def filled(self, rows, name, count):
        database = Database(self.server, name, self.known.name)
        rows.fill(database, count)
        return database

    def copy(self, template):
        self.next_name += 1
        return Database(self.server, f"copy_{self.next_name}", template.name)

    def engine(self, database):
        data = pathlib.Path(shutil.copytree(self.data, self.bench.folder("data")))
        return parts.Engine(data, database=database)

    def accepts(self, database):
        with self.engine(database) as engine:
            return parts.accepts(engine, MANY, ACCEPT_S)

    def pgbench_accepts(self, database, seconds):
        before, cpu = database.emails(), database.cpu_seconds()
        output = database.pgbench(self.accept_script, MANY, "-T", str(seconds), id=id_now())
        result = {"per_s": float(re.search(r"^tps = (\S+)", output, re.MULTILINE)[1])}
        # By now its sessions have ended, whose time would be missed while they do.
        result["accepted"] = database.emails() - before
        result["database_cpu_s"] = database.cpu_seconds() - cpu
        return result

    def claims(self, database):
        done = subprocess.run([str(CLAIMS_BINARY), database.url, str(CLAIMS)], check=False,
                              capture_output=True, text=True, timeout=PROGRAM_S_MAX)
        if done.returncode != 0:
            raise RuntimeError(f"claims_bench failed:\n{done.stderr}")
        return json.loads(done.stdout)

    def pgbench_claims(self, database, script):
        """Claims under an instance that is on the list for so long."""
        instance = f"\\\\x{id_now():032x}"
        database.psql(f"INSERT INTO instances (id, epoch, role, host, process_id, version, "
                      f"started_at, heartbeat_at, expires_at) VALUES (E'{instance}', 1, 'serve', "
                      f"'bench', 1, 'bench', 0, 0, 0)")
        transactions = CLAIMS // CLAIM_BATCH // CLAIMERS
        output = database.pgbench(parts.HERE / script, CLAIMERS, "-r", "-t", str(transactions),
                                  instance=instance.replace("\\\\", "\\"), batch=CLAIM_BATCH)
        database.psql("DELETE FROM instances")
        return claimed_per_s(output)

    @staticmethod
    def warm(database):
        """Brings the tables into memory, where a server has a queue that has just grown. Here the
        restart of the round before has emptied it."""
        database.psql("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
        database.psql("SELECT pg_prewarm(oid) FROM pg_class WHERE relkind IN ('r', 'i') "
                      "AND relnamespace = 'public'::regnamespace")

    def restart(self):
        server = self.server
        server.run("pg_ctl", "-D", server.data, "-m", "fast", "-l", server.folder / "log", "-w",
                   "-t", cluster.START_S_MAX, "restart")

    def accepts_around_restart(self):
        """Accepts/s before and after a restart, under load that goes on meanwhile."""
        def per_s():
            count, start = database.emails(), time.monotonic()
            time.sleep(RESTART_S)
            return (database.emails() - count) / (time.monotonic() - start)

        with (self.copy(self.fresh) as database, self.engine(database) as engine,
              concurrent.futures.ThreadPoolExecutor() as pool):
            load = pool.submit(parts.wrk, engine.port, engine.key(), f"bench-{time.time_ns()}",
                               MANY, RESTART_LOAD_S)
            time.sleep(1)
            before, start = per_s(), time.monotonic()
            self.restart()
            away_s = time.monotonic() - start
            after = per_s()
            if load.done():
                raise RuntimeError(f"the load did not outlast the restart, which took {away_s} s")
            answers = load.result()
            if database.emails() < answers["requests"] - answers["failed"]:
                raise RuntimeError("there are fewer emails in the database than were acknowledged")
        return {"before_per_s": before, "after_per_s": after, "away_s": away_s,
                "requests": answers["requests"], "refused": answers["failed"]}

    def pgbench_around_restart(self):
        """The same of pgbench, which does not survive a restart: one run before, one after."""
        with self.copy(self.fresh) as database:
            before = self.pgbench_accepts(database, RESTART_S)["per_s"]
            self.restart()
            return {"before_per_s": before,
                    "after_per_s": self.pgbench_accepts(database, RESTART_S)["per_s"]}

    def round(self):
        """What is compared runs one after the other."""
        result = {"load": machine.load_average(),
                  "fdatasync": machine.fdatasync_rate(self.bench.scratch),
                  "sqlite": self.bench.accepts(MANY)}
        with self.copy(self.fresh) as database:
            result["accepts"] = self.accepts(database)
        with self.copy(self.fresh) as database:
            result["pgbench_accepts"] = self.pgbench_accepts(database, ACCEPT_S)
        if self.long:
            # All customers are known in both, so that they differ by the queue alone.
            with self.copy(self.known) as database:
                result["accepts_known"] = self.accepts(database)
            self.warm(self.long)
            result["accepts_long"] = self.accepts(self.long)
        result["pgbench_dequeue"] = self.pgbench_claims(self.short, "dequeue.sql")
        result["pgbench_claims"] = self.pgbench_claims(self.short, "claim.sql")
        result["claims"] = self.claims(self.short)
        if self.long:
            result["pgbench_claims_long"] = self.pgbench_claims(self.long, "claim.sql")
            result["claims_long"] = self.claims(self.long)
        result["restart"] = self.accepts_around_restart()
        result["pgbench_restart"] = self.pgbench_around_restart()
        result["fdatasync_after"] = machine.fdatasync_rate(self.bench.scratch)
        return result
