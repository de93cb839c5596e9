"""The results as tables for people: a table for each part, and one that compares two checkouts."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from infra.measuring.bench.commands import Commands
from infra.measuring.bench.drained import Drained
from infra.measuring.bench.flat.run import Flat
from infra.measuring.bench.identified import IdentityCosts
from infra.measuring.bench.idle import Idle
from infra.measuring.bench.latency.run import Pair
from infra.measuring.bench.medians import Ratio
from infra.measuring.bench.orders.burst import Orders
from infra.measuring.bench.peer.run import AGGREGATES_A_SAVE, LACKS, Peer
from infra.measuring.bench.reads.run import ReadPair
from infra.measuring.bench.run import Measured

Row = tuple[str, ...]


class Table(NamedTuple):
    """A table; `note` stands below it."""

    title: str
    headings: Row
    rows: tuple[Row, ...]
    note: str = ""


def tables(measured: Measured) -> Iterator[Table]:
    """The tables of one checkout."""
    medians = measured.medians
    if "commands" in medians:
        yield _commands(medians["commands"])
        yield _raw(medians["commands"])
    if "peer" in medians:
        yield _peer(medians["peer"], medians.get("commands"))
    if "orders" in medians:
        yield _orders(medians["orders"])
    if "latency" in medians:
        yield _latency(medians["latency"])
    if "reads" in medians:
        yield _reads(medians["reads"])
    if "idle" in medians:
        yield _idle(medians["idle"])
    if "identity" in medians:
        yield _identity(medians["identity"])
    if "flat" in medians:
        yield from _flat(medians["flat"])


def ratio_table(ratios: Mapping[str, Ratio], first: str, second: str) -> Table:
    """How many times as much of each figure the first has."""
    rows = tuple(
        (place.replace("_", " "), _figure(ratio.first), _figure(ratio.second), f"{ratio.ratio:.2f}")
        for place, ratio in ratios.items()
    )
    return Table(f"{first} : {second}", ("figure", "first", "second", "ratio of the medians"), rows)


def _figure(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _commands(commands: Commands) -> Table:
    parts = (("creates", commands.creates), ("updates", commands.updates), ("events projected", commands.projected))
    processes = list(commands.creates.cpu_microseconds)
    rows = tuple((what, *_drained(drained, processes)) for what, drained in parts)
    note = (
        "Commands through table, log and reply; events into the read model. One worker, all waiting beforehand; µs: "
        "processor time for each, by process; used, busy: share of all processors, by these processes, by anything."
    )
    return Table("Commands and events", _drained_headings(processes), rows, note)


def _drained_headings(processes: list[str]) -> Row:
    return ("what", "a second", *(f"{name} µs" for name in processes), "sum µs", "used", "busy")


def _drained(drained: Drained, processes: list[str]) -> Row:
    used = [drained.cpu_microseconds.get(name, 0.0) for name in processes]
    return (
        f"{drained.per_second:,.0f}",
        *(f"{microseconds:.1f}" for microseconds in used),
        f"{sum(used):.1f}",
        f"{drained.used:.0%}",
        f"{drained.busy:.0%}",
    )


def _raw(commands: Commands) -> Table:
    raw = commands.raw
    rows = (
        (
            "Kafka append, one partition",
            f"{raw.kafka_append:,.0f}",
            f"{commands.creates.per_second / raw.kafka_append:.1%}",
        ),
        (
            "Postgres insert, one connection",
            f"{raw.postgres_insert:,.0f}",
            f"{commands.creates.per_second / raw.postgres_insert:.1%}",
        ),
        ("Redis set, one connection", f"{raw.redis_set:,.0f}", f"{commands.projected.per_second / raw.redis_set:.1%}"),
    )
    return Table(
        "The raw limits of this run",
        ("what, 300 bytes, 500 at a time", "a second", "share that Annals has"),
        rows,
        "Of Kafka and Postgres creates, of Redis events projected.",
    )


def _peer(peer: Peer, commands: Commands | None) -> Table:
    parts = (("a save for each create", peer.one_a_save), (f"{AGGREGATES_A_SAVE} creates in a save", peer.many_a_save))
    processes = list(peer.one_a_save.cpu_microseconds)
    rows = tuple((what, *_drained(drained, processes), _times(commands, drained)) for what, drained in parts)
    return Table("eventsourcing", (*_drained_headings(processes), "Annals"), rows, LACKS)


def _times(commands: Commands | None, drained: Drained) -> str:
    return f"{commands.creates.per_second / drained.per_second:.1f} times" if commands else ""


def _orders(orders: Orders) -> Table:
    rows = tuple((f"{name}, CPU ms each", f"{used / 1000:.2f}") for name, used in orders.cpu_microseconds.items())
    workers = (
        ("settled a second", f"{orders.per_second:,.0f}"),
        ("workers, CPU ms each", f"{orders.worker_cpu_microseconds / 1000:.2f}"),
        ("share of sagas", f"{orders.saga_share:.0%}"),
        ("of all processors used by these", f"{orders.used:.0%}"),
        ("of all processors busy", f"{orders.busy:.0%}"),
    )
    return Table("Orders: placed, confirmed, paid", ("what", "an order"), (*workers, *rows))


def _latency(latency: Mapping[str, Pair]) -> Table:
    rows = tuple((what, *_pair(pair)) for what, pair in latency.items())
    headings = (
        "what",
        "floor p50 ms",
        "p50 ms",
        "times",
        "floor p99 ms",
        "p99 ms",
        "times",
        "unanswered",
        "by the floor",
    )
    note = "The floor: hops and durable commits of the same journey by bare drivers, at the same rate and partitions."
    return Table("Latency, open loop", headings, rows, note)


def _pair(pair: Pair) -> Row:
    floor, ours = pair.floor, pair.annals
    p50 = (f"{floor.p50:.1f}", f"{ours.p50:.1f}", f"{pair.p50_ratio:.1f}")
    p99 = (f"{floor.p99:.1f}", f"{ours.p99:.1f}", f"{pair.p99_ratio:.1f}")
    return (*p50, *p99, f"{ours.unanswered:g}", f"{floor.unanswered:g}")


def _reads(reads: Mapping[str, ReadPair]) -> Table:
    headings = (
        "what",
        "bare/s",
        "a second",
        "share",
        "bare p99 ms",
        "p50 ms",
        "p99 ms",
        "times",
        "bare CPU µs",
        "CPU µs",
    )
    rows = tuple((what, *_read(pair)) for what, pair in reads.items())
    note = "One gateway process; the bare ASGI handler answers with the same bytes, from Redis."
    return Table("Reads over HTTP, closed loop", headings, rows, note)


def _read(pair: ReadPair) -> Row:
    bare, ours = pair.bare, pair.gateway
    rate = (f"{bare.per_second:,.0f}", f"{ours.per_second:,.0f}", f"{pair.rate_share:.0%}")
    times = (f"{bare.p99:.2f}", f"{ours.p50:.2f}", f"{ours.p99:.2f}", f"{pair.p99_ratio:.1f}")
    return (*rate, *times, f"{bare.cpu_microseconds:.0f}", f"{ours.cpu_microseconds:.0f}")


def _idle(idle: Idle) -> Table:
    rows = tuple((name, f"{share:.2%}") for name, share in idle.share_by_process.items())
    return Table(
        f"Idle: annals up, {idle.lanes} lanes a role and context, {idle.seconds:g} s after {idle.settle_seconds:g} s",
        ("process", "of all processors"),
        (*rows, ("sum", f"{idle.share:.2%}")),
    )


def _identity(identity: Mapping[str, IdentityCosts]) -> Table:
    processes = list(next(iter(identity.values())).anonymous.cpu_microseconds)
    rows = tuple(
        (f"{what}, {way}", *_drained(drained, processes), *more)
        for what, costs in identity.items()
        for way, drained, more in (
            ("anonymous", costs.anonymous, ("", "")),
            ("signed", costs.signed, ("", "")),
            (
                "identified",
                costs.identified,
                (f"{costs.looking_microseconds:.1f}", f"{costs.whole_microseconds:.1f}"),
            ),
        )
    )
    note = (
        "All at the same time. What a command costs the worker more, medians over the rounds: for its proof and the "
        "rules (of signed ones), and with the longer record and the actor in its events (of anonymous ones)."
    )
    return Table("Who sends commands", (*_drained_headings(processes), "looking µs", "whole µs"), rows, note)


def _flat(flat: Flat) -> Iterator[Table]:
    processes = list(next(iter(flat.lanes.values())).creates.cpu_microseconds)
    headings = _drained_headings(processes)
    yield Table(
        "Flat over the length of a stream",
        (*headings, "first update, whole stream, ms", "from a snapshot, ms", "made in s"),
        tuple(
            (
                *(what, *_drained(at.updates, processes)),
                *(f"{at.whole_ms:,.1f}", f"{at.snapshot_ms:.1f}", f"{at.generated_seconds:.1f}"),
            )
            for what, at in flat.streams.items()
        ),
        "Updates of that stream.",
    )
    yield Table(
        "Flat over the rows of the tables",
        (*headings, "history p50 ms", "history CPU µs", "made in s"),
        tuple(
            (
                *(what, *_drained(at.creates, processes)),
                *(f"{at.history.p50:.1f}", f"{at.history.cpu_microseconds:,.0f}", f"{at.generated_seconds:.1f}"),
            )
            for what, at in flat.tables.items()
        ),
        "Creates, and GET /users/{id}/history by one client; generated rows of events, commands and claims.",
    )
    rows = tuple((f"{at.lanes} lanes a worker", *_drained(at.creates, processes)) for at in flat.lanes.values())
    yield Table("Flat over the lanes of a worker", headings, rows, "Creates.")
