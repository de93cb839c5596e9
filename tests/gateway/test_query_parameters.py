"""What stands behind the question mark is known, has a value and is given once, at every address: or it is a 422."""

import httpx
import pytest

from tests.gateway.every_route import Operation, filled, operations, request
from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import created, is_problem


@pytest.mark.parametrize("operation", operations(declared=False), ids=str)
@pytest.mark.parametrize("query", ["?emial=ada@example.org", "?x=1&x=2", "?_", "?=1", "?%00=1"])
async def test_an_unknown_parameter_is_refused_everywhere(
    http: httpx.AsyncClient, system: SystemInMemory, operation: Operation, query: str
) -> None:
    command_id = await filled(http)
    before = system.state()
    refused = await request(http, operation, command_id, query=query)
    assert is_problem(refused, 422, "ValidationFailed")
    assert len(refused.json()["errors"]) == 1
    assert system.state() == before, "nothing is sent"


@pytest.mark.parametrize(
    ("path", "query", "wrong"),
    [
        ("/users", "emial=ada@example.org", "emial"),
        ("/users", "Email=ada@example.org", "Email"),
        ("/users", "limit=1&limit=2", "limit"),
        ("/users", "city=Oslo&city=Oslo", "city"),
        ("/users", "email=", "email"),
        ("/users", "city=", "city"),
        ("/users", "limit=", "limit"),
        ("/users", "cursor=", "cursor"),
        ("/users", "cursor", "cursor"),
        ("/users/ada-1", "at=", "at"),
        ("/users/ada-1", "at=1&at=2", "at"),
        ("/users/ada-1", "limit=1", "limit"),
        ("/users/ada-1/orders", "city=Oslo", "city"),
        ("/users/ada-1/history", "cursor=", "cursor"),
        ("/users/ada-1/history", "at=1", "at"),
        ("/commands/0198c0de-ada0-7000-8000-000000000001", "wait=5", "wait"),
        ("/healthz", "verbose=1", "verbose"),
        ("/users", "city=%", "city"),
        ("/users", "city=%C3%28", "city"),
        ("/users", "city=%ED%A0%80", "city"),
        ("/users", "limit=1&city=%ff", "city"),
        ("/users", "email=%zz@example.org", "email"),
        ("/users", "ci%ty=Oslo", "ci%ty"),
        ("/users/ada-1", "at=%e4", "at"),
    ],
)
async def test_a_parameter_that_is_wrong_is_named(http: httpx.AsyncClient, path: str, query: str, wrong: str) -> None:
    await created(http, user_id="ada-1")
    refused = await http.get(f"{path}?{query}")
    assert is_problem(refused, 422, "ValidationFailed")
    assert [error["field"] for error in refused.json()["errors"]] == [wrong]


@pytest.mark.parametrize("city", ["K%C3%B6ln", "Ko%cc%88ln", "%4b%C3%96LN", "+K%C3%B6ln", "K%c3%b6ln%E2%80%8B"])
async def test_a_value_in_percent_encoding_is_what_it_stands_for(http: httpx.AsyncClient, city: str) -> None:
    await created(http, user_id="ada-1", city="Köln")
    response = await http.get(f"/users?city={city}")
    assert [user["user_id"] for user in response.json()["users"]] == ["ada-1"]


async def test_a_known_parameter_is_answered(http: httpx.AsyncClient) -> None:
    refused = await http.get("/users?emial=x")
    assert "email, city, limit, cursor" in refused.json()["errors"][0]["message"]
    assert "has none" in (await http.post("/users?x=1")).json()["errors"][0]["message"]


async def test_an_empty_query_is_none(http: httpx.AsyncClient) -> None:
    assert (await http.get("/users?")).status_code == 200


async def test_an_address_with_nothing_at_it_stays_one(http: httpx.AsyncClient) -> None:
    assert is_problem(await http.get("/nothing?x=1"), 404, "NotFound")
