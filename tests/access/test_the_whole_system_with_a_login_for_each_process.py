"""All processes run on a Kafka that denies what the table of rights does not give: so nothing is missing from it."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from tests.access.secured import SecuredSystem
from tests.faults.health import Health, free_port
from tests.waiting import until

ROLES = ("command", "saga", "projection", "audit")


@pytest_asyncio.fixture(scope="module")
async def gateway(secured: SecuredSystem) -> AsyncIterator[httpx.AsyncClient]:
    """Every process runs and is ready; a client of the gateway."""
    health = {role: Health() for role in ROLES}
    for role in ROLES:
        await secured.process(role, metrics_port=health[role].port)
    port = free_port()
    await secured.process("gateway", "infra.cli.main", "gateway", http_port=port)
    for role in ROLES:
        await health[role].ready()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:

        async def is_ready() -> bool:
            try:
                return (await client.get("/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        await until(is_ready, "the gateway is ready", seconds=60)
        yield client


async def test_from_a_new_user_to_a_confirmed_order_and_a_verification_that_passes(
    secured: SecuredSystem, gateway: httpx.AsyncClient
) -> None:
    user = {"user_id": "ada", "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org"}
    order = {
        "order_id": "first",
        "user_id": "ada",
        "currency": "EUR",
        "lines": [{"sku": "tea", "quantity": 2, "unit_price": "9.90"}],
    }
    for path, body in {
        "/users": user,
        "/accounts/ada/deposits": {"amount": "100.00", "currency": "EUR"},
        "/stock/tea/receipts": {"quantity": 10},
        "/orders": order,
    }.items():
        answer = await gateway.post(path, json=body)
        assert answer.status_code in (200, 201), (path, answer.text)

    async def is_done() -> bool:
        card, placed = await gateway.get("/users/ada"), await gateway.get("/orders/first")
        return (
            card.status_code == placed.status_code == 200
            and bool(card.json()["welcomed_at"])
            and placed.json()["status"] == "confirmed"
        )

    await until(is_done, "the user is welcomed and the order confirmed", seconds=60)
    verified = await secured.system.annals("verify", "--json")
    assert verified.code == 0, verified.output + verified.errors
    for worker in secured.system.workers:
        assert "AuthorizationFailed" not in worker.log(), worker.log()


async def test_and_all_that_an_operator_does(secured: SecuredSystem, gateway: httpx.AsyncClient) -> None:
    annals = secured.system.annals
    created = await annals(
        "send", "users.CreateUser", "user_id=eve", "first_name=E", "last_name=V", "email=e@example.org"
    )
    assert created.code == 0, created.errors
    for arguments in (
        ("events", "tail", "--no-follow"),
        ("topics", "create"),
        ("topics", "acls"),
        ("dlq", "list"),
        ("lanes", "list"),
        ("undo", "users/eve", "--reason", "a test"),
    ):
        ran = await annals(*arguments)
        assert ran.code == 0, (arguments, ran.output, ran.errors)
