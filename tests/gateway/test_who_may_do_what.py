"""Each operation by each principal: allowed is what the rules list. A stranger learns as much as of what is not there.

Generated from the rules of the contexts (workers/domain/*/access.py) and the operations of the API document.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest
import pytest_asyncio

from contracts.principal import Principal
from tests.gateway.every_route import ADDRESSES, UNPUBLISHED, Operation, filled, operations, request
from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import ADA, ORDER, is_problem
from tests.gateway.rules_of_routes import ASKED_OF_ALL
from tests.gateway.serving import client_of
from tests.scopes import scopes
from workers.core.access import Read
from workers.gateway.health import PROBES
from workers.ports.identity import TokenRefused

OPEN = {*UNPUBLISHED, *(f"GET {path}" for path in PROBES)}
RULED = [operation for operation in operations() if str(operation) not in OPEN]
# To whom all that is at the addresses belongs. Nothing belongs to eve.
OWNER_NAME = ADDRESSES["user_id"]

PRINCIPALS: Mapping[str, Principal] = {
    "the-owner": Principal(OWNER_NAME),
    "the-owner-with-all-scopes": Principal(OWNER_NAME, scopes()),
    "a-stranger": Principal("eve"),
    "all-for-reading": Principal("eve", frozenset(scope for scope in scopes() if scope.endswith(".read"))),
    "all-for-writing": Principal("eve", frozenset(scope for scope in scopes() if scope.endswith(".write"))),
    "a-service-without-scopes": Principal("service:shop"),
    "an-operator-without-scopes": Principal(f"operator:{OWNER_NAME}"),
    **{scope: Principal("eve", frozenset({scope})) for scope in sorted(scopes())},
}


class TokenIsTheName:
    """`Authenticator`: the token names a principal of a test."""

    def __init__(self, principals: Mapping[str, Principal]) -> None:
        self._principals = principals

    async def principal(self, token: str) -> Principal:
        if token not in self._principals:
            raise TokenRefused("it is none")
        return self._principals[token]


@pytest_asyncio.fixture
async def http(system: SystemInMemory) -> AsyncIterator[httpx.AsyncClient]:
    async with gateway_of(system) as client:
        yield client


@asynccontextmanager
async def gateway_of(system: SystemInMemory) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway that knows all of the principals, by tokens with their names."""
    async with client_of(system, authenticator=TokenIsTheName(PRINCIPALS)) as client:
        yield client


