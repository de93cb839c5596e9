"""A consumer whose driver ends a task of its own goes on; its caller is not cancelled.

Found in a group: a slow handler's heartbeat was leaving the group when another member joined. The heartbeat was
cancelled where nothing catches it, and the caller of `getmany` ended as if somebody had cancelled it.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.protocol.group import LeaveGroupRequest

from contracts.client.consumer import Consumer
from contracts.client.coordinator import LoneCoordinator, MemberCoordinator
from infra.kafka.topics import create_topics, topics_of
from infra.settings import Settings
from tests.waiting import until
from workers.domain import contexts

MAX_HANDLING_MILLISECONDS = 200


@pytest_asyncio.fixture
async def member(settings: Settings) -> AsyncIterator[Consumer]:
    """The only one of its group, with all partitions of a topic."""
    await create_topics(settings, topics_of(list(contexts()), settings))
    consumer = Consumer(
        f"{settings.topic_prefix}users.events",
        bootstrap_servers=str(settings.kafka_bootstrap_servers),
        group_id=f"{settings.topic_prefix}group",
        max_poll_interval_ms=MAX_HANDLING_MILLISECONDS,
        heartbeat_interval_ms=50,
    )
    await consumer.start()
    try:
        await has_places(consumer)
        yield consumer
    finally:
        await consumer.stop()


async def has_places(consumer: Consumer) -> None:
    async def polled() -> bool:
        await consumer.getmany(timeout_ms=50)
        return bool(consumer.assignment())

    await until(polled, "it has partitions")


async def test_of_a_heartbeat_that_is_leaving_the_group(member: Consumer) -> None:
    coordinator, leaving = member._coordinator, asyncio.Event()
    send = coordinator._send_req

    async def send_slowly(request: Any) -> Any:
        if isinstance(request, LeaveGroupRequest) and not leaving.is_set():
            leaving.set()
            await asyncio.Event().wait()
        return await send(request)

    coordinator._send_req = send_slowly
    async with asyncio.timeout(30):
        await leaving.wait()  # this is a handler that takes too long
    coordinator.request_rejoin()  # as when another member has joined

    async def ended() -> bool:
        return bool(coordinator._heartbeat_task is None or coordinator._coordination_task.done())

    await until(ended, "the heartbeat has ended")
    await has_places(member)
    assert not coordinator._coordination_task.done()


@pytest.mark.parametrize(
    ("coordinator_class", "name", "end"),
    [
        (MemberCoordinator, "_heartbeat_task", "_stop_heartbeat_task"),
        (MemberCoordinator, "_commit_refresh_task", "_stop_commit_offsets_refresh_task"),
        (LoneCoordinator, "_reset_committed_task", "close"),
    ],
    ids=["heartbeat", "refresh of offsets", "reset of offsets"],
)
@pytest.mark.parametrize("begun", [False, True], ids=["not begun", "begun"])
async def test_of_a_task(coordinator_class: Any, name: str, end: str, begun: bool) -> None:
    coordinator = coordinator_class.__new__(coordinator_class)
    task = asyncio.create_task(asyncio.sleep(60))
    setattr(coordinator, name, task)
    if begun:
        await asyncio.sleep(0)
    await getattr(coordinator, end)()
    assert task.cancelled()
    assert getattr(coordinator, name) is None


async def test_is_an_error_of_kafka_to_who_reads(member: Consumer, monkeypatch: pytest.MonkeyPatch) -> None:
    def check_errors() -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(member._coordinator, "check_errors", check_errors)
    with pytest.raises(KafkaError, match="a task of the consumer was cancelled"):
        await member.getmany(timeout_ms=100)


async def test_is_not_taken_for_one_that_was_asked_for(member: Consumer) -> None:
    reading = asyncio.create_task(member.getmany(TopicPartition("nowhere", 0), timeout_ms=60_000))
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading], timeout=10)
    assert reading.cancelled()
