"""One request for each operation of the API document, on a system in which there is something at each address."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx

from contracts.catalogue import catalogue
from contracts.examples import examples_of
from contracts.message import Command
from tests.gateway.in_memory import SystemInMemory, application
from tests.gateway.requests import ADA, LINES, ORDER, created, deposited, placed
from workers.core.access import Read
from workers.domain import contexts
from workers.gateway.declared.streams import stream_model

ADDRESSES = {
    "user_id": "ada-1",
    "order_id": "order-1",
    "sku": "teapot",
    "correlation_id": "shop/42",
    "metric": "revenue",
}
BODIES: dict[str, Any] = {
    "POST /users": {**ADA, "user_id": "new-user", "email": "new@example.org"},
    "PUT /users/{user_id}": {**ADA, "city": "Paris"},
    "PATCH /users/{user_id}": {"city": "Paris"},
    "POST /orders": {**ORDER, "order_id": "new-order"},
    "POST /accounts/{user_id}/deposits": {"amount": "1.00", "currency": "EUR"},
    "POST /stock/{sku}/receipts": {"quantity": len(LINES)},
}
IDS = {"user_id": "ada-1", "order_id": "order-1"}
"""Those in the bodies of declared commands."""
UNPUBLISHED = ("GET /openapi.json", "GET /docs")


class Operation(NamedTuple):
    """A method at a path as the document has it."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def operations(*, declared: bool = True) -> list[Operation]:
    """All that the document has, and the document itself; without those that are `declared`, which no code is for."""
    document = application(SystemInMemory()).openapi()
    published = [Operation(method.upper(), path) for path, methods in document["paths"].items() for method in methods]
    every = published + [Operation(*route.split()) for route in UNPUBLISHED]
    return [operation for operation in every if declared or str(operation) not in DECLARED]


def _declared() -> Iterator[tuple[str, type[Command] | Read]]:
    """The declared operations, with what each asks the rules for."""
    for model in catalogue().commands.values():
        yield f"POST /{model.context}/{{{model.stream_field}}}/{model.name}", model
    for context in contexts().values():
        for projection in context.projections:
            document = f"GET /{context.name}/{projection.name}/{{{stream_model(context.name).stream_field}}}"
            yield document, Read.CARD
            yield f"{document}/history", Read.HISTORY
            yield f"GET /{context.name}/{projection.name}", Read.FIND


DECLARED = dict(_declared())
OF_SAGAS_ONLY = {"Forbidden", "ReservationNotFound"}
"""Codes of declared commands that sagas send: a person may not, or finds that there is nothing to be done."""


def _body(model: type[Command]) -> dict[str, Any]:
    """The first example with its secrets, about what is there."""
    fields: dict[str, Any] = json.loads(next(iter(examples_of(model).values())).to_json())
    del fields[model.stream_field]
    return fields | {name: value for name, value in IDS.items() if name in fields}


BODIES |= {operation: _body(model) for operation, model in DECLARED.items() if not isinstance(model, Read)}


async def filled(http: httpx.AsyncClient) -> str:
    """Put something at each address; the id of a command that was handled."""
    outcome = await http.post("/users", json={**ADA, "user_id": "ada-1"}, headers={"X-Correlation-Id": "shop/42"})
    assert outcome.status_code == 201
    await http.patch("/users/ada-1", json={"city": "Turin"})
    await created(http, user_id="bob-1", email="bob@example.org")
    await deposited(http)
    await placed(http, "order-1")
    received = await http.post("/stock/teapot/receipts", json={"quantity": 7})
    assert received.status_code == 201
    return str(outcome.json()["command_id"])


async def request(
    http: httpx.AsyncClient,
    operation: Operation,
    command_id: str,
    *,
    method: str | None = None,
    query: str = "",
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
) -> httpx.Response:
    """The operation's request, right but for what the test changes."""
    place = operation.path.format(**ADDRESSES, command_id=command_id)
    return await http.request(
        method or operation.method, f"{place}{query}", json=BODIES.get(str(operation)), headers=headers
    )
