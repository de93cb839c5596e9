"""Routes that follow from the declarations of the contexts, beside those that are written by hand."""

import itertools
import json
import re
from collections.abc import Iterator

import httpx
import pytest
import structlog
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import BaseRoute, Route, compile_path

from contracts.examples import examples_of
from contracts.users.commands import ChangePassword
from tests.gateway.in_memory import SystemInMemory, application
from tests.gateway.requests import ADA, LINES, created, deposited, is_problem, placed
from workers.gateway.declared.addresses import Address, FreeAddresses, addresses

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdC1mb3ItdGVzdHM$YSBoYXNoIG9mIDE2IGJ5dGVz"


def routes_of(app: FastAPI) -> Iterator[BaseRoute]:
    for route in app.routes:
        yield from getattr(getattr(route, "original_router", None), "routes", [route])


ROUTES = [route for route in routes_of(application(SystemInMemory())) if isinstance(route, Route)]


def fitting(method: str, path: str) -> list[str]:
    """The templates of all routes that a request may fit."""
    return [
        route.path for route in ROUTES if method in (route.methods or ()) and compile_path(route.path)[0].match(path)
    ]


def test_none_shadows_another() -> None:
    """At each place of a path the words of all routes are tried, and an id that is no word."""
    words = sorted({segment for route in ROUTES for segment in route.path.split("/") if segment and "{" not in segment})
    for route in ROUTES:
        if route.path.endswith(":path}"):
            continue  # what is below it is all its own
        places = [
            [segment] if "{" not in segment else [*words, "an-id"]
            for segment in re.sub(r"\{[^}]*\}", "{}", route.path).removeprefix("/").split("/")
        ]
        for method in route.methods or ():
            for segments in itertools.product(*places):
                path = "/" + "/".join(segments)
                assert len(fitting(method, path)) <= 1, f"{method} {path}: {fitting(method, path)}"


@pytest.mark.parametrize("path", ["/users/users/history", "/users/users/orders", "/orders/orders/history"])
async def test_what_is_written_by_hand_keeps_its_addresses(http: httpx.AsyncClient, path: str) -> None:
    await created(http, user_id="users")
    await deposited(http, "users")
    await placed(http, "orders", user_id="users")
    answer = await http.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() <= {"events", "orders", "cursor"}


SEGMENTS = st.lists(st.sampled_from(["a", "b", "{}"]), min_size=1, max_size=3).map(
    lambda segments: [f"{{p{number}}}" if segment == "{}" else segment for number, segment in enumerate(segments)]
)


@given(st.lists(SEGMENTS, max_size=4), SEGMENTS)
def test_a_free_address_meets_no_other_and_is_left_out_only_if_there_is_none(
    taken: list[list[str]], wanted: list[str]
) -> None:
    others = [Address("GET", tuple(segments)) for segments in taken]
    free = FreeAddresses(others).take("GET", "/" + "/".join(wanted))
    kept = set() if free is None else set(_paths(compile_path(free)[0], len(wanted)))
    for other in others:
        assert kept.isdisjoint(_paths(compile_path(other.path)[0], len(other.segments)))
    if all(len(other.segments) != len(wanted) for other in others):
        assert free == "/" + "/".join(wanted)


def _paths(pattern: re.Pattern[str], length: int) -> Iterator[str]:
    for segments in itertools.product(["a", "b", "c"], repeat=length):
        path = "/" + "/".join(segments)
        if pattern.match(path):
            yield path


def test_every_command_and_read_model_that_has_room_has_its_address() -> None:
    methods = {(one.method, re.sub(r":[^}]*", "", one.path)) for one in addresses(ROUTES)}
    assert {("POST", "/orders/{order_id}/PlaceOrder"), ("POST", "/users/{user_id}/ChangePassword")} <= methods
    assert {
        ("GET", "/payments/accounts"),
        ("GET", "/payments/accounts/{user_id}"),
        ("GET", "/users/users/{user_id}"),
    } <= (methods)
    assert ("GET", "/users/users") not in methods, "that is the card of the user called users"


