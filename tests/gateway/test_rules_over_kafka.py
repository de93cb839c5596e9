"""Each principal and each command over Kafka, on real servers: what nobody has signed is by nobody.

Generated from the rules of the contexts (workers/domain/*/access.py).
"""

import asyncio
import json
import time
import uuid
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from contracts.catalogue import catalogue
from contracts.client.command_client import CommandClient
from contracts.examples import examples_of
from contracts.identity import WHOSE_KEY_IT_IS, FixedIdentities, Identities, IdentityKey, by_service_key
from contracts.message import Command
from contracts.orders.commands import PlaceOrder
from contracts.outcome import Outcome
from contracts.partitioner import partition_for
from contracts.principal import Principal, saga_principal
from contracts.users.commands import CreateUser, UpdateUser
from infra.settings import Settings
from tests.gateway.principals import OWNER_IS, STRANGERS, may
from tests.gateway.running import Running, annals
from tests.scopes import scopes
from tests.sent_commands import Sent
from tests.waiting import until
from workers.core.access import OWNER
from workers.domain import contexts

# Many processes start and stop: seconds on a free machine may be minutes on a busy one.
pytestmark = pytest.mark.timeout(400)

WAIT_SECONDS = 60.0
KEY = "SELECT key_id, secret FROM annals.signing_keys WHERE purpose = 'commands'"
# A saga welcomes each user who was created: their streams get an event more at any time.
FIRST_ACTOR = "SELECT actor FROM annals.events WHERE stream_id = $1 AND stream_version = 1"
CITIES = """SELECT data ->> 'city' AS city FROM annals.events
WHERE stream_id = $1 AND data ->> 'city' IS NOT NULL ORDER BY stream_version"""
SAGAS = [saga.name for context in contexts().values() for saga in context.sagas]
MODELS = sorted(catalogue().commands.values(), key=lambda model: model.type)


class Kafka:
    """A sender of commands under the identity of anybody, who has the installation's key."""

    def __init__(self, settings: Settings, identities: Any) -> None:
        assert settings.kafka_bootstrap_servers is not None
        self.client = CommandClient(
            settings.kafka_bootstrap_servers,
            source="/tests",
            topic_prefix=settings.topic_prefix,
            identities=identities,
            delivery_timeout_seconds=WAIT_SECONDS,
        )

    async def ask(self, command: Command, principal: Principal | None, **more: Any) -> Outcome:
        outcome = await self.client.ask(command, wait_seconds=WAIT_SECONDS, principal=principal, **more)
        assert outcome is not None, "no outcome came"
        return outcome


@pytest_asyncio.fixture
async def kafka(ruled: Running) -> AsyncIterator[Kafka]:
    row = await ruled.system.database.fetchrow(KEY)
    sender = Kafka(ruled.settings, FixedIdentities(Identities([IdentityKey(row["key_id"], row["secret"])])))
    async with sender.client:
        yield sender


def about_a_new_stream(model: type[Command]) -> tuple[Command, str]:
    """A command about a stream that there is not yet, and who would own that."""
    example = next(iter(examples_of(model).values()))
    fields = example.model_dump(exclude_unset=True) | {model.stream_field: f"k-{uuid.uuid4()}"}
    if model is CreateUser:
        fields["email"] = f"{uuid.uuid4()}@example.org"
    command = model.model_validate(fields)
    return command, command.user_id if isinstance(command, PlaceOrder) else command.stream_id


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.type)
async def test_what_the_rules_list_is_decided_and_nothing_else(
    ruled: Running, kafka: Kafka, model: type[Command]
) -> None:
    access = contexts()[model.context].access
    row, stream_owners_matter = access.commands[model], model.context != "orders" or model is PlaceOrder

    async def sent_by(name: str, held: frozenset[str], *, unsigned: bool = False) -> None:
        command, owner = about_a_new_stream(model)
        principal = Principal(owner if name == OWNER_IS else name, held)
        outcome = await kafka.ask(command, None if unsigned else principal, actor="forged")
        code = "" if outcome.error is None else outcome.error.code
        is_allowed = not unsigned and may(row if stream_owners_matter else tuple(set(row) - {OWNER}), name, held)
        assert (code != "Forbidden") == is_allowed, f"{name} {sorted(held)}: {outcome}"
        (stored,) = await ruled.system.database.fetch(
            "SELECT actor, command_id::text, status FROM annals.commands WHERE stream_id = $1 AND type = $2",
            command.stream_id,
            model.type,
        )
        assert (stored["command_id"] == outcome.command_id) == is_allowed, "a refusal has an id of its own"
        if not name.startswith("saga:"):
            assert stored["actor"] == (None if unsigned else principal.name), "not what ce_actor says"

    everybody = [
        *STRANGERS.items(),
        (OWNER_IS, frozenset()),
        *((saga_principal(saga).name, frozenset()) for saga in SAGAS),
    ]
    await asyncio.gather(*(sent_by(name, held) for name, held in everybody), sent_by(OWNER_IS, scopes(), unsigned=True))


