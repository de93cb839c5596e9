"""Every part through real processes, with so little work that its figures say nothing. They share an installation: each
part begins where the one before has left it, with nothing that waits for a worker.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from infra.measuring.bench.checkout import this_checkout
from infra.measuring.bench.flat.run import FlatPlan
from infra.measuring.bench.installation import Installation, installation
from infra.measuring.bench.latency.run import LatencyPlan
from infra.measuring.bench.medians import plain
from infra.measuring.bench.peer.run import measure_peer
from infra.measuring.bench.run import ON_SERVERS, Plan
from infra.measuring.bench.servers import Servers
from tests.bench.conftest import SERVERS, leftovers

pytestmark = pytest.mark.timeout(240)

LANES = 1
COMMANDS = 10_000
PLAN = Plan(
    (),
    commands=COMMANDS,
    latency=LatencyPlan(rates=(100, 200), seconds=0.2, warm_up_seconds=0.1, lanes=LANES),
    read_seconds=0.1,
    flat=FlatPlan(
        lengths=(1, 1000), rows=(40_000,), lanes=(LANES,), commands=COMMANDS, read_seconds=0.1, commands_a_lane=1
    ),
)


class Shared:
    """The same installation for every part. `lanes`: how many each was asked for with."""

    def __init__(self, running: Installation) -> None:
        self.running = running
        self.lanes: list[int | None] = []

    def __call__(self, lanes: int | None = None) -> AbstractAsyncContextManager[Installation]:
        self.lanes.append(lanes)
        return nullcontext(self.running)

    async def measured(self, part: str) -> Any:
        """The result of a part as JSON has it."""
        self.lanes.clear()
        return plain(await ON_SERVERS[part](self, PLAN))


@pytest_asyncio.fixture(scope="module")
async def shared(bench_servers: Servers) -> AsyncIterator[Shared]:
    # A caller whose own gateway has several processes.
    servers = bench_servers._replace(settings=bench_servers.settings.model_copy(update={"gateway_processes": 3}))
    async with installation(this_checkout(), servers, LANES) as running:
        yield Shared(running)
    assert not await leftovers(servers.settings)


@pytest.fixture(autouse=True)
def _any_stretch_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fast machine is done in less time than a figure needs."""
    monkeypatch.setattr("infra.measuring.bench.drained.LEAST_SECONDS", 0.0)


def assert_drained(drained: dict[str, Any], processes: set[str]) -> None:
    assert drained["per_second"] > 0
    assert set(drained["cpu_microseconds"]) == processes
    assert all(used >= 0 for used in drained["cpu_microseconds"].values())
    assert drained["used"] >= 0
    assert 0 <= drained["busy"] <= 1
    assert drained["units"] > 0


async def test_creates_updates_and_projected_events_beside_raw_limits(shared: Shared) -> None:
    commands = await shared.measured("commands")
    for what in ("creates", "updates", "projected"):
        assert_drained(commands[what], {"worker", *SERVERS})
    assert all(rate > 0 for rate in commands["raw"].values())


async def test_commands_whose_senders_are_known_beside_anonymous_ones(bench_servers: Servers) -> None:
    before = set(await leftovers(bench_servers.settings))
    new_installation = partial(installation, this_checkout(), bench_servers)
    identity = plain(await ON_SERVERS["identity"](new_installation, PLAN))
    assert set(identity) == {"creates", "updates"}
    for costs in identity.values():
        for way in ("anonymous", "signed", "identified"):
            assert_drained(costs[way], {"worker", *SERVERS})
        anonymous, signed, identified = (
            costs[way]["cpu_microseconds"]["worker"] for way in ("anonymous", "signed", "identified")
        )
        assert costs["looking_microseconds"] == pytest.approx(identified - signed, abs=0.001)
        assert costs["whole_microseconds"] == pytest.approx(identified - anonymous, abs=0.001)
    assert set(await leftovers(bench_servers.settings)) <= before


async def test_reads_beside_a_bare_handler(shared: Shared) -> None:
    reads = await shared.measured("reads")
    assert len(reads) == 4
    for pair in reads.values():
        share = pair["gateway"]["per_second"] / pair["bare"]["per_second"]
        assert pair["rate_share"] == pytest.approx(share, rel=0.01, abs=0.001)
        for served in (pair["gateway"], pair["bare"]):
            assert min(served["p50"], served["cpu_microseconds"]) > 0


async def test_every_latency_beside_its_floor(shared: Shared) -> None:
    latency = await shared.measured("latency")
    assert set(shared.lanes) == {LANES}
    assert len(latency) == 4
    for pair in latency.values():
        assert 0 < pair["floor"]["p50"] <= pair["floor"]["p99"] <= pair["floor"]["highest"]
        assert 0 < pair["annals"]["p50"] <= pair["annals"]["p99"] <= pair["annals"]["highest"]
        assert pair["p50_ratio"] == pytest.approx(pair["annals"]["p50"] / pair["floor"]["p50"], rel=0.01)


async def test_what_must_stay_flat_at_each_size(shared: Shared) -> None:
    flat = await shared.measured("flat")
    assert [at["events"] for at in flat["streams"].values()] == [1, 1000]
    assert all(at["whole_ms"] > 0 and at["snapshot_ms"] > 0 for at in flat["streams"].values())
    assert [at["rows"] for at in flat["tables"].values()] == [40_000]
    assert flat["tables"]["40,000 rows"]["history"]["per_second"] > 0
    assert set(flat["lanes"]) == {"1 lanes a context"}
    assert LANES in shared.lanes
    for sizes in flat.values():
        for at in sizes.values():
            assert_drained(at.get("creates") or at["updates"], {"worker", *SERVERS})


async def test_the_peer_with_one_and_with_many_creates_a_save(bench_servers: Servers) -> None:
    before = set(await leftovers(bench_servers.settings))
    peer = plain(await measure_peer(bench_servers, saves=100))
    assert_drained(peer["one_a_save"], {"worker", "postgres"})
    assert_drained(peer["many_a_save"], {"worker", "postgres"})
    assert set(await leftovers(bench_servers.settings)) <= before


def test_with_one_process_of_the_gateway_whatever_the_caller_has(shared: Shared) -> None:
    assert shared.running.settings.gateway_processes == 1
