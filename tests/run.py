#!/usr/bin/env python3
"""Runs the test suites and adds up their counts. Called by ./dev test, which builds first.

Each suite gives a line with its counts and seconds; the whole output of a suite that failed is
printed. A suite that crashes, or that runs no test, counts as one failure. The last line is
"N passed, N failed".
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import cluster

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUITES = ("tidy", "unit", "render", "fuzz", "e2e", "fault")
BINARIES_AT_ONCE = 2
NODE_FILES_AT_ONCE = 2
SUITE_SECONDS_MAX = 1200
NODE_TEST_MS_MAX = 300_000
NODE_TEST_MS_MAX_FULL = 900_000
FUZZ_RUNS = 100_000
FUZZ_FEWER_RUNS = {"definition": 4_000, "markdown": 50_000}  # as each takes longer
FUZZ_INPUT_BYTES_MAX = 8192
# Whose inputs say more when there are many of them.
FUZZ_SMALL_INPUT_BYTES_MAX = {"definition": 1024, "markdown": 256}
FUZZ_INPUT_S_MAX = 10  # a single input that takes longer is a failure
# Files that run with the sanitizer build as well, in every run; --full runs all of them.
DEBUG_FILES = ("conformance.test.mjs", "samples.test.mjs")
# What touches no database, or is about SQLite's files, or the defaults, runs once.
DATABASE_BINARIES = ("core_tests", "emails_tests", "delivery_tests", "tools_tests")
SQLITE_ONLY_FILES = ("backup.test.mjs", "cli.test.mjs", "conformance.test.mjs",
                     "durability.test.mjs", "harness.test.mjs", "start.test.mjs",
                     "suspects.test.mjs")
POSTGRES_ONLY_FILES = ("move.test.mjs", "nodes.test.mjs", "outage.test.mjs",
                       "postgres-tls.test.mjs")
# Where the strict mode can make a difference to what is tested.
STRICT_FILES = ("samples.test.mjs", "race.test.mjs", "nodes.test.mjs")


class Backend:
    """A database that suites run on: the suffix of their names, and their environment."""

    def __init__(self, suffix, env):
        self.suffix, self.env = suffix, env


SQLITE = Backend("", {})


def postgres_backends(server):
    return [Backend("-postgres", {"SEGMENTFLOW_TEST_POSTGRES": server.url}),
            Backend("-strict", {"SEGMENTFLOW_TEST_POSTGRES": server.url,
                                "SEGMENTFLOW_TEST_STRICT": "1"})]


class Outcome:
    """What one run of one program came to."""

    def __init__(self, name, passed, failed, skipped, seconds, output):
        self.name, self.passed, self.failed = name, passed, failed
        self.skipped, self.seconds, self.output = skipped, seconds, output


def run(name, command, count, env=None):
    """Runs the command; count(output) gives (passed, failed, skipped), or None when unreadable."""
    started = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **(env or {})}, text=True,
                              errors="replace", stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=SUITE_SECONDS_MAX, check=False)
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as stopped:
        kept = stopped.stdout or b""
        output = kept if isinstance(kept, str) else kept.decode(errors="replace")
        output += f"\n{name}: stopped after {SUITE_SECONDS_MAX} s"
        code = 1
    except OSError as error:
        output, code = f"{name}: cannot run {command[0]}: {error.strerror}", 1
    passed, failed, skipped = count(output) or (0, 0, 0)
    if code != 0 and failed == 0:
        output += f"\n{name}: ended with exit code {code} although no test failed"
        failed = 1
    if passed + failed == 0:
        output += f"\n{name}: ran no test"
        failed = 1
    return Outcome(name, passed, failed, skipped, time.monotonic() - started, output)


def count_tidy(output):
    found = re.search(r"^tidy: (\d+) passed, (\d+) failed$", output, re.M)
    return (int(found[1]), int(found[2]), 0) if found else None


def count_catch(output):
    """The summary of Catch2's console reporter."""
    found = re.search(r"^All tests passed \(.* in (\d+) test cases?\)", output, re.M)
    if found:
        return int(found[1]), 0, 0
    found = re.search(r"^test cases:(.*)$", output, re.M)
    if not found:
        return None

    def part(word):
        number = re.search(rf"(\d+) {word}\b", found[1])
        return int(number[1]) if number else 0

    return part("passed") + part("failed as expected"), part(r"failed(?! as expected)"), 0


