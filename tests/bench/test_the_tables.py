"""Every part that was measured has its table, and every row as many cells as there are headings."""

from infra.measuring.bench.commands import Commands
from infra.measuring.bench.drained import Drained
from infra.measuring.bench.flat.lanes import AtLanes
from infra.measuring.bench.flat.run import Flat
from infra.measuring.bench.flat.streams import AtLength
from infra.measuring.bench.flat.tables import AtRows
from infra.measuring.bench.identified import IdentityCosts
from infra.measuring.bench.idle import Idle
from infra.measuring.bench.latency.run import Pair
from infra.measuring.bench.latency.times import Times
from infra.measuring.bench.medians import Ratio
from infra.measuring.bench.orders.burst import Orders
from infra.measuring.bench.peer.run import Peer
from infra.measuring.bench.raw_rates import RawRates
from infra.measuring.bench.reads.closed_loop import ReadRate
from infra.measuring.bench.reads.run import ReadPair
from infra.measuring.bench.run import Measured
from infra.measuring.bench.tables import ratio_table, tables

DRAINED = Drained(1000.0, {"worker": 40.0, "postgres": 30.0}, 0.8, 0.9, 10_000)
TIMES = Times(1.0, 2.0, 3.0, 10, 0)
RATE = ReadRate(500.0, 1.0, 2.0, 300.0)
MEDIANS = {
    "commands": Commands(RawRates(10_000.0, 5000.0, 4000.0), DRAINED, DRAINED, DRAINED),
    "peer": Peer(DRAINED._replace(per_second=100.0), DRAINED),
    "orders": Orders(100, 50.0, {"command": 1.0, "saga": 3.0}, 4.0, 0.75, 0.7, 0.8),
    "latency": {"500 commands/s": Pair.of(TIMES, TIMES)},
    "reads": {"GET /users/{id}, 1 client": ReadPair(RATE, RATE, 1.0, 1.0)},
    "idle": Idle(24, 60.0, 60.0, 0.03, {"kafka": 0.03}),
    "identity": {"creates": IdentityCosts(DRAINED, DRAINED, DRAINED, 5.0, 8.0)},
    "flat": Flat(
        {"1 events": AtLength(1, 0.1, 5.0, 4.0, DRAINED)},
        {"10,000 rows": AtRows(10_000, 0.5, DRAINED, RATE)},
        {"1 lanes a context": AtLanes(4, DRAINED)},
    ),
}


def test_have_a_cell_for_each_heading() -> None:
    shown = list(tables(Measured("ours", MEDIANS, {})))
    assert len(shown) == len(MEDIANS) + 1 + 2  # the raw limits; flat has three
    for table in shown:
        assert table.rows
        assert all(len(row) == len(table.headings) for row in table.rows), table.title


def test_leave_out_what_was_not_measured() -> None:
    assert [table.title for table in tables(Measured("ours", {"orders": MEDIANS["orders"]}, {}))] == [
        "Orders: placed, confirmed, paid"
    ]


def test_say_how_many_times_the_peer_is_passed() -> None:
    peer = next(table for table in tables(Measured("ours", MEDIANS, {})) if table.title == "eventsourcing")
    assert [row[-1] for row in peer.rows] == ["10.0 times", "1.0 times"]
    assert "nothing is published" in peer.note


def test_of_ratios_name_the_place_of_each_figure() -> None:
    table = ratio_table({"commands.creates.per_second": Ratio(5000.0, 2000.0, 2.5)}, "a", "b")
    assert table.rows == (("commands.creates.per second", "5,000", "2,000", "2.50"),)
    assert len(table.headings) == 4
