"""Our clients say which right is missing, on which topic, and what to do about it."""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import pytest

from contracts.client.errors import KafkaUnavailable
from contracts.client.event_consumer import EventConsumer
from contracts.orders.commands import CancelOrder
from contracts.topics import Topics
from contracts.users.commands import DeleteUser
from infra.accounts import Account
from infra.kafka.access import Installation, Role, acls_of
from infra.kafka.commands import command_client
from infra.kafka.connection import security_of
from infra.kafka.event_log import KafkaEventLog
from infra.kafka.log_reader import LogReader
from infra.kafka.message_sender import KafkaMessageSender
from infra.kafka.required_topics import require_topics
from infra.kafka.subscription import KafkaSubscription
from infra.kafka.topics import create_topics, topics_of
from infra.settings import Settings
from tests.access.secured import SecuredSystem
from workers.domain import contexts
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord, PublishFailed

RECORD = OutboundRecord(b"key", b"value", [])

Attempt = Callable[[SecuredSystem, Settings, AsyncExitStack], Coroutine[Any, Any, Any]]


async def _append(secured: SecuredSystem, settings: Settings, cleanup: AsyncExitStack) -> None:
    log = KafkaEventLog(settings, signed_by=None)
    cleanup.push_async_callback(log.stop)
    await log.append(secured.topic("users.events"), 0, [RECORD])


async def _reply(secured: SecuredSystem, settings: Settings, cleanup: AsyncExitStack) -> None:
    sender = KafkaMessageSender(settings)
    cleanup.push_async_callback(sender.stop)
    await sender.send([(secured.topic("replies"), 0, RECORD)])


async def _send(_: SecuredSystem, settings: Settings, cleanup: AsyncExitStack) -> None:
    client = command_client(settings, source="/tests", delivery_timeout_seconds=10, max_outstanding=10)
    await cleanup.enter_async_context(client)
    await client.send(DeleteUser(user_id="ada"))


async def _look(secured: SecuredSystem, settings: Settings, cleanup: AsyncExitStack) -> None:
    reader = LogReader(settings)
    cleanup.push_async_callback(reader.stop)
    await reader.states([secured.topic("replies")])


async def _look_at_settings(secured: SecuredSystem, settings: Settings, _: AsyncExitStack) -> None:
    await LogReader(settings).topic_settings([secured.topic("users.events")])


async def _read(secured: SecuredSystem, settings: Settings, cleanup: AsyncExitStack) -> None:
    reader = LogReader(settings)
    cleanup.push_async_callback(reader.stop)
    async for _ in reader.records(secured.topic("users.commands.dlq"), 0, 0):
        pass


async def _start(secured: SecuredSystem, settings: Settings, _: AsyncExitStack) -> None:
    await require_topics(settings, [secured.topic("users.commands")])


async def _create(_: SecuredSystem, settings: Settings, __: AsyncExitStack) -> None:
    (topic,) = [topic for topic in topics_of(["users"], settings) if topic.name.endswith("users.commands")]
    await create_topics(settings, [topic._replace(name=topic.name + ".new")])


async def _join(secured: SecuredSystem, settings: Settings, cleanup: AsyncExitStack) -> None:
    subscription = KafkaSubscription(settings, group="annals-saga", topics=[secured.topic("users.events")])
    cleanup.push_async_callback(subscription.stop)

    async def nothing(_: Any) -> None:
        return None

    await subscription.start(nothing, nothing)
    await subscription.fetch(10)


async def _consume(_: SecuredSystem, settings: Settings, __: AsyncExitStack) -> None:
    async def nothing(_: Any) -> None:
        return None

    consumer = EventConsumer(
        str(settings.kafka_bootstrap_servers),
        context="users",
        topic_prefix=settings.topic_prefix,
        security=security_of(settings),
        load=nothing,
        group="shop-cards",
        connect_timeout_seconds=5,
    )
    await consumer.run(nothing)


@pytest.mark.parametrize(
    ("attempt", "right"),
    [
        (_append, "Write on topic {}users.events"),
        (_reply, "Write on topic {}replies"),
        (_send, "Write on topic {}users.commands"),
        (_look, "Describe on topic {}replies"),
        (_look_at_settings, "DescribeConfigs on topic {}users.events"),
        (_read, "Describe on topic {}users.commands.dlq"),
        (_start, "Describe on topic {}users.commands"),
        (_create, "Create on topic {}users.commands.new"),
        (_join, "Read on group {}annals-saga"),
        (_consume, "Read on group shop-cards"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
async def test_and_what_to_do(
    secured: SecuredSystem, attempt: Attempt, right: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.kafka.connection.REQUEST_TIMEOUT_SECONDS", 3.0)
    async with AsyncExitStack() as cleanup:
        with pytest.raises((Unavailable, PublishFailed, KafkaUnavailable)) as refused:
            await attempt(secured, secured.settings_of(Account.PROJECTION), cleanup)
    text = str(refused.value)
    assert f"the right {right.format(secured.owner.topic_prefix)} is missing" in text
    assert "`annals topics acls`" in text
    assert "may arrive" not in text


async def test_a_command_that_is_denied_disturbs_no_other(secured: SecuredSystem) -> None:
    """The producer goes on: it is not thrown away with what others have given it."""
    installation = Installation(Topics(secured.owner.topic_prefix), contexts())
    acls = acls_of(Role.PRODUCER, installation, context="orders", user="web")
    async with (
        secured.user("web", acls) as settings,
        command_client(settings, source="/tests", delivery_timeout_seconds=10, max_outstanding=10) as client,
    ):
        await client.send(CancelOrder(order_id="first"))
        assert client._sender is not None
        producer = client._sender._producer
        with pytest.raises(KafkaUnavailable, match=r"the right Write on topic .*users\.commands is missing"):
            await client.send(DeleteUser(user_id="ada"))
        await client.send(CancelOrder(order_id="second"))
        assert client._sender._producer is producer