def count_fuzz(output):
    """One test a target: it did all its runs and found nothing."""
    return (1, 0, 0) if re.search(r"^Done \d+ runs in ", output, re.M) else (0, 1, 0)


def count_node(tap_file):
    """A reader of the totals in the TAP report that node --test wrote to tap_file."""

    def count(_output):
        text = tap_file.read_text(errors="replace") if tap_file.exists() else ""
        totals = {word: int(number) for word, number in
                  re.findall(r"^# (pass|fail|cancelled|skipped|todo) (\d+)$", text, re.M)}
        if not totals:
            return None
        return (totals.get("pass", 0), totals.get("fail", 0) + totals.get("cancelled", 0),
                totals.get("skipped", 0) + totals.get("todo", 0))

    return count


def node_binary():
    """Node 22 of the lock file; where it has none for this processor, the machine's own."""
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(os.uname().machine, "none")
    own = ROOT / f"tests/e2e/node_modules/node-linux-{machine}/bin/node"
    return str(own) if own.exists() else "node"


def run_node(name, files, binary, backend, scratch, is_full):
    tap_file = scratch / f"{name}.tap"
    command = [node_binary(), "--test", f"--test-concurrency={NODE_FILES_AT_ONCE}",
               f"--test-timeout={NODE_TEST_MS_MAX_FULL if is_full else NODE_TEST_MS_MAX}",
               "--test-reporter=spec", "--test-reporter-destination=stdout",
               "--test-reporter=tap", f"--test-reporter-destination={tap_file}",
               *(str(file) for file in files)]
    env = {
        "SEGMENTFLOW_BIN": str(ROOT / "build" / binary / "segmentflow"),
        "SEGMENTFLOW_DEBUG_BIN": str(ROOT / "build/debug/segmentflow"),
        "SEGMENTFLOW_SMTP_SINK": str(ROOT / "build/tools/smtp-sink"),
        "SEGMENTFLOW_CONFORMANCE_SERVER": str(ROOT / "build" / binary / "mcp_conformance_server"),
        "SEGMENTFLOW_RENDER_LINES": str(ROOT / "build/release/render_lines"),
        **({"SEGMENTFLOW_TEST_FULL": "1"} if is_full else {}),
        **backend.env,
    }
    return run(name, command, count_node(tap_file), env)


def suite_tidy(_options, _scratch, _server):
    yield run("tidy", [sys.executable, "tests/tidy/tidy.py"], count_tidy)


def suite_unit(options, _scratch, server):
    binaries = sorted((ROOT / "build/debug").glob("*_tests"))
    if not binaries:
        yield Outcome("unit", 0, 1, 0, 0, "unit: build/debug holds no *_tests binary")
    runs = [(binary, SQLITE, "~[postgres]") for binary in binaries]
    for backend in postgres_backends(server()):
        runs += [(binary, backend, "~[sqlite]") for binary in binaries
                 if binary.name in DATABASE_BINARIES]

    def run_one(chosen):
        binary, backend, tags = chosen
        env = {**backend.env, **({"SEGMENTFLOW_TEST_FULL": "1"} if options.full else {})}
        return run(f"unit {binary.name}{backend.suffix}", [str(binary), tags], count_catch, env)

    with concurrent.futures.ThreadPoolExecutor(BINARIES_AT_ONCE) as pool:
        yield from pool.map(run_one, runs)


def suite_render(options, scratch, _server):
    files = sorted((ROOT / "tests/render").glob("*.test.mjs"))
    yield run_node("render", files, "release", SQLITE, scratch, options.full)


