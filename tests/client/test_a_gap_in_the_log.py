"""A reader passes no gap in silence: it holds back, looks, waits, and then its caller decides."""

import asyncio

import pytest

from contracts.client.errors import EventsMissing
from contracts.client.event_reader import EventReader, ReadPosition
from contracts.client.ordered_log import GapStep, pass_gap, wait_for_gap
from infra.settings import Settings
from tests.client.broker_on_script import BrokerOnScript
from tests.client.test_readers_on_a_broker_in_trouble import Reading, write_event
from tests.client.test_the_event_log_is_read import first, reader_for, sequences_of, write


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test can sit out."""
    for name in ("event_reader.POLL_SECONDS", "event_reader.RETRY_SECONDS", "ordered_log.GAP_CHECK_SECONDS"):
        monkeypatch.setattr(f"contracts.client.{name}", 0.05)


def reading_with(broker: BrokerOnScript, **options: object) -> Reading:
    reading = Reading(broker)
    reading.reader = EventReader("nowhere:9", context="users", **options)  # type: ignore[arg-type]
    return reading


async def test_an_event_that_comes_late_is_given_in_its_order(kafka: Settings) -> None:
    await write(kafka, 0, [1, 3, 2, 5, 6, 4])
    reader = reader_for(kafka)
    assert sequences_of(await first(reader, 6), 0) == [1, 2, 3, 4, 5, 6]
    assert reader.positions[0] == ReadPosition(6, 6)


async def test_a_reader_that_ended_at_a_gap_goes_on_once_it_is_repaired(kafka: Settings) -> None:
    await write(kafka, 0, [1, 2, 4, 5])
    reader = reader_for(kafka, gap_wait_seconds=0.2)
    with pytest.raises(EventsMissing) as missing:
        await first(reader, 5)
    assert (missing.value.first, missing.value.last) == (3, 3)
    assert reader.positions[0] == ReadPosition(2, 2)
    await write(kafka, 0, [3])
    assert sequences_of(await first(reader_for(kafka, positions=reader.positions), 3), 0) == [3, 4, 5]


async def test_the_other_partitions_go_on_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = BrokerOnScript("users.events", partitions=2)
    for partition, sequence in ((0, 1), (0, 3), (1, 1)):
        write_event(broker, partition, sequence)
    async with reading_with(broker, on_gap=wait_for_gap).going_on(monkeypatch) as reading:
        await reading.has((0, 1), (1, 1))
        write_event(broker, 1, 2)
        await reading.has((0, 1), (1, 1), (1, 2))
        write_event(broker, 0, 2)
        await reading.has((0, 1), (1, 1), (1, 2), (0, 2), (0, 3))


async def test_waiting_is_no_busy_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = BrokerOnScript("users.events")
    for sequence in (1, 3):
        write_event(broker, 0, sequence)
    async with reading_with(broker, on_gap=wait_for_gap).going_on(monkeypatch) as reading:
        await reading.has((0, 1))
        fetches, checks = broker.fetches, broker.checks
        await asyncio.sleep(1)
        assert broker.fetches - fetches < 30
        assert broker.checks - checks < 30
        assert len(broker.seeks) == 2, "at the start, and once to look from the first record on"


async def test_the_caller_is_asked_again_after_each_wait_and_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = BrokerOnScript("users.events")
    for sequence in (1, 4, 7):
        write_event(broker, 0, sequence)
    asked: list[tuple[int, int]] = []

    def third_time_over(missing: EventsMissing) -> GapStep:
        asked.append((missing.first, missing.last))
        return GapStep.WAIT if len(asked) < 3 else GapStep.GO_ON

    async with reading_with(broker, on_gap=third_time_over, gap_wait_seconds=0.1).going_on(monkeypatch) as reading:
        await reading.has((0, 1), (0, 4), (0, 7))
    assert asked == [(2, 3), (2, 3), (2, 3), (5, 6)]


async def test_without_a_wait_nothing_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = BrokerOnScript("users.events")
    for sequence in (1, 3, 6):
        write_event(broker, 0, sequence)
    async with reading_with(broker, on_gap=pass_gap, gap_wait_seconds=0).going_on(monkeypatch) as reading:
        await reading.has((0, 1), (0, 3), (0, 6))
    assert len(broker.seeks) == 1


async def test_a_gap_wider_than_what_is_held_back_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contracts.client.ordered_log.MAX_HELD_EVENTS", 3)
    broker = BrokerOnScript("users.events")
    for sequence in (1, *range(5, 40), *range(2, 5)):
        write_event(broker, 0, sequence)
    async with reading_with(broker).going_on(monkeypatch) as reading:
        await reading.has(*[(0, sequence) for sequence in range(1, 40)])
        assert [sequence for _, sequence in reading.positions] == list(range(1, 40))
