"""A route that sends a deprecated command says so in OpenAPI, and in every answer of its own."""

from collections.abc import AsyncIterator
from datetime import date

import httpx
import pytest
import pytest_asyncio

from contracts.deprecation import Deprecated
from contracts.users.commands import CreateUser
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
    for answer in (accepted, rejected, invalid):
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