def by(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


async def something_everywhere(http: httpx.AsyncClient) -> str:
    """Put there by the owner, to whom the staff has given all scopes for it; the id of a command."""
    http.headers.update(by("the-owner-with-all-scopes"))
    command_id = await filled(http)
    del http.headers["Authorization"]
    return command_id


def is_allowed(operation: Operation, principal: Principal) -> bool:
    """Written once more, apart from workers/core/access.py: from the words in which a row says whom it allows."""
    theirs = {f"the scope {scope}" for scope in principal.scopes} | {"anybody who is known"}
    if principal.name == OWNER_NAME:
        theirs.add("its owner")
    return all({str(who) for who in row} & theirs for row in ASKED_OF_ALL[str(operation)].rows)


def test_every_operation_is_ruled() -> None:
    assert {str(operation) for operation in RULED} == ASKED_OF_ALL.keys()


@pytest.mark.parametrize("operation", RULED, ids=str)
async def test_what_the_rules_list_is_done_and_nothing_else(operation: Operation) -> None:
    system, asked = SystemInMemory(), ASKED_OF_ALL[str(operation)]
    async with gateway_of(system) as http:
        command_id = await something_everywhere(http)
        before = system.state()
        for name, principal in PRINCIPALS.items():
            if not is_allowed(operation, principal) or is_of_another(operation, principal):
                answer = await request(http, operation, command_id, headers=by(name))
                expected = 404 if asked.is_for_owners and not asked.creates else 403
                assert answer.status_code == expected, f"{name}: {answer.text}"
                assert system.state() == before, "something was sent"
    for name, principal in PRINCIPALS.items():
        if is_allowed(operation, principal) and not is_of_another(operation, principal):
            async with gateway_of(SystemInMemory()) as http:
                command_id = await something_everywhere(http)
                answer = await request(http, operation, command_id, headers=by(name))
                assert answer.status_code in (200, 201, 204, 409), f"{name}: {answer.text}"


def is_of_another(operation: Operation, principal: Principal) -> bool:
    """Whether the request makes a user whose name is not the principal's, who may only for themselves."""
    return str(operation) == "POST /users" and "users.write" not in principal.scopes


LEAKS = re.compile(r"etag|19\.90|london|turin|ada@|lovelace", re.IGNORECASE)
CONDITIONS: list[dict[str, str]] = [
    {},
    {"If-Match": '"1"'},
    {"If-Match": '"99"'},
    {"If-Match": "*"},
    {"If-None-Match": "*"},
    {"X-Annals-Position": "users:0:1"},
    {"Idempotency-Key": "k"},
]
PASTS = ["?at=1", "?at=99", "?at=2020-01-01T00:00:00Z"]


@pytest.mark.parametrize("operation", [each for each in RULED if ASKED_OF_ALL[str(each)].is_for_owners], ids=str)
async def test_a_stranger_gets_the_same_answer_whether_something_is_there_or_not(operation: Operation) -> None:
    there, nowhere = SystemInMemory(), SystemInMemory()
    pasts = PASTS if Read.CARD in ASKED_OF_ALL[str(operation)].subjects else []
    async with gateway_of(there) as something, gateway_of(nowhere) as nothing:
        command_id = await something_everywhere(something)
        for query in ["", *pasts]:
            for headers in CONDITIONS:
                answers = [
                    await request(http, operation, command_id, headers=headers | by("a-stranger"), query=query)
                    for http in (something, nothing)
                ]
                first, second = ((each.status_code, each.text, shown(each)) for each in answers)
                assert first == second, f"{headers} {query}"
                assert not LEAKS.search(first[1])


def shown(answer: httpx.Response) -> dict[str, str]:
    """The headers, without what is new in each answer."""
    return {
        name: value
        for name, value in answer.headers.items()
        if name not in ("x-correlation-id", "traceparent", "date", "x-annals-position")
    }


async def test_everybody_registers_themselves_and_nobody_else(http: httpx.AsyncClient) -> None:
    mine = await http.post("/users", json={**ADA, "user_id": "eve"}, headers=by("a-stranger"))
    assert mine.status_code == 201, mine.text
    assert (await http.get("/users/eve", headers=by("a-stranger"))).json()["user_id"] == "eve"
    answer = await http.post("/users", json={**ADA, "user_id": "adam"}, headers=by("a-stranger"))
    assert is_problem(answer, 403, "Forbidden")
    assert answer.json()["details"] == {"needs": ["the scope users.write", "its owner"]}
    assert answer.json()["detail"] == "CreateUser is for the scope users.write or its owner only."


async def test_nobody_orders_in_the_name_of_another(http: httpx.AsyncClient) -> None:
    await something_everywhere(http)
    http.headers.update(by("a-stranger"))
    theirs = await http.post("/orders", json={**ORDER, "order_id": "order-2"})
    taken = await http.post("/orders", json={**ORDER, "user_id": "eve", "order_id": "order-1"})
    own = await http.post("/orders", json={**ORDER, "user_id": "eve", "order_id": "order-3"})
    assert (theirs.status_code, taken.status_code, own.status_code) == (403, 403, 201)


async def test_an_order_is_followed_by_who_placed_it(http: httpx.AsyncClient) -> None:
    placed = await http.post("/orders", json={**ORDER, "user_id": "eve", "order_id": "o"}, headers=by("a-stranger"))
    told = placed.json()
    paths = [f"/commands/{told['command_id']}", f"/correlations/{told['correlation_id']}"]
    paths += [f"/orders/o{rest}" for rest in ("", "?at=1", "/history")]
    for name, status in (("a-stranger", 200), ("the-owner", 404)):
        assert [(await http.get(path, headers=by(name))).status_code for path in paths] == [status] * len(paths)


async def test_what_others_send_under_a_correlation_id_hides_nothing_and_is_not_shown(http: httpx.AsyncClient) -> None:
    shared = {"X-Correlation-Id": "shared"}
    for name, body in (("a-stranger", {**ADA, "user_id": "eve"}), ("the-owner", {**ADA, "user_id": OWNER_NAME})):
        body["email"] = f"{name}@example.org"
        answer = await http.post("/users", json=body, headers=by(name) | shared)
        assert answer.status_code == 201, answer.text
    for name, actor in (("a-stranger", "eve"), ("the-owner", OWNER_NAME)):
        nodes = (await http.get("/correlations/shared", headers=by(name))).json()["nodes"]
        assert [(node["kind"], node["actor"]) for node in nodes] == [("command", actor), ("event", actor)]
    staff = await http.get("/correlations/shared", headers=by("users.read"))
    assert {node["actor"] for node in staff.json()["nodes"]} == {"eve", OWNER_NAME}
    assert is_problem(
        await http.get("/correlations/shared", headers=by("a-service-without-scopes")), 404, "CorrelationNotFound"
    )


async def test_scopes_that_no_rule_names_take_no_room_in_a_command(system: SystemInMemory) -> None:
    many = Principal("eve", scopes() | {f"https://graph.example.org/{'x' * 150}/{number}" for number in range(100)})
    async with client_of(system, authenticator=TokenIsTheName({"t": many})) as client:
        answer = await client.post("/users", json={**ADA, "user_id": "eve"}, headers=by("t"))
    assert answer.status_code == 201, answer.text
    ((_, meta),) = system.sent
    assert meta.principal == Principal("eve", scopes())


async def test_a_hash_is_not_computed_for_who_may_not_register(
    system: SystemInMemory, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []

    async def noted(password: str, _: bytes | None) -> str:
        hashed.append(password)
        return "hash"

    monkeypatch.setattr(system, "hashed", noted)
    body = {**ADA, "user_id": "other", "password": "long enough"}
    assert (await http.post("/users", json=body, headers=by("a-stranger"))).status_code == 403
    assert hashed == []
