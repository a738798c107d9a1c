"""MCP: an echo server on our library beside one on the official SDK, and the product's start."""
import json
import pathlib
import shutil
import subprocess
import time

import machine
from parts import BINARY, HERE, NODE_MODULES, ROOT, engine_env, node
from report import at_most, line, spread, target

CALLS = 40_000
CALLS_SDK = 8_000
LISTS = 20_000
IN_FLIGHT = 32
STARTS = 15
BENCH = ROOT / "build/release/mcp_echo_bench"

DESCRIPTION = f"""\
MCP: tools/call of one echo tool, {IN_FLIGHT} in flight, answers checked; CPU of the server for
each call, user and system. The peer is the official TypeScript SDK 1.x with the same tool, over
HTTP with sessions and JSON answers. tools/list is that of the product, from its prepared text.
Starts are of `segmentflow mcp` on an existing database, to its answer to initialize."""


class McpBench:
    def __init__(self, prepared, folder):
        self.prepared, self.folder = prepared, pathlib.Path(folder)
        # Beside the packages, where Node looks for them.
        self.sdk = NODE_MODULES.parent / ".bench-mcp-echo.mjs"
        shutil.copy(HERE / "mcp_echo.mjs", self.sdk)

    def close(self):
        self.sdk.unlink(missing_ok=True)

    def load(self, transport, era, calls, command, method="tools/call", env=None):
        wanted = {"transport": transport, "era": era, "calls": calls, "inFlight": IN_FLIGHT,
                  "method": method, "command": [str(word) for word in command],
                  **({"env": env} if env else {})}
        done = subprocess.run([node(), str(HERE / "mcp_load.mjs"), json.dumps(wanted)],
                              capture_output=True, text=True, check=False, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(f"mcp_load.mjs failed:\n{done.stderr}")
        result = json.loads(done.stdout)
        result["per_s"] = result["calls"] / result["seconds"]
        return result

    def env(self):
        return {**engine_env(self.prepared), "SEGMENTFLOW_API_KEY":
                (self.prepared / "bench.key").read_text()}

    def start(self):
        """Seconds from the start to the answer, and what is resident then."""
        hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize",
                 "params": {"protocolVersion": "2025-11-25", "capabilities": {},
                            "clientInfo": {"name": "bench", "version": "1"}}}
        started = time.monotonic()
        with subprocess.Popen([BINARY, "mcp"], env=self.env(), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            process.stdin.write(json.dumps(hello).encode() + b"\n")
            process.stdin.flush()
            process.stdout.readline()
            seconds = time.monotonic() - started
            time.sleep(0.5)  # idle by then
            resident = machine.resident_mb(process.pid)
            process.stdin.close()
            process.wait()
        return {"seconds": seconds, "resident_mb": resident}

    def round(self):
        ours = {"stdio": [BENCH, "--stdio"], "http": [BENCH, "--listen"]}
        result = {"load": machine.load_average()}
        for transport, command in ours.items():
            for era in ("legacy", "modern"):
                result[f"{transport} {era}"] = self.load(transport, era, CALLS, command)
            flag = "--stdio" if transport == "stdio" else "--listen"
            result[f"{transport} sdk"] = self.load(transport, "legacy", CALLS_SDK,
                                                   [node(), self.sdk, flag])
        result["list"] = self.load("stdio", "legacy", LISTS, [BINARY, "mcp"], "tools/list",
                                   env=self.env())
        result["starts"] = [self.start() for _ in range(STARTS)]
        return result


def round_line(number, result):
    def cpu(part):
        return f"{result[part]['cpu_us']:.1f}"

    return (f"MCP round {number}: load {result['load']:.1f}; CPU us/call over stdio "
            f"{cpu('stdio legacy')} and {cpu('stdio modern')}, SDK {cpu('stdio sdk')}; over HTTP "
            f"{cpu('http legacy')} and {cpu('http modern')}, SDK {cpu('http sdk')}; "
            f"tools/list {cpu('list')}")


def summary(rounds):
    def cpu(part):
        return [each[part]["cpu_us"] for each in rounds]

    def ratio(part, to):
        return [each[part]["cpu_us"] / each[to]["cpu_us"] for each in rounds]

    def rate(part):
        return spread([each[part]["per_s"] for each in rounds])

    starts = [start for each in rounds for start in each["starts"]]
    lines = ["", DESCRIPTION, ""]
    for part in ("stdio legacy", "stdio modern", "stdio sdk", "http legacy", "http modern",
                 "http sdk"):
        lines.append(line(f"calls/s, {part}", rate(part)))
    lines.append(line("  resident MB under load, stdio and http",
                      spread([each[part]["resident_mb"] for each in rounds
                              for part in ("stdio legacy", "http legacy")], 1)))
    for transport in ("stdio", "http"):
        lines.append(line(f"CPU of the SDK over ours, {transport}",
                          spread(ratio(f"{transport} sdk", f"{transport} legacy"), 1)))
    lines.append(line("bytes of tools/list", str(rounds[0]["list"]["bytes"])))
    return "\n".join([*lines, "",
        target("CPU us per call, stdio", cpu("stdio legacy"), "<= 10", at_most(10), 1),
        target("CPU us per call, HTTP with a session", cpu("http legacy"), "<= 20", at_most(20), 1),
        target("modern era over legacy, stdio", ratio("stdio modern", "stdio legacy"), "<= 1.3",
               at_most(1.3)),
        target("modern era over legacy, HTTP", ratio("http modern", "http legacy"), "<= 1.3",
               at_most(1.3)),
        target("CPU us of tools/list", cpu("list"), "<= 50", at_most(50), 1),
        target("initialize answered, ms after the start",
               [start["seconds"] * 1000 for start in starts], "<= 10", at_most(10), 1),
        target("resident MB when idle", [start["resident_mb"] for start in starts], "<= 25",
               at_most(25), 1)])
