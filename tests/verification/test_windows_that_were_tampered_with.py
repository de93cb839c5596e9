"""On servers: a forged window is found, and right again once the windows are built anew."""

import asyncio
import signal
from typing import Any

import orjson
from confluent_kafka import Producer

from contracts.analytics import PublishedWindow
from tests.foreign_reader import foreign_options
from tests.survival.orders import shop
from tests.system import SESSION_TIMEOUT_SECONDS, System
from tests.waiting import until
from tests.windows import windows_equal_the_table

ORDERS = 30
KINDS = {"window missing", "window left over", "window differs", "analytics behind"}


async def orders_placed(system: System) -> None:
    goods = shop(ORDERS, seed=7)
    for commands, topic in ((goods.users, "users"), (goods.deposits, "payments"), (goods.receipts, "inventory")):
        await asyncio.to_thread(system.send, commands, topic=f"{topic}.commands")
    await asyncio.to_thread(system.send, goods.orders, topic="orders.commands")


async def windows_found(system: System) -> dict[str, int]:
    """What `annals verify` finds of windows; at least some of which it has looked at."""
    verdict = (await system.annals("verify", "--json")).json()
    assert verdict["looked_at"]["windows compared with the events"] > 0
    return {kind: count for kind, count in verdict["found"].items() if kind in KINDS}


def a_window(system: System) -> Any:
    """The last record of a window of orders."""
    records = [record for records in system.records("analytics.windows") for record in records]
    newest = {(record.partition(), record.key()): record for record in records}
    return next(record for (_, key), record in newest.items() if key.startswith(b"orders/orders/") and record.value())


async def test_are_found_and_right_once_they_are_built_again(idle_system: System) -> None:
    system = idle_system
    for role in ("command", "saga", "projection"):
        await system.worker(role)
    worker = await system.worker("analytics")
    await orders_placed(system)
    await windows_equal_the_table(system)
    assert await windows_found(system) == {}

    # Records of another program: a sum that is too high, and a window that no order is in.
    record = await asyncio.to_thread(a_window, system)
    window = PublishedWindow.model_validate_json(record.value())
    forged = window.model_copy(update={"sums": {"placed": 1_000_000}})
    added = window.model_copy(update={"start": window.start.replace(year=2020)})
    key = f"orders/orders/{window.size_seconds}/{added.start.isoformat().replace('+00:00', 'Z')}".encode()
    producer = Producer(foreign_options(system.settings))
    for forged_key, value in ((record.key(), forged), (key, added)):
        producer.produce(record.topic(), key=forged_key, value=value.model_dump_json(), partition=record.partition())
    assert producer.flush(30) == 0
    assert await windows_found(system) == {"window differs": 1, "window left over": 1}

    refused = await system.annals("analytics", "rebuild", "--reason", "too soon")
    assert refused.code == 1
    assert "nothing was done. Stop them" in refused.errors
    worker.signal(signal.SIGKILL)
    killed = await system.annals("analytics", "rebuild", "--reason", "the killed one is still waited for")
    assert killed.code == 1

    async def rebuilt() -> bool:
        done = await system.annals("analytics", "rebuild", "--reason", "forged windows", "--json")
        if done.code == 0:
            assert orjson.loads(done.output) == {"contexts": ["inventory", "orders", "payments"]}
        return done.code == 0

    await until(rebuilt, "no analytics worker is in the group", seconds=30 + SESSION_TIMEOUT_SECONDS, every=1.0)
    query = "SELECT array_agg(reason) FROM annals.interventions WHERE action = 'analytics-rebuild'"
    assert await system.value(query) == ["forged windows"]
    again = await system.worker("analytics")

    async def built_again() -> bool:
        return await windows_found(system) == {}

    try:
        await until(built_again, "verify finds nothing wrong in the windows", seconds=60, every=1.0)
    except AssertionError as error:
        error.add_note((await system.annals("verify")).output)
        raise
    assert "the windows of a lane are built again" in again.log()
    await windows_equal_the_table(system)