class TestACommand:
    async def test_that_begins_a_stream_is_created_and_says_where_it_is_shown(self, http: httpx.AsyncClient) -> None:
        answer = await http.post("/users/ada-1/CreateUser", json=ADA)
        assert answer.status_code == 201
        assert answer.headers["location"] == "/users/users/ada-1"
        assert (await http.get(answer.headers["location"])).json() == (await http.get("/users/ada-1")).json()
        changed = await http.post("/users/ada-1/UpdateUser", json={"city": "Turin"})
        assert (changed.status_code, changed.json()["stream_version"]) == (200, 2)
        assert "location" not in changed.headers
        quiet = await http.post("/users/ada-1/UpdateUser", json={"city": "Turin"})
        assert (quiet.status_code, quiet.json()["events"]) == (200, [])

    async def test_that_says_no_more_than_its_name_has_no_body(self, http: httpx.AsyncClient) -> None:
        await created(http, user_id="ada-1")
        assert (await http.post("/users/ada-1/WelcomeUser")).status_code == 200
        assert (await http.post("/users/ada-1/WelcomeUser", json={})).status_code == 200
        assert (await http.post("/users/ada-1/DeleteUser", json={"reason": "moved"})).status_code == 200

    @pytest.mark.parametrize(
        ("path", "body", "field"),
        [
            ("/users/ada-1/CreateUser", {**ADA, "user_id": "ada-1"}, "user_id"),
            ("/users/ada-1/CreateUser", {**ADA, "emial": "x"}, "emial"),
            ("/users/ada-1/CreateUser", {}, "first_name"),
            ("/users/ada-1/CreateUser", None, "body"),
            ("/users/ada-1/CreateUser", [1], "body"),
            ("/users/_/CreateUser", ADA, "user_id"),
            ("/inventory/tea/ReceiveStock", {"quantity": 1e400}, "quantity"),
            ("/inventory/tea/ReceiveStock", {"quantity": "\ud800"}, "body"),
            ("/payments/ada-1/DepositFunds", {"amount": 1.5, "currency": "EUR"}, "amount"),
        ],
    )
    async def test_that_breaks_a_rule_is_refused_by_name_and_not_sent(
        self, http: httpx.AsyncClient, system: SystemInMemory, path: str, body: object, field: str
    ) -> None:
        headers = {"Content-Type": "application/json"}
        answer = await http.post(path, content=None if body is None else json.dumps(body), headers=headers)
        assert is_problem(answer, 422, "ValidationFailed")
        assert field in {error["field"] for error in answer.json()["errors"]}, answer.text
        assert system.sent == []

    @pytest.mark.parametrize(
        ("path", "body", "status", "code"),
        [
            ("/orders/o-1/PlaceOrder", {"user_id": "ada-1", "lines": [], "currency": "EUR"}, 422, "EmptyOrder"),
            ("/orders/o-1/ShipOrder", {}, 404, "OrderNotFound"),
            ("/users/bob/CreateUser", ADA, 409, "EmailTaken"),
            ("/users/nobody/WelcomeUser", None, 404, "UserNotFound"),
        ],
    )
    async def test_that_is_rejected_has_the_status_that_its_context_declares(
        self, http: httpx.AsyncClient, path: str, body: object, status: int, code: str
    ) -> None:
        await created(http, user_id="ada-1")
        assert is_problem(await http.post(path, json=body), status, code)

    async def test_keeps_preconditions_and_keys_as_any_other_does(self, http: httpx.AsyncClient) -> None:
        begun = await http.post("/users/ada-1/CreateUser", json=ADA, headers={"If-None-Match": "*"})
        assert (begun.status_code, begun.headers["etag"]) == (201, '"1"')
        stale = await http.post("/users/ada-1/UpdateUser", json={"city": "Rome"}, headers={"If-Match": '"7"'})
        assert is_problem(stale, 412, "VersionConflict")
        absent = await http.post("/users/bob/UpdateUser", json={"city": "Rome"}, headers={"If-Match": "*"})
        assert is_problem(absent, 404, "UserNotFound")
        once = {"Idempotency-Key": "k"}
        first = await http.post("/users/ada-1/UpdateUser", json={"city": "Oslo"}, headers=once)
        again = await http.post("/users/ada-1/UpdateUser", json={"city": "Oslo"}, headers=once)
        assert first.json() == again.json()
        other = await http.post("/users/ada-1/UpdateUser", json={"city": "Bonn"}, headers=once)
        assert is_problem(other, 422, "IdempotencyKeyReused")

    async def test_that_is_not_handled_in_time_is_accepted_for_later(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        system.handles = False
        answer = await http.post("/users/ada-1/CreateUser", json=ADA, headers={"Prefer": "wait=0"})
        assert answer.status_code == 202
        assert answer.headers["location"].startswith("/commands/")

    async def test_shows_its_secrets_to_nobody(self, http: httpx.AsyncClient, app: FastAPI) -> None:
        secret = {**ADA, "password_hash": HASH}
        with structlog.testing.capture_logs() as lines:
            answers = [
                await http.post("/users/ada-1/CreateUser", json=secret),
                await http.post("/users/ada-1/CreateUser", json={**secret, "city": ""}),
                await http.post("/users/ada-1/CreateUser", json={**secret, "password_hash": HASH + "!"}),
                await http.get("/users/users/ada-1"),
                await http.get("/users/users/ada-1/history"),
            ]
        assert [answer.status_code for answer in answers] == [201, 422, 422, 200, 200]
        assert not any("argon2id" in answer.text for answer in answers)
        assert "argon2id" not in str(lines)
        document = str(app.openapi()["paths"]["/users/{user_id}/CreateUser"])
        assert "writeOnly" in document
        examples = [example.password_hash for example in examples_of(ChangePassword).values()]  # type: ignore[attr-defined]
        assert examples
        assert not any(example in str(app.openapi()["paths"]) for example in examples)


class TestDocuments:
    async def test_are_found_by_the_indexes_of_their_read_model(self, http: httpx.AsyncClient) -> None:
        await deposited(http, "ada-1")
        await deposited(http, "bob-1")
        page = (await http.get("/payments/accounts", params={"limit": 1})).json()
        following = (await http.get("/payments/accounts", params={"limit": 1, "cursor": page["cursor"]})).json()
        assert [card["user_id"] for card in [*page["documents"], *following["documents"]]] == ["ada-1", "bob-1"]
        refused = await http.get("/payments/accounts", params={"currency": "EUR"})
        assert is_problem(refused, 422, "ValidationFailed")

    async def test_are_shown_as_they_are_as_they_were_and_how_they_came_to_be(self, http: httpx.AsyncClient) -> None:
        await http.post("/inventory/tea/ReceiveStock", json={"quantity": 3})
        await http.post("/inventory/tea/ReceiveStock", json={"quantity": 4})
        now = await http.get("/inventory/stock/tea")
        assert (now.json()["on_hand"], now.headers["etag"]) == (7, '"2"')
        assert (await http.get("/inventory/stock/tea", params={"at": "1"})).json()["on_hand"] == 3
        history = (await http.get("/inventory/stock/tea/history")).json()
        assert [event["data"]["quantity"] for event in history["events"]] == [3, 4]
        unchanged = await http.get("/inventory/stock/tea", headers={"If-None-Match": '"2"'})
        assert unchanged.status_code == 304
        for path in ("/inventory/stock/none", "/inventory/stock/none/history", "/inventory/stock/none?at=1"):
            assert is_problem(await http.get(path), 404, "StockNotFound")

    async def test_that_others_feed_have_another_tag_then_and_no_past(self, http: httpx.AsyncClient) -> None:
        await created(http, user_id="ada-1")
        before = (await http.get("/users/users/ada-1")).headers["etag"]
        await placed(http, "o-1", lines=LINES)
        after = await http.get("/users/users/ada-1")
        assert (after.headers["etag"] != before, after.json()["order_count"]) == (True, 1)
        assert is_problem(await http.get("/users/users/ada-1?at=1"), 422, "ValidationFailed")
