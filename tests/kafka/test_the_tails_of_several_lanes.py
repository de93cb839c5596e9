"""The lanes that a process is given at once stand still until their tails are read: so these are read together."""

import asyncio
from collections.abc import Collection
from typing import Any

import pytest

from infra.kafka import tails
from infra.kafka.event_log import KafkaEventLog
from tests.kafka.records import PARTITIONS, numbered
from workers.ports.lanes import Unavailable
from workers.ports.log import Tail


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tails each scan was to bring."""
    sizes: list[int] = []
    scan = tails._scan

    async def counted(reader: Any, requests: Collection[tails.TailRequest]) -> Any:
        sizes.append(len(requests))
        return await scan(reader, requests)

    monkeypatch.setattr(tails, "_scan", counted)
    return sizes


async def test_are_read_in_two_turns_however_many_they_are(
    event_log: KafkaEventLog, topic: str, scans: list[int]
) -> None:
    for partition in range(PARTITIONS):
        await event_log.append(topic, partition, [numbered(sequence) for sequence in range(1, 5 + partition)])
    wanted = [(partition, offset) for offset in (0, 1, 3, 99) for partition in range(PARTITIONS)]
    found = await asyncio.gather(*(event_log.tail(topic, partition, offset) for partition, offset in wanted))
    assert found == [
        Tail(4 + partition, 3 + partition, 4 + partition, shortened=offset == 99) for partition, offset in wanted
    ]
    assert len(scans) <= 2
    assert sum(scans) == len(wanted)


async def test_are_read_one_by_one_when_they_cannot_be_read_together(
    event_log: KafkaEventLog, topic: str, scans: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a topic that is missing would keep the lanes of all others from their tails."""
    await event_log.append(topic, 1, [numbered(1)])
    monkeypatch.setattr("infra.kafka.event_log.TAIL_TIMEOUT_SECONDS", 2.0)
    places = [(f"{topic}.unknown", 0), (topic, 0), (topic, 1), (topic, 2)]
    found = await asyncio.gather(*(event_log.tail(*place, 0) for place in places), return_exceptions=True)
    assert [type(tail) for tail in found] == [Unavailable, Tail, Tail, Tail]
    assert found[2] == Tail(1, 0, 1, shortened=False)


async def test_are_read_by_the_others_when_the_one_whose_turn_it_was_has_gone(
    event_log: KafkaEventLog, topic: str, scans: list[int]
) -> None:
    async with event_log._reading:
        first, *others = [asyncio.create_task(event_log.tail(topic, number, 0)) for number in range(PARTITIONS)]
        await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.gather(*others) == [Tail(0, -1, 0, shortened=False)] * len(others)
    assert first.cancelled()


async def test_fail_for_nobody_when_a_connection_could_not_be_made_beforehand(
    brokers_away: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.kafka.event_log.TAIL_TIMEOUT_SECONDS", 1.0)
    log = KafkaEventLog(brokers_away, signed_by=None)
    await log.connect("things")
    await log.stop()
