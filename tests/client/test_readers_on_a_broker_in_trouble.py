"""Replies and events reach every caller that waits for them, though connections break and consumers fall silent."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

import pytest
from aiokafka.errors import KafkaConnectionError

from contracts.client.event_reader import EventReader, ReadPosition
from contracts.client.replies import Replies
from contracts.envelope import EventEnvelope
from contracts.outcome import Outcome
from contracts.users.examples import ADA_CREATED, USER_ID
from tests.client.broker_on_script import BrokerOnScript
from tests.waiting import until

COMMAND_ID = "0198c0de-ada0-7000-8000-00000000c0de"
PATIENCE_SECONDS = 5.0


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test can sit out."""
    for module, names in {
        "replies": {"POLL_SECONDS": 0.01, "STALLED_SECONDS": 0.1, "RETRY_SECONDS": 0.01},
        "event_reader": {"POLL_SECONDS": 0.01, "CHECK_INTERVAL_SECONDS": 0.05, "RETRY_SECONDS": 0.01},
        "ordered_log": {"GAP_CHECK_SECONDS": 0.01},
    }.items():
        for name, seconds in names.items():
            monkeypatch.setattr(f"contracts.client.{module}.{name}", seconds)


@asynccontextmanager
async def replies_from(broker: BrokerOnScript, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Replies]:
    monkeypatch.setattr("contracts.client.replies.Consumer", broker.consumer)

    async def partitions(_: str) -> list[int]:
        return sorted(broker.records)

    replies = Replies({}, broker.topic, partitions)
    replies.start()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await replies.address()
        yield replies
    finally:
        await replies.stop()


def answer(broker: BrokerOnScript, command_id: str = COMMAND_ID, digest: str | None = None) -> None:
    outcome = Outcome(
        command_id=command_id,
        type="users.CreateUser.v1",
        status="accepted",
        stream_id=USER_ID,
        stream_version=1,
        partition=0,
        sequence=1,
        events=(),
        error=None,
        correlation_id=command_id,
        handled_at=datetime.now(UTC),
        content_digest=digest,
    )
    broker.write(0, command_id.encode(), outcome.to_json())


async def outcome_of(future: "asyncio.Future[Outcome]") -> str:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return (await future).command_id


@contextmanager
def several(replies: Replies, count: int) -> Iterator[list["asyncio.Future[Outcome]"]]:
    """So many who ask under one id."""
    if not count:
        yield []
        return
    with replies.expecting(COMMAND_ID) as future, several(replies, count - 1) as others:
        yield [future, *others]


async def test_all_who_ask_under_one_id_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = BrokerOnScript("replies")
    async with replies_from(broker, monkeypatch) as replies:
        with several(replies, 3) as futures:
            answer(broker)
            assert [await outcome_of(future) for future in futures] == [COMMAND_ID] * 3


async def test_each_of_several_replies_that_come_at_once_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = BrokerOnScript("replies")
    other_id = "0198c0de-ada0-7000-8000-000000000001"
    async with replies_from(broker, monkeypatch) as replies:
        with replies.expecting(COMMAND_ID) as first, replies.expecting(other_id) as second:
            answer(broker, other_id)
            answer(broker, COMMAND_ID)
            assert await outcome_of(first) == COMMAND_ID
            assert await outcome_of(second) == other_id


async def test_who_still_asks_is_answered_when_another_under_the_same_id_has_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = BrokerOnScript("replies")
    async with replies_from(broker, monkeypatch) as replies:
        with replies.expecting(COMMAND_ID) as future:
            with replies.expecting(COMMAND_ID):
                pass
            answer(broker)
            assert await outcome_of(future) == COMMAND_ID


async def test_no_reply_is_skipped_or_read_twice_over_a_lost_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = BrokerOnScript("replies")
    answer(broker, "0198c0de-ada0-7000-8000-000000000001")  # before a caller asked
    async with replies_from(broker, monkeypatch) as replies:
        for number in range(2, 6):
            command_id = f"0198c0de-ada0-7000-8000-{number:012d}"
            with replies.expecting(command_id) as future:
                broker.faults.append(KafkaConnectionError("lost for the test"))
                answer(broker, command_id)
                assert await outcome_of(future) == command_id
    assert broker.opened == 5
    assert broker.seeks == [(0, 1), (0, 1), (0, 2), (0, 3), (0, 4)]


