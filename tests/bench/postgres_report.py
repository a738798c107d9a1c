"""The rounds of PostgreSQL as text, in the manner of report.py."""
from report import at_least, column, is_steady, line, per_s, ratios, spread, steady_rounds, target

DESCRIPTION = """\
PostgreSQL: the same accepts, on a server of its own beside SQLite; delivery off. pgbench runs the
statements of one accept in one transaction, each row and each COMMIT a trip of its own. Claims: two
threads lease 50 due sends at a time, read them and set them to Processing; pgbench runs the same
statements with the same plans, or only the dequeue. The queue keeps its length: what was claimed
goes back to its end, in transactions whose time does not count. Restart: pg_ctl restart -m fast,
the engine under load meanwhile; pgbench, which does not survive it, in one run before and one
after."""


def round_line(number, result):
    def rate(part):
        return f"{result[part]['per_s']:,.0f}"

    def restart(part):
        return f"{result[part]['after_per_s'] / result[part]['before_per_s']:.2f}"

    noisy = "" if is_steady(result) else " (the disk was not steady)"
    long = (f"; with the long queue claims/s {rate('claims_long')}, pgbench "
            f"{rate('pgbench_claims_long')}, accepts/s {rate('accepts_long')}, without "
            f"{rate('accepts_known')}"
            if "claims_long" in result else "")
    return (f"PostgreSQL round {number}{noisy}: load {result['load']:.1f}, fdatasync/s "
            f"{result['fdatasync']:,.0f} then {result['fdatasync_after']:,.0f}; accepts/s "
            f"{rate('accepts')}, SQLite {rate('sqlite')}, pgbench {rate('pgbench_accepts')}; "
            f"claims/s {rate('claims')}, pgbench {rate('pgbench_claims')}, dequeue only "
            f"{rate('pgbench_dequeue')}{long}; after a restart {restart('restart')}, pgbench "
            f"{restart('pgbench_restart')}")


def costs(rounds, part, name):
    return spread(column(rounds, part, lambda r: 1000 * r[name] / r["accepted"]), 3)


def accept_lines(rounds):
    yield line("fdatasync of 4 KB /s", spread([each["fdatasync"] for each in rounds]))
    yield line("load average", spread([each["load"] for each in rounds], 1))
    yield line("accepts/s on PostgreSQL, 32 connections", spread(per_s(rounds, "accepts")))
    yield line("  latency p50 ms", spread(column(rounds, "accepts", lambda r: r["p50_ms"]), 2))
    yield line("  latency p99 ms", spread(column(rounds, "accepts", lambda r: r["p99_ms"]), 2))
    yield line("  accepts per commit", spread(
        column(rounds, "accepts", lambda r: r["accepted"] / r["commits"]), 1))
    yield line("  CPU-seconds of the engine per 1,000", costs(rounds, "accepts", "cpu_s"))
    yield line("  CPU-seconds of PostgreSQL per 1,000", costs(rounds, "accepts", "database_cpu_s"))
    yield line("accepts/s on SQLite, 32 connections", spread(per_s(rounds, "sqlite")))
    yield line("  CPU-seconds of the engine per 1,000", costs(rounds, "sqlite", "cpu_s"))
    yield line("pgbench of an accept's statements, 32 clients",
               spread(per_s(rounds, "pgbench_accepts")))
    yield line("  CPU-seconds of PostgreSQL per 1,000",
               costs(rounds, "pgbench_accepts", "database_cpu_s"))
    yield line("  accepts/s over it", spread(ratios(rounds, "accepts", "pgbench_accepts"), 2))


def claim_lines(rounds):
    def claims(name, part):
        yield line(name, spread(per_s(rounds, part)))
        yield line("  one claim of 50, ms", spread(
            column(rounds, part, lambda r: r["claim_ms"]), 1))

    def look(part):
        return line("  the look for due sends before it, ms", spread(
            column(rounds, part, lambda r: r["look_ms"]), 2))

    yield from claims("claims/s, 1,000 queued", "claims")
    yield look("claims")
    yield from claims("pgbench of the same statements, /s", "pgbench_claims")
    yield from claims("pgbench of the dequeue only, /s", "pgbench_dequeue")
    yield line("  claims/s over it", spread(ratios(rounds, "claims", "pgbench_dequeue"), 2))
    if "claims_long" in rounds[0]:
        yield from claims("claims/s, 1,000,000 queued", "claims_long")
        yield look("claims_long")
        yield from claims("pgbench of the same statements, /s", "pgbench_claims_long")
        yield line("  over that with 1,000 queued", spread(
            ratios(rounds, "pgbench_claims_long", "pgbench_claims"), 2))
        yield line("accepts/s, known customers, none queued", spread(
            per_s(rounds, "accepts_known")))
        yield line("accepts/s, known customers, 1,000,000 queued", spread(
            per_s(rounds, "accepts_long")))


def restart_ratios(rounds, part):
    return column(rounds, part, lambda r: r["after_per_s"] / r["before_per_s"])


def restart_lines(rounds):
    yield line("accepts/s after a restart over before", spread(
        restart_ratios(rounds, "restart"), 2))
    yield line("  seconds without PostgreSQL", spread(
        column(rounds, "restart", lambda r: r["away_s"]), 1))
    yield line("  requests refused meanwhile", spread(
        column(rounds, "restart", lambda r: r["refused"])))
    yield line("the same of pgbench", spread(restart_ratios(rounds, "pgbench_restart"), 2))


def target_lines(rounds):
    yield target("accepts/s on PostgreSQL over SQLite", ratios(rounds, "accepts", "sqlite"),
                 ">= 0.5", at_least(0.5))
    yield target("claims/s over pgbench of the same statements",
                 ratios(rounds, "claims", "pgbench_claims"), ">= 0.5", at_least(0.5))
    if "claims_long" in rounds[0]:
        yield target("claims/s with 1,000,000 queued over 1,000",
                     ratios(rounds, "claims_long", "claims"), ">= 0.85", at_least(0.85))
        yield target("accepts/s with 1,000,000 queued over none",
                     ratios(rounds, "accepts_long", "accepts_known"), ">= 0.85", at_least(0.85))
    else:
        yield line("with 1,000,000 queued", "not run: --quick")


def summary(rounds):
    rounds, scope = steady_rounds(rounds)
    return "\n".join(["", DESCRIPTION, "", f"Median (lowest-highest); {scope}", "",
                      *accept_lines(rounds), "", *claim_lines(rounds), "",
                      *restart_lines(rounds), "", *target_lines(rounds)])
