"""A bad request is refused with a problem document that says what is wrong, and nothing is sent."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import ADA, is_problem

MEBIBYTE = 1_048_576
JSON = {"content-type": "application/json"}


@pytest.fixture(autouse=True)
def nothing_is_sent(system: SystemInMemory) -> object:
    yield
    assert system.state() == {"sent": 0, "handled": 0}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": None}, "email"),
        ({"first_name": " "}, "first_name"),
        ({"first_name": "x" * 201}, "first_name"),
        ({"last_name": "nul\x00"}, "last_name"),
        ({"city": 7}, "city"),
        ({"user_id": "a/b"}, "user_id"),
        ({"nickname": "Ada"}, "nickname"),
        ({"\x00" * 500: 1}, "\x00" * 100),
    ],
)
async def test_a_wrong_field_is_named(http: httpx.AsyncClient, fields: dict[str, object], wrong: str) -> None:
    refused = await http.post("/users", json={**ADA, **fields})
    assert is_problem(refused, 422, "ValidationFailed")
    assert [error["field"] for error in refused.json()["errors"]] == [wrong]
    assert all(error["message"] for error in refused.json()["errors"])


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b'{"first_name": "Ada", "last_name": "L", "email": "a@x.org", "first_name": "Eve"}', ["first_name"]),
        (b'{"first_name": "A", "last_name": "L", "email": "a@x.org", "e\\u006dail": "a@x.org"}', ["email"]),
        (b'{"x": {"y": 1, "y": 1}}', ["y"]),
        (b"{" + b", ".join(b'"%d": 1' % (number // 2) for number in range(100)) + b"}", [str(n) for n in range(20)]),
    ],
    ids=["another value", "another spelling", "further in", "many"],
)
async def test_a_name_that_comes_twice_is_refused(http: httpx.AsyncClient, body: bytes, wrong: list[str]) -> None:
    refused = await http.post("/users", content=body, headers=JSON)
    assert is_problem(refused, 422, "ValidationFailed")
    assert [error["field"] for error in refused.json()["errors"]] == wrong


async def test_every_missing_field_is_named(http: httpx.AsyncClient) -> None:
    refused = await http.put("/users/ada-1", json={})
    assert is_problem(refused, 422, "ValidationFailed")
    assert {error["field"] for error in refused.json()["errors"]} == {"first_name", "last_name", "email"}


@pytest.mark.parametrize("field", ["first_name", "last_name", "email"])
async def test_a_change_to_null_is_refused_where_a_value_must_stay(http: httpx.AsyncClient, field: str) -> None:
    refused = await http.patch("/users/ada-1", json={field: None})
    assert is_problem(refused, 422, "ValidationFailed")
    assert [error["field"] for error in refused.json()["errors"]] == [field]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"first_name": "\\ud800"}',
        b'{"\\ud800": 1}',
    ],
    ids=["empty", "cut off", "list", "null", "text", "not UTF-8", "deep", "half a character", "half a name"],
)
async def test_a_body_that_is_no_object_of_fields_is_refused(http: httpx.AsyncClient, body: bytes) -> None:
    refused = await http.post("/users", content=body, headers=JSON)
    assert is_problem(refused, 422, "ValidationFailed")
    assert refused.json()["errors"]


async def test_a_body_of_another_kind_learns_what_to_be(http: httpx.AsyncClient) -> None:
    refused = await http.post("/users", data=ADA)
    assert is_problem(refused, 422, "ValidationFailed")
    assert "application/json" in refused.json()["detail"]


async def test_a_body_over_one_mebibyte_is_too_large(http: httpx.AsyncClient) -> None:
    refused = await http.post("/users", content=b"x" * (MEBIBYTE + 1), headers=JSON)
    assert is_problem(refused, 413, "BodyTooLarge")


async def test_an_endless_body_is_not_read_for_ever(http: httpx.AsyncClient) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 65_536
            yield b"x" * 65_536

    refused = await http.post("/users", content=endless(), headers=JSON)
    assert is_problem(refused, 413, "BodyTooLarge")
    assert read <= 18 * MEBIBYTE


async def test_an_address_with_nothing_at_it(http: httpx.AsyncClient) -> None:
    assert is_problem(await http.get("/nothing"), 404, "NotFound")


async def test_a_method_that_is_not_possible(http: httpx.AsyncClient) -> None:
    refused = await http.delete("/users")
    assert is_problem(refused, 405, "MethodNotAllowed")
    assert refused.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("correlation_id", ["", "with space", "x" * 129])
async def test_a_correlation_id_that_cannot_travel_is_refused(http: httpx.AsyncClient, correlation_id: str) -> None:
    refused = await http.post("/users", json=ADA, headers={"X-Correlation-Id": correlation_id})
    assert is_problem(refused, 422, "ValidationFailed")
    assert refused.headers["x-correlation-id"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=many", "cursor=!", "cursor=%00", "email=nobody", "city="]
)
async def test_a_query_out_of_bounds_is_refused(http: httpx.AsyncClient, query: str) -> None:
    refused = await http.get(f"/users?{query}")
    assert is_problem(refused, 422, "ValidationFailed")
    assert [error["field"] for error in refused.json()["errors"]] == [query.split("=", maxsplit=1)[0]]


@pytest.mark.parametrize("position", ["", "users", "users:1", "users:1:x", "planets:0:1", "users:0:1," * 21])
async def test_a_position_that_is_none_is_refused(http: httpx.AsyncClient, position: str) -> None:
    refused = await http.get("/users", headers={"X-Annals-Position": position})
    assert is_problem(refused, 422, "ValidationFailed")
