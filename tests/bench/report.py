"""The rounds of a benchmark as text: medians and ranges, and each target with PASS or short."""
from machine import median

DISK_CHANGE_MAX = 0.3  # share of the fdatasync rate, within a round

DESCRIPTION = """\
Accepts: POST /api/v1/emails, 1 KB of JSON, a new Idempotency-Key each, wrk with one thread; an
accept counts when it is answered, which is after its commit is durable. Echo: the same load on
node:http that parses and echoes. Sends: 32 connections call REST, the clock stops when the last
message is at smtp-sink. nodemailer: a pool of 20 to the same sink, same bodies, keeps nothing.
Postfix: smtp-source with 20 sessions through Postfix to the same sink, same size.
All of them share this machine's processors. Ratios are taken inside a round."""


def spread(values, digits=0):
    return (f"{median(values):,.{digits}f} "
            f"({min(values):,.{digits}f}-{max(values):,.{digits}f})")


def line(name, text):
    return f"  {name:<46} {text}"


def target(name, values, aim, is_met, digits=2):
    verdict = "PASS" if is_met(median(values)) else "short"
    return f"  {verdict:<6} {name:<52} {spread(values, digits)}   target {aim}"


def at_least(limit):
    return lambda value: value >= limit


def at_most(limit):
    return lambda value: value <= limit


def is_steady(result):
    """Whether the disk was about as fast at the end of the round as at its start."""
    change = result["fdatasync_after"] / result["fdatasync"]
    return 1 - DISK_CHANGE_MAX <= change <= 1 / (1 - DISK_CHANGE_MAX)


def round_line(number, result):
    def rate(part):
        return f"{result[part]['per_s']:,.0f}"

    noisy = "" if is_steady(result) else " (the disk was not steady)"
    postfix = f", Postfix {rate('postfix')}" if "postfix" in result else ""
    return (f"round {number}{noisy}: load {result['load']:.1f}, fdatasync/s "
            f"{result['fdatasync']:,.0f} then {result['fdatasync_after']:,.0f}; "
            f"accepts/s {rate('accept_1')} and {rate('accept_many')}, "
            f"echo {rate('echo_1')} and {rate('echo_many')}; "
            f"sends/s {rate('sends')}, nodemailer {rate('nodemailer')}{postfix}")


def column(rounds, part, value):
    return [value(each[part]) for each in rounds]


def per_s(rounds, part):
    return column(rounds, part, lambda result: result["per_s"])


def ratios(rounds, part, other):
    return [mine / its for mine, its in zip(per_s(rounds, part), per_s(rounds, other))]


def per_accept(rounds):
    return column(rounds, "accept_many", lambda result: result["accepted"] / result["commits"])


# The tracer slows the threads that bring work more than the one that commits it, so that fewer
# writes share a commit than without it. What one commit costs in fsyncs it does not change: so the
# fsyncs of a commit come from the traced run, and the accepts of a commit from those without it.
def syncs_per_commit(traced, part):
    return traced[part]["syncs"] / traced[part]["commits"]


def traced_ratio(traced, part):
    return f"{syncs_per_commit(traced, part):.3f}"


def accept_lines(rounds, traced):
    def p(name, part):
        return spread(column(rounds, part, lambda result: result[name]), 2)

    yield line("fdatasync of 4 KB /s", spread([each["fdatasync"] for each in rounds]))
    yield line("load average", spread([each["load"] for each in rounds], 1))
    for part, echo, connections in (("accept_1", "echo_1", 1), ("accept_many", "echo_many", 32)):
        yield line(f"accepts/s, {connections} connections", spread(per_s(rounds, part)))
        yield line("  latency p50 ms", p("p50_ms", part))
        yield line("  latency p99 ms", p("p99_ms", part))
        yield line("  CPU-seconds per 1,000", spread(
            column(rounds, part, lambda r: 1000 * r["cpu_s"] / r["accepted"]), 3))
        yield line(f"Node echo/s, {connections} connections", spread(per_s(rounds, echo)))
    yield line("accepts per commit, 32 connections", spread(per_accept(rounds), 1))
    yield line("fsyncs per commit, 32 connections (traced)", traced_ratio(traced, "accept_many"))