async def test_a_service_sends_by_its_api_key_what_its_scopes_allow(ruled: Running) -> None:
    options = ("--scope", "users.write", "--reason", "a test", "--json")
    created = await annals(ruled.settings, "auth", "key", "create", "importer", *options)
    assert created.code == 0, created.errors
    api_key, id_ = (json.loads(created.output)[name] for name in ("api_key", "id"))
    sender = Kafka(ruled.settings, by_service_key(api_key))
    async with sender.client:
        command, _ = about_a_new_stream(CreateUser)
        outcome = await sender.ask(command, WHOSE_KEY_IT_IS)
        assert outcome.status == "accepted", outcome
        order, _ = about_a_new_stream(PlaceOrder)
        refused = await sender.ask(order, WHOSE_KEY_IT_IS)
        assert refused.error is not None
        assert refused.error.code == "Forbidden"
        actor = await ruled.system.value(FIRST_ACTOR, command.stream_id)
        assert actor == "service:importer"
        revoked = await annals(ruled.settings, "auth", "key", "revoke", id_, "--reason", "a test")
        assert revoked.code == 0, revoked.errors
        end = time.monotonic() + WAIT_SECONDS
        while (await sender.ask(about_a_new_stream(CreateUser)[0], WHOSE_KEY_IT_IS)).error is None:
            assert time.monotonic() < end, "the key is still believed"


async def test_an_operator_at_a_command_line_is_the_actor(ruled: Running) -> None:
    user_id = f"cli-{uuid.uuid4()}"
    fields = [f"user_id={user_id}", "first_name=A", "last_name=B", f"email={uuid.uuid4()}@example.org"]
    ended = await annals(ruled.settings, "send", "users.CreateUser", *fields, "--actor", "grace hopper")
    assert ended.code == 0, ended.errors
    actor = await ruled.system.value(FIRST_ACTOR, user_id)
    assert actor == "operator:grace%20hopper"


async def test_who_reads_a_topic_can_send_a_command_of_another_again_and_nothing_else(
    ruled: Running, kafka: Kafka
) -> None:
    created, owner = about_a_new_stream(CreateUser)
    await kafka.ask(created, Principal(owner))
    moved = UpdateUser(user_id=owner, city="Turin")
    outcome = await kafka.ask(moved, Principal(owner))
    (record,) = [
        record
        for lane in await asyncio.to_thread(ruled.system.records, "users.commands")
        for record in lane
        if dict(record.headers())["ce_id"] == outcome.command_id.encode()
    ]
    stolen = dict(record.headers())["ce_identity"]
    before = await ruled.system.database.fetch(CITIES, owner)
    headers = [(name, value) for name, value in record.headers() if name != "ce_id"]
    forged = {
        "the same again": (record.headers(), record.value()),
        "another id": ([("ce_id", str(uuid.uuid4()).encode()), *headers], record.value()),
        "another value": ([("ce_id", str(uuid.uuid4()).encode()), *headers], b'{"city":"Forged"}'),
    }
    assert stolen
    for headers, value in forged.values():
        await asyncio.to_thread(ruled.system.send, [Sent("", owner, value, list(headers))])
    await kafka.ask(UpdateUser(user_id=owner, city="London"), Principal(owner))  # behind them, in the same lane
    after = await ruled.system.database.fetch(CITIES, owner)
    assert [row["city"] for row in after] == [*(row["city"] for row in before), "London"]


def about_a_stream_of_another_lane(partitions: int) -> Command:
    """A command that a client without Kafka's usual partitioner, as librdkafka is, sends to a lane that sends it on."""
    while True:
        command, owner = about_a_new_stream(CreateUser)
        if partition_for(owner.encode(), partitions) != zlib.crc32(owner.encode()) % partitions:
            return command


async def test_what_was_refused_is_no_command_that_nobody_has_handled(ruled: Running, kafka: Kafka) -> None:
    command, owner = about_a_new_stream(CreateUser)
    for principal in (None, Principal("mallory"), Principal(owner)):
        await kafka.ask(command, principal, command_id="0198c0de-ada0-7000-8000-00000000f0f0")
    elsewhere = about_a_stream_of_another_lane(ruled.settings.partitions)
    headers: list[tuple[str, str | bytes | None]] = [("ce_id", str(uuid.uuid4())), ("ce_type", elsewhere.type)]
    sent = Sent("", elsewhere.stream_id, elsewhere.to_json(), headers)
    await asyncio.to_thread(ruled.system.send, [sent])

    async def refused() -> bool:
        query = "SELECT status FROM annals.commands WHERE stream_id = $1"
        return bool(await ruled.system.value(query, elsewhere.stream_id) == "rejected")

    await until(refused, "its own lane has refused it")
    await ruled.system.settled()
    verified = await ruled.system.annals("verify")
    assert verified.code == 0, verified.output + verified.errors
