"""`annals bench`: each part through real processes, in environments that are deleted afterwards."""

import asyncio
import os
import signal
from typing import Any

import pytest

from infra.settings import Settings
from tests.bench.conftest import DEADLINE_SECONDS, Bench, leftovers
from tests.warm.process import start

pytestmark = pytest.mark.timeout(DEADLINE_SECONDS + 60)

SERVERS = {"postgres", "kafka", "redis"}


def assert_drained(drained: dict[str, Any], processes: set[str]) -> None:
    assert drained["per_second"] > 0
    assert set(drained["cpu_microseconds"]) == processes
    assert all(used >= 0 for used in drained["cpu_microseconds"].values())
    assert drained["used"] >= 0
    assert 0 <= drained["busy"] <= 1


async def test_creates_updates_and_projected_events_beside_raw_limits_and_the_peer(bench: Bench) -> None:
    measured = await bench("commands", "--commands", "2000", "--compare", "eventsourcing")
    commands, peer = measured["commands"], measured["peer"]
    for what in ("creates", "updates", "projected"):
        assert_drained(commands[what], {"worker", *SERVERS})
    assert all(rate > 0 for rate in commands["raw"].values())
    assert_drained(peer["one_a_save"], {"worker", "postgres"})
    assert_drained(peer["many_a_save"], {"worker", "postgres"})
    assert measured["each_round"]["commands"] == [commands]


async def test_orders_by_process_with_the_share_of_sagas(bench: Bench) -> None:
    orders = (await bench("orders", "--orders", "100"))["orders"]
    used = orders["cpu_microseconds"]
    assert set(used) == {"command", "saga", "projection", *SERVERS}
    workers = used["command"] + used["saga"] + used["projection"]
    assert orders["worker_cpu_microseconds"] == pytest.approx(workers, abs=0.01)
    assert orders["saga_share"] == pytest.approx(used["saga"] / workers, abs=0.01)


async def test_every_latency_beside_its_floor(bench: Bench) -> None:
    latency = (await bench("latency", "--seconds", "1", "--lanes", "2"))["latency"]
    assert len(latency) == 4
    for pair in latency.values():
        assert 0 < pair["floor"]["p50"] <= pair["floor"]["p99"] <= pair["floor"]["highest"]
        assert 0 < pair["annals"]["p50"] <= pair["annals"]["p99"] <= pair["annals"]["highest"]
        assert pair["p50_ratio"] == pytest.approx(pair["annals"]["p50"] / pair["floor"]["p50"], rel=0.01)


async def test_reads_beside_a_bare_handler(bench: Bench) -> None:
    reads = (await bench("reads", "--seconds", "0.5"))["reads"]
    assert len(reads) == 4
    for pair in reads.values():
        assert pair["rate_share"] == pytest.approx(
            pair["gateway"]["per_second"] / pair["bare"]["per_second"], rel=0.01, abs=0.001
        )
        assert min(pair["gateway"]["cpu_microseconds"], pair["bare"]["cpu_microseconds"]) > 0


async def test_an_idle_installation_by_process(bench: Bench) -> None:
    idle = (await bench("idle", "--idle-seconds", "1", "--lanes", "1"))["idle"]
    assert {"command", "saga", "projection", "gateway", *SERVERS} <= set(idle["share_by_process"])
    assert idle["share"] == pytest.approx(sum(idle["share_by_process"].values()), abs=0.001)


async def test_what_must_stay_flat_at_each_size(bench: Bench) -> None:
    flat = (await bench("flat", "--commands", "2000", "--largest", "10000"))["flat"]
    assert [at["events"] for at in flat["streams"].values()] == [1, 100, 10_000]
    assert all(at["whole_ms"] > 0 and at["snapshot_ms"] > 0 for at in flat["streams"].values())
    assert [at["rows"] for at in flat["tables"].values()] == [10_000]
    assert len(flat["lanes"]) == 3
    assert flat["tables"]["10,000 rows"]["history"]["per_second"] > 0
    for sizes in flat.values():
        for at in sizes.values():
            assert_drained(at.get("creates") or at["updates"], {"worker", *SERVERS})


async def test_that_is_interrupted_leaves_nothing_behind(settings: Settings) -> None:
    process = await start(
        "infra.cli.main", "bench", "orders", "--orders", "1000000", env=os.environ | settings.environment()
    )
    async with asyncio.timeout(DEADLINE_SECONDS):
        while len(await leftovers(settings)) < 2:
            await asyncio.sleep(0.1)
        process.send_signal(signal.SIGINT)
        await process.communicate()
    assert process.returncode == 130
    assert not await leftovers(settings)