def send_lines(rounds, traced):
    sends = traced["sends"]
    yield line("sends/s, REST call to the sink's receipt", spread(per_s(rounds, "sends")))
    yield line("  CPU-seconds per 1,000 sends", spread(
        column(rounds, "sends", lambda r: 1000 * r["cpu_s"] / r["sends"]), 3))
    yield line("  commits per send", spread(
        column(rounds, "sends", lambda r: r["commits"] / r["sends"]), 3))
    yield line("  fsyncs per commit (traced run)", traced_ratio(traced, "sends"))
    yield line("  fsyncs per send (traced run)", f"{sends['syncs'] / sends['sends']:.3f}")
    yield line("nodemailer, pool of 20, /s", spread(per_s(rounds, "nodemailer")))
    yield line("  CPU-seconds per 1,000 sends", spread(
        column(rounds, "nodemailer", lambda r: 1e6 * r["cpuSeconds"] / r["per_s"] / r["seconds"]
               / 1000), 3))
    yield line("  peak memory MB", spread(
        column(rounds, "nodemailer", lambda r: r["residentMb"]), 1))
    if "postfix" in rounds[0]:
        yield line("Postfix relaying, /s", spread(per_s(rounds, "postfix")))
        yield line("  CPU-seconds per 1,000 sends", spread(
            column(rounds, "postfix", lambda r: 1000 * r["cpu_s"] / r["sends"]), 3))
    else:
        yield line("Postfix relaying", "not run: it needs root and mount namespaces")


def target_lines(rounds, traced, starts):
    one, many = traced["accept_1"], traced["accept_many"]
    yield target("fsyncs per accept, 1 connection (traced)", [one["syncs"] / one["accepted"]],
                 "1", lambda value: 0.9 <= value <= 1.1)
    yield target("accepts per fsync, 32 connections",
                 [each / syncs_per_commit(traced, "accept_many") for each in per_accept(rounds)],
                 ">= 8", at_least(8))
    yield line("  the same inside the traced run", f"{many['accepted'] / many['syncs']:.2f}")
    yield target("accepts/s over Node echo/s, 32 connections",
                 ratios(rounds, "accept_many", "echo_many"), ">= 0.3", at_least(0.3))
    yield target("sends/s over nodemailer", ratios(rounds, "sends", "nodemailer"),
                 ">= 1.2, aim 2", at_least(1.2))
    if "postfix" in rounds[0]:
        yield target("sends/s over Postfix", ratios(rounds, "sends", "postfix"), ">= 1.5",
                     at_least(1.5))
    yield target(f"ready with an existing database, ms, {len(starts)} starts",
                 [1000 * each for each in starts], "<= 100", at_most(100), 0)
    resident = [max(each[part]["resident_mb"] for part in ("accept_many", "sends"))
                for each in rounds]
    yield target("peak resident MB under these loads", resident, "< 60",
                 lambda _: max(resident) < 60, 1)


def steady_rounds(rounds):
    """The rounds that count, and the words for which they are."""
    steady = [each for each in rounds if is_steady(each)]
    if not steady:
        return rounds, f"all {len(rounds)} rounds, though the disk was steady in none"
    return steady, f"{len(steady)} of {len(rounds)} rounds count, the disk was steady in them"


def summary(rounds, traced, starts):
    size = rounds[-1]["message_bytes"]
    rounds, scope = steady_rounds(rounds)
    return "\n".join([
        "", DESCRIPTION, "", f"Median (lowest-highest); {scope}; messages of {size:,} bytes", "",
        *accept_lines(rounds, traced), "", *send_lines(rounds, traced), "",
        *target_lines(rounds, traced, starts)])
