"""A client of aiokafka whose metadata task has ended never learns of topics and leaders again: it is replaced."""

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from contracts.client.connection import PLAINTEXT, broker_options
from contracts.client.errors import KafkaUnavailable
from contracts.client.sender import Sender
from infra.kafka.message_sender import KafkaMessageSender
from infra.kafka.subscription import KafkaSubscription
from infra.settings import Settings
from tests.waiting import until
from workers.ports.log import OutboundRecord, SubscriptionLost


async def test_a_subscription_says_that_it_is_lost(settings: Settings, topic: str) -> None:
    async def nothing(_: object) -> None: ...

    subscription = KafkaSubscription(settings, group="g", topics=[topic])
    await subscription.start(nothing, nothing)
    try:
        await subscription.fetch(0.1)
        subscription._consumer._client._sync_task.cancel()
        await until(_ended(subscription._consumer._client), "the task has ended")
        with pytest.raises(SubscriptionLost):
            await subscription.fetch(0.1)
    finally:
        await subscription.stop()


async def test_a_sender_of_messages_takes_another_producer(sender: KafkaMessageSender, topic: str) -> None:
    message = [(topic, 0, OutboundRecord(b"key", b"{}", []))]
    await sender.send(message)
    former = sender._producer
    assert isinstance(former, AIOKafkaProducer)
    former.client._sync_task.cancel()
    await until(_ended(former.client), "the task has ended")
    sender._discard_after(KafkaConnectionError("the connection broke"), former)
    assert sender._producer is None
    await sender.send(message)


async def test_a_clients_sender_takes_another_producer(settings: Settings) -> None:
    assert settings.kafka_bootstrap_servers is not None
    sender = Sender(broker_options(settings.kafka_bootstrap_servers, PLAINTEXT, 1.0), 1.0)
    sender.start()
    try:
        await until(_answers(sender), "it is connected")
        former = sender._producer
        assert former is not None
        former.client._sync_task.cancel()
        await until(_ended(former.client), "the task has ended")
        await until(_answers(sender), "another one answers")
        assert sender._producer is not former
    finally:
        await sender.stop()


def _ended(client: object):  # type: ignore[no-untyped-def]
    async def ended() -> bool:
        return bool(client._sync_task.done())  # type: ignore[attr-defined]

    return ended


def _answers(sender: Sender):  # type: ignore[no-untyped-def]
    async def answers() -> bool:
        try:
            await sender.check()
        except KafkaUnavailable:
            return False
        return True

    return answers
