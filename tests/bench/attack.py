"""One organisation's sends while another and strangers do the worst that was found."""
import json
import pathlib
import shutil
import sqlite3
import subprocess
import time

import machine
import parts
from postgres import Database, cluster, SETTINGS
from report import at_least, at_most, line, spread, target

SENDS = 4_000  # of the organisation that is attacked, in each phase
PAUSE_MS = 25  # of each of its connections before a send
CALLERS = 8  # of the attacker: so many that preview and so many that send, all the time
SOCKETS = 4_096  # of strangers
CONNECTIONS = 16
SENDS_S_MAX = 120
VICTIM, ATTACKER = "Bench", "Attacker"

DESCRIPTION = f"""\
Attack: {SENDS:,} sends of one organisation over {CONNECTIONS} connections, from the first request
until all are Sent, alone and while another organisation previews and sends the heaviest templates
that were found ({CALLERS} callers each) and strangers hold {SOCKETS:,} connections in all ways that
were found to hurt. The attackers run at the lowest priority, as if elsewhere. Each connection of
the organisation pauses {PAUSE_MS} ms before a send, as customers do; the full rates, without a
pause, are those of a machine whose processors are all taken by the sends and the load itself."""


class SqliteInstallation:
    """A new installation of two organisations."""

    name = "SQLite"
    database = None

    def __init__(self, folder):
        self.data = prepare(folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def unsent(self):
        with sqlite3.connect(f"file:{self.data}/segmentflow.db?mode=ro", uri=True) as database:
            return database.execute(UNSENT).fetchone()[0]


class PostgresInstallation:
    name = "PostgreSQL"

    def __init__(self, folder, parent):
        self.server = cluster.Cluster(SETTINGS, parent=parent)
        self.server.__enter__()
        self.database = Database(self.server, "attacked")
        self.data = prepare(folder, self.database)

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self.server.__exit__(*details)

    def unsent(self):
        return int(self.database.psql(UNSENT))


UNSENT = ("SELECT count(*) FROM email_sends WHERE status IN ('Queued', 'Processing') AND "
          f"organization_id = (SELECT id FROM organizations WHERE name = '{VICTIM}')")


def prepare(folder, database=None):
    """What parts.prepare_data makes, and the attacker's organisation beside it."""
    parts.prepare_data(folder, database)

    def command(*arguments):
        done = subprocess.run([parts.BINARY, *arguments, "--organization", ATTACKER],
                              env=parts.engine_env(folder, database), capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"segmentflow {arguments[0]} failed:\n{done.stderr}")
        return done.stdout.strip()

    command("init")
    command("domains", "add", "attacker.example")
    command("senders", "add", "sender@attacker.example")
    (folder / "attacker.key").write_text(command(
        "keys", "create", "--name", "attacker", "--scopes",
        "templates:write,templates:read,emails:write"))
    return folder


class Attack:
    """The attackers at work; a context that ends them. `did` is then what they say they did."""

    def __init__(self, engine):
        wanted = {"port": engine.port, "key": (engine.data / "attacker.key").read_text(),
                  "sockets": SOCKETS, "previewers": CALLERS, "senders": CALLERS}
        self.process = subprocess.Popen(
            ["nice", "-n", "19", parts.node(), str(parts.HERE / "attack.mjs"), json.dumps(wanted)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("attack.mjs did not begin")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        said, _ = self.process.communicate("", timeout=60)
        self.did = json.loads(said.splitlines()[-1])


class AttackBench:
    def __init__(self, scratch):
        self.scratch = pathlib.Path(scratch)
        self.scratch.chmod(0o711)  # the sink works as nobody

    def sends(self, installation, engine, pause_ms):
        start = time.monotonic()
        parts.load(engine, CONNECTIONS, SENDS_S_MAX, SENDS, pause_ms)
        machine.wait_until("all emails are Sent", lambda: installation.unsent() == 0,
                           SENDS_S_MAX, every_s=0.1)
        return SENDS / (time.monotonic() - start)

    def phase(self, installation, engine):
        return {"paced": self.sends(installation, engine, PAUSE_MS),
                "full": self.sends(installation, engine, 0)}

    def measure(self, installation):
        with parts.Sink(self.scratch / f"sink-{installation.name}", keeps=False) as sink:
            with parts.Engine(installation.data, sink.port,
                              database=installation.database) as engine:
                self.phase(installation, engine)  # until it is warm
                result = {"alone": [], "attacked": [],
                          "quiet_mb": machine.peak_resident_mb(engine.pid)}
                for _ in range(2):
                    result["alone"].append(self.phase(installation, engine))
                    with Attack(engine) as attack:
                        result["attacked"].append(self.phase(installation, engine))
                result |= {"did": attack.did, "peak_mb": machine.peak_resident_mb(engine.pid)}
        return result

    def round(self):
        result = {"load": machine.load_average(), "fdatasync": machine.fdatasync_rate(self.scratch)}
        folder = self.scratch / "attacked"
        for make in (SqliteInstallation,
                     lambda folder: PostgresInstallation(folder, self.scratch.parent)):
            with make(folder) as installation:
                result[installation.name] = self.measure(installation)
            shutil.rmtree(folder)
            shutil.rmtree(self.scratch / f"sink-{installation.name}")
        return result


BACKENDS = ("SQLite", "PostgreSQL")


def ratio(measured, what):
    def total(phase):
        return sum(each[what] for each in measured[phase])
    return total("attacked") / total("alone")


def round_line(number, result):
    parts_of_line = [
        f"{name} {ratio(result[name], 'paced'):.2f} of {result[name]['alone'][0]['paced']:.0f} "
        f"sends/s, {ratio(result[name], 'full'):.2f} of {result[name]['alone'][0]['full']:.0f}, "
        f"{result[name]['peak_mb']:.0f} MB" for name in BACKENDS]
    return (f"attack round {number}: load {result['load']:.1f}, fdatasync/s "
            f"{result['fdatasync']:.0f}; under attack " + "; ".join(parts_of_line))


def summary(rounds):
    lines = ["", DESCRIPTION, ""]
    for name in BACKENDS:
        measured = [each[name] for each in rounds]
        lines += [
            *(line(f"{name}: sends/s alone, {what}",
                   spread([phase[what] for each in measured for phase in each["alone"]]))
              for what in ("paced", "full")),
            line(f"{name}: full sends under attack / alone",
                 spread([ratio(each, "full") for each in measured], 2)),
            line(f"{name}: peak resident MB before the attack",
                 spread([each["quiet_mb"] for each in measured], 1)),
            line(f"{name}: the attackers did", json.dumps(measured[-1]["did"])),
            target(f"{name}: paced sends under attack / alone",
                   [ratio(each, "paced") for each in measured], ">= 0.8", at_least(0.8)),
            target(f"{name}: peak resident MB", [each["peak_mb"] for each in measured], "<= 200",
                   at_most(200), 1)]
    return "\n".join(lines)