async def test_a_silent_reader_of_replies_is_replaced_while_a_caller_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = BrokerOnScript("replies")
    async with replies_from(broker, monkeypatch) as replies:
        broker.silent.add(0)
        with replies.expecting(COMMAND_ID) as future:
            answer(broker)
            assert await outcome_of(future) == COMMAND_ID
    assert broker.opened == 2
    assert broker.seeks == [(0, 0), (0, 0)]


def write_event(broker: BrokerOnScript, partition: int, sequence: int) -> None:
    identity = f"0198c0de-ada0-7000-8000-{partition:06d}{sequence:06d}"
    envelope = EventEnvelope(identity, ADA_CREATED.type, "/t", USER_ID, "", "c", "c", sequence, sequence)
    broker.write(partition, USER_ID.encode(), ADA_CREATED.to_json(), tuple(envelope.to_headers()))


class Reading:
    """What an `EventReader` on the broker has given so far, while it goes on in the background."""

    def __init__(self, broker: BrokerOnScript) -> None:
        self.broker = broker
        self.reader = EventReader("nowhere:9", context="users")
        self.positions: list[tuple[int, int]] = []

    @asynccontextmanager
    async def going_on(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator["Reading"]:
        monkeypatch.setattr("contracts.client.event_reader.Consumer", self.broker.consumer)
        task = asyncio.create_task(self._read())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _read(self) -> None:
        async for read in self.reader:
            self.positions.append((read.partition, read.envelope.sequence))

    async def has(self, *expected: tuple[int, int]) -> None:
        async def holds() -> bool:
            return sorted(self.positions) == sorted(expected)

        await until(holds, f"{expected} are read", seconds=PATIENCE_SECONDS, every=0.005)


async def test_a_silent_consumer_of_events_is_replaced_and_reading_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = BrokerOnScript("users.events")
    async with Reading(broker).going_on(monkeypatch) as reading:
        write_event(broker, 0, 1)
        await reading.has((0, 1))
        broker.silent.add(0)
        write_event(broker, 0, 2)
        await reading.has((0, 1), (0, 2))
        assert reading.reader.positions == {0: ReadPosition(2, 2)}
    assert broker.seeks == [(0, 0), (0, 1)]


async def test_a_partition_that_is_silent_beside_one_that_is_busy_is_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A consumer fetches from each broker by itself: one of them may have stopped delivering while others go on."""
    broker = BrokerOnScript("users.events", partitions=2)
    async with Reading(broker).going_on(monkeypatch) as reading:
        write_event(broker, 1, 1)
        await reading.has((1, 1))
        broker.silent.add(1)
        write_event(broker, 1, 2)

        async def busy() -> bool:
            write_event(broker, 0, len(broker.records[0]) + 1)
            return (1, 2) in reading.positions

        await until(busy, "the silent partition is read on", seconds=PATIENCE_SECONDS, every=0.01)
        assert [sequence for partition, sequence in reading.positions if partition == 0] == list(
            range(1, len([event for event in reading.positions if event[0] == 0]) + 1)
        )


async def test_a_consumer_that_has_nothing_to_read_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = BrokerOnScript("users.events", partitions=2)
    async with Reading(broker).going_on(monkeypatch) as reading:
        write_event(broker, 0, 1)
        await reading.has((0, 1))
        await fetched(broker, 40)
    assert broker.opened == 1


async def test_a_consumer_that_is_far_behind_and_goes_on_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = BrokerOnScript("users.events", partitions=2)
    broker.most = 1
    write_event(broker, 0, 1)
    broker.records[0] *= 1_000_000  # more than can be read in the time of this test
    async with Reading(broker).going_on(monkeypatch) as reading:
        await reading.has((0, 1))
        checks = broker.checks

        async def checked() -> bool:
            return broker.checks > checks + 4

        await until(checked, "it is looked after several times", seconds=PATIENCE_SECONDS)
        assert len(broker.records[0]) > broker.fetches, "there was always more to read"
    assert broker.opened == 1


async def fetched(broker: BrokerOnScript, times: int) -> None:
    """So many more fetches."""
    before = broker.fetches

    async def has_looked() -> bool:
        return broker.fetches > before + times

    await until(has_looked, "it goes on fetching", seconds=PATIENCE_SECONDS, every=0.01)
