"""Runs the consumer of a service in a test, and looks at what the service has stored."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from contracts.client.event_consumer import EventConsumer, Handle
from infra.settings import Settings
from tests.client.services.into_sqlite import IntoSqlite
from tests.waiting import until


def consumer_for(settings: Settings, **options: Any) -> EventConsumer:
    return EventConsumer(
        str(settings.kafka_bootstrap_servers), context="users", topic_prefix=settings.topic_prefix, **options
    )


@asynccontextmanager
async def running(consumer: EventConsumer, handle: Handle) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(consumer.run(handle))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})


def seen(service: IntoSqlite, partition: int = 0) -> list[int]:
    rows = service.database.execute("SELECT sequence FROM seen WHERE partition = ? ORDER BY number", (partition,))
    return [sequence for (sequence,) in rows]


async def has_seen(service: IntoSqlite, expected: Sequence[int], partition: int = 0) -> None:
    async def so() -> bool:
        return seen(service, partition)[: len(expected) + 1] == list(expected)

    await until(so, f"{expected} are stored (now: {seen(service, partition)})", seconds=40)


@pytest.fixture
def short_delays_of_a_consumer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of an `EventConsumer` that a test can sit out."""
    monkeypatch.setattr("contracts.client.event_consumer.POLL_SECONDS", 0.05)
    monkeypatch.setattr("contracts.client.event_consumer.RETRY_SECONDS", 0.05)
    monkeypatch.setattr("contracts.client.ordered_log.GAP_CHECK_SECONDS", 0.05)
