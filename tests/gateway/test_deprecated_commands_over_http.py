"""A route that sends a deprecated command says so in OpenAPI, and in every answer of its own."""

from collections.abc import AsyncIterator
from datetime import date

import httpx
import pytest
import pytest_asyncio

from contracts.deprecation import Deprecated
from contracts.users.commands import CreateUser, UpdateUser
from tests.gateway.in_memory import SystemInMemory, application

LATE = Deprecated(since=date(2027, 6, 1), removed_on=date(2028, 6, 1), use="users.UpdateUser.v1")
ADA = {"user_id": "ada", "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org"}
NAMES = ("deprecation", "sunset", "link")


@pytest_asyncio.fixture
async def late(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway in which the command that registers a user is deprecated."""
    monkeypatch.setattr(CreateUser, "deprecation", LATE)
    transport = httpx.ASGITransport(application(SystemInMemory()))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


async def test_whatever_the_answer(late: httpx.AsyncClient) -> None:
    accepted = await late.post("/users", json=ADA)
    rejected = await late.post("/users", json=ADA)
    invalid = await late.post("/users", json={"first_name": 1})
    assert [answer.status_code for answer in (accepted, rejected, invalid)] == [201, 409, 422]
    declared = await late.post("/users/ada/CreateUser", json={"first_name": 1})
    for answer in (accepted, rejected, invalid, declared):
        assert answer.headers["Deprecation"] == "@1811808000"
        assert answer.headers["Sunset"] == "Thu, 01 Jun 2028 00:00:00 GMT"
        assert answer.headers["Link"] == '</docs>; rel="successor-version"; title="users.UpdateUser.v1"'


async def test_and_no_other_route(late: httpx.AsyncClient) -> None:
    await late.post("/users", json=ADA)
    answers = [
        await late.patch("/users/ada", json={"city": "Turin"}),
        await late.get("/users/ada"),
        await late.get("/nowhere"),
        await late.get("/openapi.json"),
    ]
    assert [name for answer in answers for name in NAMES if name in answer.headers] == []


async def test_also_in_openapi(late: httpx.AsyncClient) -> None:
    paths = (await late.get("/openapi.json")).json()["paths"]
    assert paths["/users"]["post"]["deprecated"] is True
    assert paths["/users/{user_id}/CreateUser"]["post"]["deprecated"] is True
    assert paths["/users"]["post"]["x-deprecation"]["removed_on"] == "2028-06-01"
    assert "deprecated" not in paths["/users/{user_id}"]["patch"]


async def test_where_no_command_is_deprecated_no_route_is(http: httpx.AsyncClient) -> None:
    assert '"deprecated":true' not in (await http.get("/openapi.json")).text.replace(" ", "")


async def test_only_what_was_said_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CreateUser, "deprecation", Deprecated(since=date(2027, 6, 1)))
    transport = httpx.ASGITransport(application(SystemInMemory()))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        answer = await client.post("/users", json=ADA)
    assert [name for name in NAMES if name in answer.headers] == ["deprecation"]


@pytest.fixture
def late_update(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command by which an undo gives a user the fields from before is deprecated."""
    monkeypatch.setattr(UpdateUser, "deprecation", Deprecated(since=date(2027, 6, 1), removed_on=date(2028, 6, 1)))


async def changed(http: httpx.AsyncClient) -> None:
    """Ada was registered and has moved to Turin."""
    await http.post("/users", json=ADA)
    await http.post("/users/ada/UpdateUser", json={"city": "Turin"})


@pytest.mark.usefixtures("late_update")
@pytest.mark.parametrize("wait", ["wait=5", "wait=0"])
async def test_an_undo_that_sends_one(http: httpx.AsyncClient, system: SystemInMemory, wait: str) -> None:
    await changed(http)
    system.handles = wait == "wait=5"
    answer = await http.post("/users/ada/undo", headers={"Prefer": wait, "Idempotency-Key": "once"})
    assert answer.status_code == (200 if system.handles else 202)
    assert answer.headers["Deprecation"] == "@1811808000"
    assert answer.headers["Sunset"] == "Thu, 01 Jun 2028 00:00:00 GMT"


@pytest.mark.usefixtures("late_update")
async def test_also_in_the_answer_to_a_repeat_of_the_undo(http: httpx.AsyncClient) -> None:
    await changed(http)
    key = {"Idempotency-Key": "once"}
    first = await http.post("/users/ada/undo", headers=key)
    await http.delete("/users/ada")
    again = await http.post("/users/ada/undo", headers=key)
    assert [name for name in NAMES if name in again.headers] == [name for name in NAMES if name in first.headers]
    assert again.headers["Deprecation"] == "@1811808000"


@pytest.mark.usefixtures("late_update")
async def test_and_where_what_the_undo_sends_is_rejected(http: httpx.AsyncClient) -> None:
    await changed(http)
    await http.post("/users/ada/UpdateUser", json={"email": "countess@example.org"})
    await http.post("/users", json={**ADA, "user_id": "bob"})
    answer = await http.post("/users/ada/undo")
    assert answer.json()["code"] == "EmailTaken"
    assert answer.headers["Deprecation"] == "@1811808000"


@pytest.mark.usefixtures("late_update")
async def test_but_no_undo_that_sends_another_command_or_none(http: httpx.AsyncClient) -> None:
    await http.post("/users", json=ADA)
    line = {"sku": "tea", "quantity": 1, "unit_price": "1.00"}
    await http.post("/orders", json={"order_id": "o-1", "user_id": "ada", "currency": "EUR", "lines": [line]})
    answers = [await http.post(f"/{place}/undo") for place in ("users/ada", "orders/o-1", "users/nobody")]
    assert [answer.status_code for answer in answers] == [409, 200, 404]
    assert [name for answer in answers for name in NAMES if name in answer.headers] == []
