"""A kept position holds an offset of one topic: in another of the same name, its sequence is what counts."""

import logging

import pytest

from contracts.client.event_reader import EventReader, ReadPosition
from contracts.client.ordered_log import pass_gap
from tests.client.broker_on_script import BrokerOnScript
from tests.client.test_readers_on_a_broker_in_trouble import Reading, write_event


@pytest.fixture(autouse=True)
def enabled_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that another test uses may have turned off the loggers that it found."""
    monkeypatch.setattr(logging.getLogger("contracts.client.ordered_log"), "disabled", False)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """By the reader itself, as an error."""
    return [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


def standing_at(broker: BrokerOnScript, position: ReadPosition | None) -> Reading:
    reading = Reading(broker)
    positions = {0: position} if position else {}
    reading.reader = EventReader(
        "nowhere:9", context="users", positions=positions, on_gap=pass_gap, gap_wait_seconds=0.1
    )
    return reading


async def test_none_is_passed_over_though_the_kept_offset_lies_behind_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The former log had late repeats, so its offsets were higher than those of the log that the table has filled."""
    broker = BrokerOnScript("users.events")
    for sequence in range(1, 8):
        write_event(broker, 0, sequence)
    async with standing_at(broker, ReadPosition(2, 5)).going_on(monkeypatch) as reading:
        await reading.has(*[(0, sequence) for sequence in range(3, 8)])
        assert reading.reader.positions == {0: ReadPosition(7, 7)}
    assert broker.seeks == [(0, 5), (0, 0)]


async def test_what_stands_before_the_offset_is_not_asked_for_when_nothing_was_read(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A reader that wants the last few events, or only those to come, begins at an offset."""
    broker = BrokerOnScript("users.events")
    for sequence in range(1, 8):
        write_event(broker, 0, sequence)
    async with standing_at(broker, ReadPosition(0, 5)).going_on(monkeypatch) as reading:
        await reading.has((0, 6), (0, 7))
    assert broker.seeks == [(0, 5)]
    assert said(caplog) == []


async def test_a_log_that_lacks_its_beginning_is_read_and_what_it_lacks_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broker = BrokerOnScript("users.events")
    for sequence in (4, 5):
        write_event(broker, 0, sequence)
    async with standing_at(broker, None).going_on(monkeypatch) as reading:
        await reading.has((0, 4), (0, 5))
    (message,) = said(caplog)
    assert "users.events/0: the log lacks the events 1 to 3" in message


async def test_a_sequence_that_the_log_does_not_have_is_looked_for_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broker = BrokerOnScript("users.events")
    for sequence in (1, 2, 5, 6):
        write_event(broker, 0, sequence)
    async with standing_at(broker, ReadPosition(2, 2)).going_on(monkeypatch) as reading:
        await reading.has((0, 5), (0, 6))
        write_event(broker, 0, 7)
        await reading.has((0, 5), (0, 6), (0, 7))
    assert ["the log lacks the events 3 to 4" in message for message in said(caplog)] == [True]
    assert broker.seeks == [(0, 2), (0, 0)]
