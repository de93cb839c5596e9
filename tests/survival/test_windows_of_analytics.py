"""Windows are what the table says: after kills, pauses, repeats, forged records, and topics that are made anew."""

import asyncio
import signal

import pytest
from confluent_kafka import Producer

from infra.kafka.topics import create_topics, delete_topics, topics_of
from tests.foreign_reader import foreign_options
from tests.servers import Servers
from tests.survival.orders import shop
from tests.system import SESSION_TIMEOUT_SECONDS, System
from tests.waiting import until
from tests.windows import windows_equal_the_table
from tests.worker_process import Worker
from workers.domain import contexts

ORDERS = 150

pytestmark = pytest.mark.timeout(300)


async def orders_placed(system: System, seed: int) -> None:
    goods = shop(ORDERS, seed=seed)
    for commands, topic in ((goods.users, "users"), (goods.deposits, "payments"), (goods.receipts, "inventory")):
        await asyncio.to_thread(system.send, commands, topic=f"{topic}.commands")
    await asyncio.to_thread(system.send, goods.orders, topic="orders.commands")


async def at_work(worker: Worker) -> None:
    """Wait until the worker has lanes."""

    async def has_lanes() -> bool:
        return "lane acquired" in worker.log()

    await until(has_lanes, "the analytics worker has lanes", seconds=60)


async def test_a_worker_that_is_killed_again_and_again_counts_nothing_twice(system: System) -> None:
    await system.worker("command")
    await system.worker("saga")
    for seed in range(3):
        worker = await system.worker("analytics")
        await orders_placed(system, seed)
        await at_work(worker)
        await worker.kill()
    await system.worker("analytics")
    await windows_equal_the_table(system)


async def test_two_workers_share_the_lanes_and_one_takes_over_all(system: System) -> None:
    await system.worker("command")
    await system.worker("saga")
    first = await system.worker("analytics")
    await at_work(first)
    second = await system.worker("analytics")
    await orders_placed(system, 1)
    await at_work(second)
    assert await second.stop() == 0
    await orders_placed(system, 2)
    await windows_equal_the_table(system)
    assert await first.stop() == 0


async def test_a_paused_worker_that_wakes_up_changes_nothing(system: System) -> None:
    await system.worker("command")
    await system.worker("saga")
    paused = await system.worker("analytics")
    await at_work(paused)
    await orders_placed(system, 1)
    paused.signal(signal.SIGSTOP)
    other = await system.worker("analytics")
    await asyncio.wait_for(at_work(other), 60 + SESSION_TIMEOUT_SECONDS)
    await orders_placed(system, 2)
    await windows_equal_the_table(system)
    paused.signal(signal.SIGCONT)
    await orders_placed(system, 3)
    await windows_equal_the_table(system)
    await paused.kill()
    await other.kill()
    # What the woken one may have written behind the other's is seen by who reads the changelog anew.
    await system.worker("analytics")
    await orders_placed(system, 4)
    await windows_equal_the_table(system)


async def test_repeated_and_forged_records_of_the_log_count_for_nothing(system: System) -> None:
    await system.worker("command")
    await system.worker("saga")
    await orders_placed(system, 1)
    await system.handled(ORDERS)
    worker = await system.worker("analytics")
    await windows_equal_the_table(system)
    producer = Producer(foreign_options(system.settings))
    for partition, records in enumerate(await asyncio.to_thread(system.records, "payments.events")):
        for record in records:
            producer.produce(
                record.topic(), key=record.key(), value=record.value(), headers=record.headers(), partition=partition
            )
        if records:
            forged = dict(records[-1].headers()) | {"ce_sequence": str(len(records) + 1).encode()}
            producer.produce(
                records[-1].topic(),
                key=records[-1].key(),
                value=records[-1].value(),
                headers=list(forged.items()),
                partition=partition,
            )
    assert producer.flush(30) == 0
    await orders_placed(system, 2)
    await windows_equal_the_table(system)
    assert await worker.stop() == 0


async def test_a_broker_that_is_killed_loses_and_doubles_nothing(system: System, servers: Servers) -> None:
    if servers.stack is None:
        pytest.skip("only embedded servers can be killed by a test; this run uses others")
    for role in ("command", "saga", "analytics"):
        await system.worker(role)
    await orders_placed(system, 1)
    await servers.stack.kill("kafka")
    await servers.stack.restart("kafka")
    await orders_placed(system, 2)
    await windows_equal_the_table(system, seconds=120)


async def test_topics_that_are_made_anew_are_filled_again(system: System) -> None:
    await system.worker("command")
    await system.worker("saga")
    worker = await system.worker("analytics")
    await orders_placed(system, 1)
    await windows_equal_the_table(system)
    wanted = topics_of(list(contexts()), system.settings)
    for name in ("analytics.changelog", "analytics.windows"):
        await delete_topics(system.settings, [system.topic(name)])
        await create_topics(system.settings, wanted)
        await windows_equal_the_table(system)
    assert await worker.stop() == 0
    await system.worker("analytics")
    await orders_placed(system, 2)
    await windows_equal_the_table(system)
