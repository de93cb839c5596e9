"""Orders from HTTP to HTTP through real servers and workers: what one gateway wrote another one reads, in every lane
of every context; and the entries by which they are found are verified and repaired.
"""

import asyncio
import uuid
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.partitioner import partition_for
from infra.settings import Settings
from tests.gateway.requests import ORDER, created, deposited, is_problem, placed
from tests.gateway.running import everything, running_gateway
from tests.pausing import paused
from tests.sent_commands import command
from tests.system import System
from tests.verification.command import named, repaired
from tests.waiting import until

# Many processes start and stop: what takes seconds on a free machine may take minutes on a busy one.
pytestmark = pytest.mark.timeout(300)

ORDERS = 24
IN_THE_ORDER_OF_EVENTS = """
SELECT stream_id FROM annals.events WHERE type = 'OrderPlaced' AND stream_id = ANY($1)
 ORDER BY recorded_at DESC, sequence DESC
"""


def ids(orders: list[dict[str, Any]]) -> list[str]:
    return [order["order_id"] for order in orders]


async def pages(http: httpx.AsyncClient, limit: int, position: str) -> list[dict[str, Any]]:
    """All orders of Ada, page by page."""
    orders: list[dict[str, Any]] = []
    cursor: str | None = None
    while cursor is not None or not orders:
        query = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        answer = await http.get("/users/ada-1/orders", params=query, headers={"X-Annals-Position": position})
        assert answer.status_code == 200, answer.text
        orders += answer.json()["orders"]
        cursor = answer.json()["cursor"]
    return orders


async def a_batch_is_listed_in_the_order_of_its_events(system: System, http: httpx.AsyncClient) -> None:
    """Commands that wait for a worker together are one batch of each lane, and have one time."""
    candidates = (str(uuid.uuid4()) for _ in range(10_000))
    batch = list(
        islice(
            (order_id for order_id in candidates if partition_for(order_id.encode(), system.settings.partitions) == 0),
            40,
        )
    )
    fields = {**ORDER, "user_id": "bob-1", "confirm_within_seconds": 600}
    orders = [command("orders.PlaceOrder.v1", order_id, {**fields, "order_id": order_id}) for order_id in batch]
    await asyncio.to_thread(system.send, orders, topic="orders.commands")

    async def listed() -> list[str]:
        answer = await http.get("/users/bob-1/orders", params={"limit": "200"})
        return ids(answer.json()["orders"])

    async def all_of_them() -> bool:
        return len(await listed()) == len(batch)

    await until(all_of_them, "the whole batch is listed")
    moments = "SELECT count(DISTINCT recorded_at) FROM annals.events WHERE type = 'OrderPlaced' AND stream_id = ANY($1)"
    assert await system.value(moments, batch) < len(batch), "some were decided together"
    rows = await system.database.fetch(IN_THE_ORDER_OF_EVENTS, batch)
    assert await listed() == [row["stream_id"] for row in rows]


async def test_what_one_gateway_wrote_another_one_reads(settings: Settings, tmp_path: Path) -> None:
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    async with everything(settings, tmp_path) as (system, first), running_gateway(settings, other_folder) as second:
        await created(first, user_id="ada-1")
        for turn in range(3):  # a card that is asked for at once counts what was answered, time and again
            answers = await asyncio.gather(
                *(placed(first, f"order-{turn}-{number}", confirm_within_seconds=600) for number in range(ORDERS // 3))
            )
            positions = {answer.headers["x-annals-position"] for answer in answers}
            newest = sorted(positions, key=lambda position: int(position.rpartition(":")[2]))
            card = await second.get("/users/ada-1", headers={"X-Annals-Position": ", ".join(newest)})
            assert (card.status_code, card.json()["order_count"]) == (200, (turn + 1) * ORDERS // 3), card.text
        position = ", ".join(newest)
        listed = await pages(second, 7, position)
        assert ids(await pages(second, 200, position)) == ids(listed)
        times = [order["timeline"][0]["at"] for order in listed]
        assert (len(listed), times) == (ORDERS, sorted(times, reverse=True))
        assert card.json()["last_order_date"] == times[0]

        await a_batch_is_listed_in_the_order_of_its_events(system, second)

        paid = await deposited(first)
        response = await second.get("/accounts/ada-1", headers={"X-Annals-Position": paid.headers["x-annals-position"]})
        assert response.json()["balance"] == "100.00"
        came = await first.post("/stock/teapot/receipts", json={"quantity": 5})
        response = await second.get("/stock/teapot", headers={"X-Annals-Position": came.headers["x-annals-position"]})
        assert response.json()["on_hand"] == 5
        assert is_problem(await second.get("/orders/none"), 404, "OrderNotFound")

        async def settled() -> bool:
            return all(order["status"] == "cancelled" for order in await pages(second, 200, position))

        await until(settled, "orders without money are cancelled", seconds=90, every=0.5)
        assert (await second.get("/users/ada-1")).json()["order_count"] == ORDERS

        index = f"{settings.topic_prefix}annals:orders:1:index:user"
        lost, moved, *_ = await system.redis.zrange(index, 0, -1)
        earlier = moved.replace(b"\x0020", b"\x0019")

        async def is_whole() -> bool:
            return (await system.annals("verify")).code == 0

        await until(is_whole, "every event is projected", seconds=90, every=0.5)
        with paused(system, "projection"):  # it would write the entry again
            await system.redis.zrem(index, lost)
            await system.redis.zadd(index, {earlier: 0})
            code, report = await repaired(system)
        assert (code, report["found"]) == (0, {}), report
        assert report["before"]["found"] == {"index entry missing": 1, "index entry left over": 1}
        assert named(report["before"], "index entry left over") == ["orders user ada-1"]
        assert ids(await pages(second, 200, position)) == ids(listed)
