"""A repeat under an Idempotency-Key gets the first answer; another request under it is refused and changes nothing."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from contracts.principal import Principal
from tests.gateway.every_route import ADDRESSES, BODIES, Operation, filled, operations
from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import ADA, created, is_problem
from tests.waiting import until
from workers.gateway.callers import ANONYMOUS, PRINCIPAL
from workers.gateway.request_headers import command_id_from


async def test_a_repeat_gets_the_first_answer(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    answers = [await http.post("/users", json=ADA, headers={"Idempotency-Key": "order 66/ada"}) for _ in range(10)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert (await http.get(answers[0].headers["location"])).json()["email"] == ADA["email"]
    assert len(system.log) == 1


async def test_a_repeat_of_a_refused_command_is_refused_alike(http: httpx.AsyncClient) -> None:
    await created(http)
    answers = [await http.post("/users", json=ADA, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert all(is_problem(answer, 409, "EmailTaken") for answer in answers)
    assert answers[0].content == answers[1].content


async def test_methods_and_paths_keep_apart(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    key = {"Idempotency-Key": "same"}
    await created(http, user_id="ada-1")
    await created(http, user_id="bob-1", email="bob@example.org")
    for user in ("ada-1", "bob-1"):
        moved = await http.patch(f"/users/{user}", json={"city": "Turin"}, headers=key)
        assert (moved.status_code, moved.json()["stream_id"]) == (200, user)
        assert (await http.get(f"/users/{user}")).json()["city"] == "Turin"
        profile = {**ADA, "email": f"{user}@example.org", "city": "Paris"}
        replaced = await http.put(f"/users/{user}", json=profile, headers=key)
        assert (replaced.status_code, replaced.json()["stream_version"]) == (200, 3)
        assert (await http.get(f"/users/{user}")).json()["city"] == "Paris"
        gone = await http.delete(f"/users/{user}", headers=key)
        assert gone.status_code == 204
        assert is_problem(await http.get(f"/users/{user}"), 404, "UserNotFound")
    ids = [meta.command_id for _, meta in system.sent[2:]]
    assert len(set(ids)) == len(ids) == 6, "each is a command of its own"
    assert [event.event.name for event in system.log[2:]] == ["UserUpdated", "UserUpdated", "UserDeleted"] * 2


@pytest.mark.parametrize("loses_replies", [False, True])
@pytest.mark.parametrize(
    "changes",
    [{"city": "Turin"}, {"email": "other@example.org"}, {"password": "battery staple"}, {"user_id": "another"}],
    ids=lambda changes: next(iter(changes)),
)
async def test_another_body_under_the_key_is_refused_and_changes_nothing(
    http: httpx.AsyncClient, system: SystemInMemory, changes: dict[str, str], loses_replies: bool
) -> None:
    system.loses_replies = loses_replies
    key, body = {"Idempotency-Key": "once"}, {**ADA, "password": "correct horse"}
    first = await http.post("/users", json=body, headers=key)
    refused = await http.post("/users", json={**body, **changes}, headers=key)
    assert is_problem(refused, 422, "IdempotencyKeyReused")
    again = await http.post("/users", json=dict(reversed(body.items())), headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert len(system.log) == 1
    assert "content_digest" not in again.json()


async def test_another_body_while_the_first_is_under_way_is_refused_when_that_is_handled(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    system.handles = False
    key = {"Idempotency-Key": "once", "Prefer": "wait=30"}
    first, other = [
        asyncio.create_task(http.post("/users", json={**ADA, "city": city}, headers=key)) for city in ("Turin", "Oslo")
    ]

    async def both_are_sent() -> bool:
        return len(system.sent) == 2

    await until(both_are_sent, "both requests are under way", every=0.005)
    system.handle(*system.sent[0])
    assert (await first).status_code == 201
    assert is_problem(await other, 422, "IdempotencyKeyReused")
    assert (await http.get((await first).headers["location"])).json()["city"] == "Turin"


@pytest.mark.parametrize("tag", ['"1"', '"1", "7"', "*"])
async def test_another_body_is_refused_beside_preconditions_too(http: httpx.AsyncClient, tag: str) -> None:
    await created(http, user_id="ada-1")
    headers = {"Idempotency-Key": "once", "If-Match": tag}
    assert (await http.patch("/users/ada-1", json={"city": "Turin"}, headers=headers)).status_code == 200
    refused = await http.patch("/users/ada-1", json={"city": "Oslo"}, headers=headers)
    assert is_problem(refused, 422, "IdempotencyKeyReused")
    assert (await http.patch("/users/ada-1", json={"city": "Turin"}, headers=headers)).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 201, "tab\there", "\x7f"])
async def test_what_is_no_key_is_refused(http: httpx.AsyncClient, system: SystemInMemory, key: str) -> None:
    refused = await http.post("/users", json=ADA, headers={"Idempotency-Key": key})
    assert is_problem(refused, 422, "ValidationFailed")
    assert system.state() == {"sent": 0, "handled": 0}


OTHER_BODIES: dict[str, dict[str, object]] = {
    "POST /users": {"city": "Oslo"},
    "PUT /users/{user_id}": {"city": "Oslo"},
    "PATCH /users/{user_id}": {"city": "Oslo"},
    "POST /orders": {"currency": "USD"},
    "POST /orders/{order_id}/cancel": {"reason": "too late"},
    "POST /orders/{order_id}/ship": {"tracking": "another"},
    "POST /accounts/{user_id}/deposits": {"amount": "2.00"},
    "POST /stock/{sku}/receipts": {"quantity": 9},
}


@pytest.mark.parametrize(
    "operation", [operation for operation in operations() if str(operation) in OTHER_BODIES], ids=str
)
async def test_at_every_address_another_body_is_refused_and_the_first_is_answered_again(
    http: httpx.AsyncClient, system: SystemInMemory, operation: Operation
) -> None:
    await filled(http)
    place = operation.path.format(**ADDRESSES)
    body = BODIES.get(str(operation), {})

    async def asked(fields: dict[str, object]) -> httpx.Response:
        return await http.request(operation.method, place, json=fields, headers={"Idempotency-Key": "once"})

    first = await asked(body)
    assert first.status_code in {200, 201, 409}, first.text  # an order that was just placed cannot be shipped
    events = len(system.log)
    refused = await asked({**body, **OTHER_BODIES[str(operation)]})
    assert is_problem(refused, 422, "IdempotencyKeyReused")
    assert "location" not in refused.headers
    again = await asked(body)
    assert (again.status_code, again.content, again.headers.get("location")) == (
        first.status_code,
        first.content,
        first.headers.get("location"),
    )
    assert len(system.log) == events


async def test_a_repeat_while_the_first_is_under_way_waits_for_its_answer(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    system.handles = False
    headers = {"Idempotency-Key": "once", "Prefer": "wait=30"}
    requests = [asyncio.create_task(http.post("/users", json=ADA, headers=headers)) for _ in range(3)]

    async def all_are_sent() -> bool:
        return len(system.sent) == 3

    await until(all_are_sent, "all requests are under way", every=0.005)
    for command, meta in list(system.sent):
        system.handle(command, meta)
    answers = await asyncio.gather(*requests)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len(system.log) == 1


def test_a_key_of_an_anonymous_caller_leads_to_the_same_id_for_ever() -> None:
    derived = command_id_from("order 66/ada", "POST", "/users", ANONYMOUS)
    assert derived == "a1d399dd-b1b5-522a-9e2d-2cfcc203abe8"


def test_callers_keep_apart() -> None:
    places = [
        (caller, *request)
        for caller in (ANONYMOUS, "ada", "ad", "a 7 POST /users a")
        for request in (("POST", "/users"), ("POST", "/orders"), ("PUT", "/users"))
    ]
    ids = {command_id_from(key, method, path, caller) for caller, method, path in places for key in ("k", "a k")}
    assert len(ids) == 2 * len(places)


async def test_the_caller_of_a_request_is_the_one_that_was_authenticated(app: FastAPI, system: SystemInMemory) -> None:
    async def as_a_caller(scope: Scope, receive: Receive, send: Send) -> None:
        (name,) = [value.decode() for header, value in scope["headers"] if header == b"x-test-caller"]
        scope["state"] = {PRINCIPAL: Principal(name)}
        await app(scope, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(as_a_caller), base_url="http://g") as http:
        for name in ("ada", "grace", "ada"):
            body = {**ADA, "user_id": name, "email": f"{name}@example.org"}
            answer = await http.post("/users", json=body, headers={"Idempotency-Key": "k", "X-Test-Caller": name})
            assert answer.json()["stream_id"] == name
    assert [recorded.stream_id for recorded in system.log] == ["ada", "grace"]
