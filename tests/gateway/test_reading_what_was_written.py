"""A query that carries a position waits for just that: its lane, in each read model that the position's context feeds,
through whichever gateway it comes, and never beyond its deadline.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import httpx
import pytest
import pytest_asyncio

from contracts.payments.commands import CaptureFunds, ReserveFunds
from tests.gateway.in_memory import SystemInMemory
from tests.gateway.read_models_in_memory import PARTITIONS, lane_of
from tests.gateway.requests import created, deposited, done, is_problem, placed
from tests.gateway.serving import client_of

PATIENCE_SECONDS = 30.0


@pytest_asyncio.fixture
async def patient(system: SystemInMemory) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway that waits for longer than a busy machine stands still."""
    system.catch_up_seconds = PATIENCE_SECONDS
    async with client_of(system) as http:
        yield http


def order_in(partition: int) -> str:
    """An order id whose stream belongs to this partition."""
    return next(f"order-{number}" for number in count() if lane_of(f"order-{number}") == partition)


@asynccontextmanager
async def still_waiting(query: "asyncio.Task[httpx.Response]") -> AsyncIterator[None]:
    done, _ = await asyncio.wait({query}, timeout=0.1)
    assert not done, "it did not wait"
    yield
    assert (await query).status_code == 200


def asked(http: httpx.AsyncClient, path: str, *positions: str) -> "asyncio.Task[httpx.Response]":
    return asyncio.create_task(http.get(path, headers={"X-Annals-Position": ", ".join(positions)}))


async def test_an_order_just_placed_is_on_the_card_of_its_user(
    patient: httpx.AsyncClient, system: SystemInMemory
) -> None:
    await created(patient, user_id="ada-1")
    await patient.get("/users/ada-1")
    system.read_models.pause("users/orders")
    position = (await placed(patient, "order-1")).headers["x-annals-position"]
    assert (await patient.get("/users/ada-1")).json()["order_count"] == 0
    query, page = asked(patient, "/users/ada-1", position), asked(patient, "/users", position)
    async with still_waiting(query), still_waiting(page):
        system.read_models.paused.clear()
    assert (await query).json()["order_count"] == 1
    assert (await page).json()["users"][0]["order_count"] == 1


async def test_money_just_spent_is_on_the_card_of_its_user(patient: httpx.AsyncClient, system: SystemInMemory) -> None:
    await created(patient, user_id="ada-1")
    await deposited(patient)
    await patient.get("/users/ada-1")
    system.read_models.pause("users/payments")
    done(system, ReserveFunds.model_validate({"user_id": "ada-1", "order_id": "order-1", "amount": "40.00"}))
    query = asked(patient, "/users/ada-1", done(system, CaptureFunds(user_id="ada-1", order_id="order-1")))
    async with still_waiting(query):
        system.read_models.paused.clear()
    assert (await query).json()["total_spent"] == "40.00"


async def test_an_order_just_placed_is_in_the_list_of_its_user(
    patient: httpx.AsyncClient, system: SystemInMemory
) -> None:
    system.read_models.pause("orders")
    position = (await placed(patient, "order-1")).headers["x-annals-position"]
    query = asked(patient, "/users/ada-1/orders", position)
    async with still_waiting(query):
        system.read_models.paused.clear()
    assert [card["order_id"] for card in (await query).json()["orders"]] == ["order-1"]


async def test_one_lane_is_not_waited_for_because_of_another(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    positions = [(await placed(http, order_in(lane))).headers["x-annals-position"] for lane in range(PARTITIONS)]
    system.read_models.paused = {("orders", 2)}
    for lane, position in enumerate(positions):
        query = asked(http, f"/orders/{order_in(lane)}", position)
        if lane == 2:
            assert is_problem(await query, 503, "ReadModelBehind")
        else:
            assert (await query).json()["order_id"] == order_in(lane)
    system.read_models.paused.clear()
    query = asked(http, "/users/ada-1/orders", *positions)
    assert len((await query).json()["orders"]) == PARTITIONS


async def test_a_lane_is_waited_for_as_far_as_the_position_and_no_further(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    position = (await placed(http, "order-1")).headers["x-annals-position"]
    await http.get("/orders/order-1")
    system.read_models.pause("orders")
    later = (await http.post("/orders/order-1/cancel")).headers["x-annals-position"]
    assert (await asked(http, "/orders/order-1", position)).json()["status"] == "placed"
    assert is_problem(await asked(http, "/orders/order-1", later), 503, "ReadModelBehind")


@pytest.mark.parametrize("projection", ["users", "orders", "accounts"])
async def test_positions_of_several_contexts_are_all_waited_for(
    patient: httpx.AsyncClient, system: SystemInMemory, projection: str
) -> None:
    system.read_models.pause(projection)
    answers = [await created(patient, user_id="ada-1"), await placed(patient, "order-1"), await deposited(patient)]
    query = asked(patient, "/users/ada-1", *(answer.headers["x-annals-position"] for answer in answers))
    async with still_waiting(query):
        system.read_models.paused.clear()
    assert (await query).json()["order_count"] == 1


async def test_a_position_that_one_gateway_gave_is_waited_for_by_another(system: SystemInMemory) -> None:
    system.catch_up_seconds = PATIENCE_SECONDS
    async with client_of(system) as first, client_of(system) as second:
        await created(first, user_id="ada-1")
        system.read_models.pause("orders")
        position = (await placed(first, "order-1")).headers["x-annals-position"]
        query = asked(second, "/users/ada-1", position)
        async with still_waiting(query):
            system.read_models.paused.clear()
        assert (await query).json()["order_count"] == 1


async def test_many_positions_share_one_deadline(system: SystemInMemory) -> None:
    system.catch_up_seconds = 1.5
    async with client_of(system) as http:
        positions = [(await placed(http, order_in(lane))).headers["x-annals-position"] for lane in range(PARTITIONS)]
        system.read_models.pause("orders")
        for lane in range(PARTITIONS):
            # Each lane moves before the deadline has passed since the one before it did.
            delay_seconds = system.catch_up_seconds * 0.7 * (lane + 1)
            asyncio.get_running_loop().call_later(delay_seconds, system.read_models.paused.discard, ("orders", lane))
        assert is_problem(await asked(http, "/users/ada-1/orders", *positions), 503, "ReadModelBehind")
