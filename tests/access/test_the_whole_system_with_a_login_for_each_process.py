"""All processes run on a Kafka that denies what the table of rights does not give: so nothing is missing from it."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from aiokafka import TopicPartition
from aiokafka.admin import NewPartitions
from aiokafka.admin.records_to_delete import RecordsToDelete

from infra.accounts import Account
from infra.devstack.ports import free_port
from infra.kafka.topics import administration
from tests.access.secured import SecuredSystem
from tests.faults.health import Health
from tests.sent_commands import create_users
from tests.waiting import until

ROLES = ("command", "saga", "projection", "analytics", "audit")


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
        for words in ("AuthorizationFailed", "the right", "Traceback"):
            assert words not in worker.log(), worker.log()


async def test_and_what_an_operator_does(secured: SecuredSystem, gateway: httpx.AsyncClient) -> None:
    system = secured.system
    user = ("user_id=eve", "first_name=Eve", "last_name=V", "email=eve@example.org")
    for arguments in (
        ("send", "users.CreateUser", *user),
        ("send", "users.UpdateUser", "user_id=eve", "city=Paris"),
        ("undo", "users/eve"),
        ("events", "tail", "--no-follow"),
        ("topics", "create"),
        ("dlq", "list"),
        ("lanes", "list"),
    ):
        ran = await system.annals(*arguments)
        assert ran.code == 0, (arguments, ran.output, ran.errors)


async def test_and_an_operators_repairs(secured: SecuredSystem, gateway: httpx.AsyncClient) -> None:
    system, commands = secured.system, secured.topic("users.commands")
    system.send(create_users(20))
    await system.handled(20)
    await system.settled()
    async with administration(secured.settings_of(Account.OPERATOR)) as admin:
        await admin.delete_records({TopicPartition(secured.topic("users.events"), 0): RecordsToDelete(before_offset=1)})
    repaired = await system.annals("verify", "--repair", "--reason", "a test has deleted the log", "--json")
    assert repaired.code == 0, repaired.output + repaired.errors
    async with administration(secured.owner) as admin:
        await admin.create_partitions({commands: NewPartitions(secured.owner.partitions + 1)})
    sent = create_users(20)

    async def has_grown() -> bool:
        ran = await system.annals("topics", "recreate", commands, "--reason", "a test has grown it")
        return ran.code == 0

    system.reconnect()
    system.send(sent)
    await until(has_grown, "the topic is recreated", seconds=60)

    async def are_handled() -> bool:
        query = "SELECT count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[])"
        return bool(await system.value(query, [command.command_id for command in sent]) == len(sent))

    await until(are_handled, "the commands that were carried over are handled", seconds=60)
    await system.settled()
    verified = await system.annals("verify", "--json")
    assert verified.code == 0, verified.output + verified.errors
