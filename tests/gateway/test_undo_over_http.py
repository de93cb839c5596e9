"""The last change of a stream is taken back by an ordinary command with a cause: the event that it takes back."""

import asyncio

import httpx
import pytest

from contracts.users.commands import UpdateUser
from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import created, is_problem
from tests.waiting import until
from workers.ports.outcomes import CommandKey

ORDER = {
    "order_id": "o-1",
    "user_id": "ada-1",
    "currency": "EUR",
    "lines": [{"sku": "teapot", "quantity": 1, "unit_price": "1.00"}],
}


@pytest.fixture(autouse=True)
async def moved(http: httpx.AsyncClient) -> None:
    """Ada was created in London and has moved to Turin."""
    await created(http, user_id="ada-1")
    await http.patch("/users/ada-1", json={"city": "Turin"})


async def _city(http: httpx.AsyncClient) -> str:
    return str((await http.get("/users/ada-1")).json()["city"])


async def test_a_change_is_taken_back_by_a_command_that_says_why(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    answer = await http.post("/users/ada-1/undo")
    assert (answer.status_code, answer.headers["etag"]) == (200, '"3"')
    assert answer.json()["type"] == "users.UpdateUser.v1"
    assert await _city(http) == "London"
    *_, changed, undone = (await http.get("/users/ada-1/history")).json()["events"]
    assert undone["cause"] == {"kind": "message", "id": changed["event_id"]}
    command, meta = system.sent[-1]
    assert command == UpdateUser(user_id="ada-1", city="London")
    assert (meta.expected_version, meta.causation_id) == (2, changed["event_id"])
    assert meta.command_id == undone["command_id"]


async def test_an_undo_is_undone_by_an_undo(http: httpx.AsyncClient) -> None:
    for city in ("London", "Turin", "London"):
        await http.post("/users/ada-1/undo")
        assert await _city(http) == city


async def test_a_repeat_under_the_same_key_gets_the_first_answer(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    key = {"Idempotency-Key": "once"}
    first = await http.post("/users/ada-1/undo", headers=key)
    await http.patch("/users/ada-1", json={"city": "Oslo"})
    again = await http.post("/users/ada-1/undo", headers=key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    await http.delete("/users/ada-1")
    assert (await http.post("/users/ada-1/undo", headers=key)).content == first.content
    assert len(system.log) == 5


async def test_a_repeat_that_crosses_with_the_first_request_gets_its_answer(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    """The first is handled between the repeat's look for its outcome and its look at the history."""
    key = {"Idempotency-Key": "once"}
    system.handles = False
    pending = await http.post("/users/ada-1/undo", headers=key | {"Prefer": "wait=0"})
    assert pending.status_code == 202
    system.handles = True

    stored, looks = system.outcome, 0

    async def outcome(key: CommandKey) -> bytes | None:
        nonlocal looks
        looks += 1
        outcome = await stored(key)
        if looks == 1:
            system.handle(*system.sent[-1])
            await http.delete("/users/ada-1")
        return outcome

    system.outcome = outcome  # type: ignore[method-assign]  # the very moment that the test is about
    again = await http.post("/users/ada-1/undo", headers=key)
    assert again.status_code == 200
    assert again.json()["command_id"] == pending.json()["command_id"]


async def test_what_has_no_inverse_is_refused_with_the_reason(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    await created(http, user_id="bob-1", email="bob@example.org")
    before = system.state()
    refused = await http.post("/users/bob-1/undo")
    assert is_problem(refused, 409, "NothingToUndo")
    assert "UserCreated" in refused.json()["detail"]
    assert system.state() == before


async def test_a_placed_order_is_cancelled_and_a_cancelled_one_stays_so(http: httpx.AsyncClient) -> None:
    await http.post("/orders", json=ORDER)
    assert (await http.post("/orders/o-1/undo")).json()["type"] == "orders.CancelOrder.v1"
    assert (await http.get("/orders/o-1")).json()["status"] == "cancelled"
    assert is_problem(await http.post("/orders/o-1/undo"), 409, "NothingToUndo")


@pytest.mark.parametrize(("place", "code"), [("users/nobody", "UserNotFound"), ("orders/none", "OrderNotFound")])
async def test_nothing_is_undone_where_nothing_ever_was(http: httpx.AsyncClient, place: str, code: str) -> None:
    assert is_problem(await http.post(f"/{place}/undo"), 404, code)


async def test_an_if_match_must_name_the_version_that_is_undone(http: httpx.AsyncClient) -> None:
    stale = await http.post("/users/ada-1/undo", headers={"If-Match": '"1"'})
    assert is_problem(stale, 412, "VersionConflict")
    assert await _city(http) == "Turin"
    assert (await http.post("/users/ada-1/undo", headers={"If-Match": '"2"'})).status_code == 200


async def test_a_change_that_comes_between_is_a_conflict_and_not_undone(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    system.handles = False
    undo = asyncio.create_task(http.post("/users/ada-1/undo", headers={"Prefer": "wait=5"}))

    async def on_its_way() -> bool:
        return len(system.sent) == 3

    await until(on_its_way, "the command is on its way", every=0.001)
    system.handles = True
    await http.patch("/users/ada-1", json={"city": "Oslo"})
    system.handle(*system.sent[2])
    assert is_problem(await undo, 412, "VersionConflict")
    assert await _city(http) == "Oslo"
