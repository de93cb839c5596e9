"""What the tests of the gateway have to say and to ask again and again."""

from typing import Any

import httpx

from contracts.message import Command
from tests.gateway.in_memory import SystemInMemory
from workers.ports.commands import CommandMeta

ADA = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org", "city": "London"}
LINES = [
    {"sku": "teapot", "quantity": 2, "unit_price": "19.90"},
    {"sku": "cup", "quantity": 1, "unit_price": "0.20"},
]
ORDER = {"user_id": "ada-1", "lines": LINES, "currency": "EUR"}


async def created(http: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    answer = await http.post("/users", json={**ADA, **fields})
    assert answer.status_code == 201, answer.text
    return answer


async def placed(http: httpx.AsyncClient, order_id: str, **fields: Any) -> httpx.Response:
    answer = await http.post("/orders", json={**ORDER, "order_id": order_id, **fields})
    assert answer.status_code == 201, answer.text
    return answer


async def deposited(http: httpx.AsyncClient, user_id: str = "ada-1", amount: str = "100.00") -> httpx.Response:
    answer = await http.post(f"/accounts/{user_id}/deposits", json={"amount": amount, "currency": "EUR"})
    assert answer.status_code == 201, answer.text
    return answer


def done(system: SystemInMemory, command: Command) -> str:
    """Have a command handled that no route sends, as if a saga had sent it; the position after it."""
    name = f"saga command {len(system.handled)}"
    outcome = system.handle(command, CommandMeta(name, name, name, None, None))
    assert outcome.status == "accepted", outcome.error
    return f"{command.context}:{outcome.partition}:{outcome.sequence}"


def is_problem(answer: httpx.Response, status: int, code: str) -> bool:
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert (answer.status_code, document["code"]) == (status, code), answer.text
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return True
