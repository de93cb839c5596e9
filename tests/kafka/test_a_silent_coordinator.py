"""A group coordinator that does not answer delays no lane: the commit of group offsets is only a hint."""

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition

from infra.kafka.subscription import KafkaSubscription
from infra.settings import Settings
from workers.ports.log import Partition


async def test_the_commit_of_group_offsets_is_given_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.kafka.subscription.COMMIT_TIMEOUT_SECONDS", 0.05)
    subscription = KafkaSubscription(settings, group="hinting", topics=["users.commands"])
    asked = asyncio.Event()

    async def silence(_: Any) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(subscription._consumer, "assignment", lambda: {TopicPartition("users.commands", 0)})
    monkeypatch.setattr(subscription._consumer, "commit", silence)
    async with asyncio.timeout(10):
        await subscription.commit_group_offsets({Partition("users.commands", 0): 7})
    assert asked.is_set()
    await subscription.stop()