def suite_fuzz(_options, scratch, _server):
    binaries = sorted((ROOT / "build/debug").glob("*_fuzz"))
    if not binaries:
        yield Outcome("fuzz", 0, 1, 0, 0, "fuzz: build/debug holds no *_fuzz binary")

    def run_one(binary):
        name = binary.name.removesuffix("_fuzz")
        found = scratch / f"fuzz-{name}"
        found.mkdir()
        bytes_max = FUZZ_SMALL_INPUT_BYTES_MAX.get(name, FUZZ_INPUT_BYTES_MAX)
        runs = FUZZ_FEWER_RUNS.get(name, FUZZ_RUNS)
        command = [str(binary), f"-runs={runs}", f"-max_len={bytes_max}",
                   f"-timeout={FUZZ_INPUT_S_MAX}", f"-dict={ROOT}/tests/fuzz/{name}.dict",
                   f"-artifact_prefix={ROOT}/build/fuzz-{name}-", str(found),
                   str(ROOT / "tests/fuzz/corpus" / name)]
        return run(f"fuzz {name}", command, count_fuzz)

    with concurrent.futures.ThreadPoolExecutor(BINARIES_AT_ONCE) as pool:
        yield from pool.map(run_one, binaries)


def node_suite(folder):
    def suite(options, scratch, server):
        files = sorted((ROOT / "tests" / folder).glob("*.test.mjs"))
        on_sqlite = [f for f in files if f.name not in POSTGRES_ONLY_FILES]
        yield run_node(folder, on_sqlite, "release", SQLITE, scratch, options.full)
        again = on_sqlite if options.full else [f for f in files if f.name in DEBUG_FILES]
        if again:
            yield run_node(f"{folder}-debug", again, "debug", SQLITE, scratch, options.full)
        postgres, strict = postgres_backends(server())
        for backend, chosen in (
                (postgres, [f for f in files if f.name not in SQLITE_ONLY_FILES]),
                (strict, [f for f in files if f.name in STRICT_FILES])):
            yield run_node(f"{folder}{backend.suffix}", chosen, "release", backend, scratch,
                           options.full)

    return suite


class Server:
    """The PostgreSQL server of this run, started when the first suite asks for it."""

    def __init__(self):
        self.cluster = None

    def __call__(self):
        if self.cluster is None:
            self.cluster = cluster.Cluster()
            self.cluster.start()
        return self.cluster

    def __enter__(self):
        return self

    def __exit__(self, *details):
        if self.cluster is not None:
            self.cluster.__exit__(*details)


def report(outcome):
    mark = "FAIL" if outcome.failed else "ok  "
    skipped = f", {outcome.skipped} skipped" if outcome.skipped else ""
    print(f"{mark} {outcome.name:<24} {outcome.passed} passed, {outcome.failed} failed{skipped}"
          f"  {outcome.seconds:.1f} s", flush=True)
    if outcome.failed:
        print(f"----- output of {outcome.name}\n{outcome.output.rstrip()}\n-----", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true",
                        help="run the node suites with the sanitizer build too, and more rounds")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=" ".join(SUITES))
    options = parser.parse_args()
    unknown = set(options.suites) - set(SUITES)
    if unknown:
        parser.error(f"unknown suite {' '.join(sorted(unknown))}; there are {' '.join(SUITES)}")
    runners = {"tidy": suite_tidy, "unit": suite_unit, "render": suite_render,
               "fuzz": suite_fuzz, "e2e": node_suite("e2e"), "fault": node_suite("fault")}
    outcomes = [Outcome(f"build {preset}", 0, 1, 0, 0, "the build failed; its output is above")
                for preset in os.environ.get("SEGMENTFLOW_FAILED_BUILDS", "").split()]
    for outcome in outcomes:
        report(outcome)
    with tempfile.TemporaryDirectory(prefix="segmentflow-tests-") as scratch, Server() as server:
        for name in [name for name in SUITES if not options.suites or name in options.suites]:
            for outcome in runners[name](options, pathlib.Path(scratch), server):
                report(outcome)
                outcomes.append(outcome)
    failed = sum(outcome.failed for outcome in outcomes)
    print(f"{sum(outcome.passed for outcome in outcomes)} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
