"""The report as tables of texts, for a terminal or a Markdown document; nothing here decides how they are drawn."""

from collections.abc import Sequence
from typing import NamedTuple

from infra.measuring.soak.report import Report, Spread
from infra.measuring.soak.sampling import LONG_LIFE_SECONDS, WARM_UP_SECONDS, Slopes
from infra.measuring.soak.worker_pool import ROLES


class Table(NamedTuple):
    """A table: the first column holds words, all others hold figures."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def tables(report: Report) -> list[Table]:
    """The results of the run, of each kind of fault, and of the workers."""
    return [_outcome(report), _faults(report), _workers(report)]


def markdown(report: Report) -> str:
    """All tables in GitHub's Markdown."""
    parts = []
    for table in tables(report):
        heads, lines = " | ".join(table.headings), " | ".join(["---", *["---:"] * (len(table.headings) - 1)])
        rows = "\n".join(f"| {' | '.join(row)} |" for row in table.rows)
        note = f"\n\n{table.note}" if table.note else ""
        parts.append(f"**{table.title}**\n\n| {heads} |\n| {lines} |\n{rows}{note}")
    return "\n\n".join(parts)


def conditions(report: Report) -> str:
    """One sentence on the conditions of the run."""
    at = report.conditions
    early = ", ended early" if at.stopped_early else ""
    return (
        f"{at.load_seconds / 60:.1f} minutes of load at {at.per_second:g} commands/s{early}; {at.workers} workers of "
        f"each role, {at.partitions} lanes, sessions of {at.session_seconds:g} s; seed {at.seed}; {at.machine}"
    )


def _outcome(report: Report) -> Table:
    tally, audit = report.tally, report.audit
    seconds = max(1e-9, report.conditions.load_seconds)
    rows: list[tuple[str, str]] = [
        ("commands sent and acknowledged", f"{tally.sent:,}"),
        ("a second", f"{tally.sent / seconds:,.1f}"),
        ("different commands among them, probes included", f"{audit.acknowledged:,}"),
        ("accepted", f"{audit.accepted:,}"),
        ("rejected (an address that is taken, a user who is gone)", f"{audit.rejected:,}"),
        ("failed", f"{audit.failed:,}"),
        ("sent again because Kafka did not acknowledge", f"{tally.resent:,}"),
        ("held back while too many were under way", f"{tally.held_back:,}"),
        ("answered later than the sender waited", f"{tally.unanswered:,}"),
        ("lost", f"{audit.lost:,}"),
        ("repeated", f"{audit.repeated:,}"),
        ("findings of `annals verify`", f"{sum(report.finding_counts.values()):,}"),
        ("dead letters", f"{audit.dead_letters:,}"),
        ("workers that ended by themselves or in disorder", f"{len(report.unexpected_exits):,}"),
        *((f"workers: {title}", f"{count:,}") for title, count in report.counters.items()),
        *((f"verify looked at: {what}", f"{count:,}") for what, count in report.looked_at.items()),
    ]
    return Table("What came of it", ("figure", "value"), rows, conditions(report))


def _faults(report: Report) -> Table:
    rows = [
        (
            figures.kind.value,
            str(figures.injected),
            _formatted(figures.recovered),
            _formatted(figures.accepted),
            _formatted(figures.readable),
            _formatted(figures.welcomed),
            str(figures.not_recovered),
        )
        for figures in report.figures()
    ]
    total = sum(figures.injected for figures in report.figures())
    not_recovered = sum(figures.not_recovered for figures in report.figures())
    rows.append(("all", str(total), "", "", "", "", str(not_recovered)))
    return Table(
        "Faults, and seconds from the end of each until all was well again (median / highest)",
        ("fault", "count", "recovered", "command", "card", "welcome", "not recovered"),
        rows,
        "Asked of every lane at once, with the load going on: a command is accepted, its card can be read, its welcome "
        "is done; what counts is the last lane. A fault ends when the signal is sent or the killed server answers "
        "again; a pause (SIGSTOP) lasts longer than the session and ends with SIGCONT.",
    )


def _workers(report: Report) -> Table:
    rows = [(role, *_slope(report.slopes[role])) for role in ROLES]
    return Table(
        "Growth of the worker processes",
        ("role", "processes", "memory, kB/minute", "descriptors/minute", "memory at the end, MB"),
        rows,
        f"Least squares over each process that lived for {LONG_LIFE_SECONDS / 60:g} minutes or more, its first "
        f"{WARM_UP_SECONDS:g} s left out; the median of a role's processes. So that there are any, the first worker of "
        "each role is spared by the plan: it is paused, never ended.",
    )


def _slope(slopes: Slopes) -> tuple[str, str, str, str]:
    if slopes.kb_per_minute is None or slopes.descriptors_per_minute is None or slopes.resident_kb is None:
        return "0", "-", "-", "-"
    return (
        str(slopes.processes),
        f"{slopes.kb_per_minute:+.1f}",
        f"{slopes.descriptors_per_minute:+.3f}",
        f"{slopes.resident_kb / 1024:.0f}",
    )


def _formatted(spread: Spread | None) -> str:
    return "-" if spread is None else f"{spread.median:.1f} / {spread.highest:.1f}"
