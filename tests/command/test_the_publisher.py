"""`Publisher`: in order, one append at a time, bounded.

Nothing is sent after a failure, and nothing by an owner that was away and is no longer the owner.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio

from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_WELCOMED
from tests.command.installation import EVENTS, LANE, Installation
from tests.lanes.recorded_rows import event_rows
from tests.waiting import until
from workers.command.publisher import AWAY_SECONDS, MAX_UNPUBLISHED_BATCHES, Publisher
from workers.ports.event_store import EventRow
from workers.ports.lanes import Fenced, Mark, Unavailable
from workers.ports.log import PublishFailed

ROWS = event_rows(ADA_CREATED, ADA_WELCOMED, *[ADA_MOVED_TO_TURIN] * 18)


@pytest.fixture
def installation() -> Installation:
    return Installation()


@pytest_asyncio.fixture
async def publisher(installation: Installation) -> AsyncIterator[Publisher]:
    """The publisher of a lane that is held."""
    grant = await installation.table.acquire(LANE, "tester")
    publisher = Publisher(LANE, grant.epoch, EVENTS, Mark(0, -1), installation.log, installation.table, time.monotonic)
    yield publisher
    publisher.abandon()


async def put(publisher: Publisher, rows: list[EventRow]) -> None:
    async with asyncio.timeout(5.0):
        await publisher.put(time.monotonic(), rows)


async def put_late(publisher: Publisher) -> None:
    """As after a pause between the commit and here."""
    async with asyncio.timeout(5.0):
        await publisher.put(time.monotonic() - AWAY_SECONDS - 1, ROWS[:4])
        await publisher.drained()


async def drained(publisher: Publisher) -> None:
    async with asyncio.timeout(5.0):
        await publisher.drained()


async def test_appends_batches_in_order_and_marks_the_last(installation: Installation, publisher: Publisher) -> None:
    for start in range(0, 20, 4):
        await put(publisher, ROWS[start : start + 4])
    await drained(publisher)
    assert installation.published_sequences == list(range(1, 21))
    assert publisher.mark == Mark(20, 19)
    assert installation.log.most_appending == 1, "an append must have ended before the next begins"


async def test_marks_only_what_is_acknowledged(installation: Installation, publisher: Publisher) -> None:
    await put(publisher, ROWS[:4])
    await drained(publisher)
    installation.log.open.clear()
    await put(publisher, ROWS[4:8])
    assert publisher.mark == Mark(4, 3)
    installation.log.open.set()
    await drained(publisher)
    assert publisher.mark == Mark(8, 7)


async def test_holds_up_the_lane_when_too_many_batches_wait(installation: Installation, publisher: Publisher) -> None:
    installation.log.open.clear()
    most = MAX_UNPUBLISHED_BATCHES + 1  # one is being appended
    for number in range(most):
        await put(publisher, [ROWS[number]])
        await asyncio.sleep(0)
    waiting = asyncio.create_task(publisher.put(time.monotonic(), [ROWS[most]]))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not waiting.done()
    installation.log.open.set()
    async with asyncio.timeout(5.0):
        await waiting
    await drained(publisher)
    assert installation.published_sequences == list(range(1, most + 2))


async def test_sends_nothing_after_a_failure_and_says_so_at_every_step(
    installation: Installation, publisher: Publisher
) -> None:
    installation.log.fails = True
    installation.log.open.clear()
    await put(publisher, ROWS[:4])
    await put(publisher, ROWS[4:8])
    installation.log.open.set()
    with pytest.raises(PublishFailed):
        await drained(publisher)
    installation.log.fails = False
    with pytest.raises(PublishFailed):
        await put(publisher, ROWS[8:12])
    with pytest.raises(PublishFailed):
        publisher.check()
    with pytest.raises(PublishFailed):
        await drained(publisher)
    assert installation.published == []
    assert publisher.mark == Mark(0, -1)


async def test_that_waits_for_room_learns_of_the_failure(installation: Installation, publisher: Publisher) -> None:
    installation.log.fails = True
    installation.log.open.clear()

    async def put_all() -> None:
        for row in ROWS:
            await publisher.put(time.monotonic(), [row])

    putting = asyncio.create_task(put_all())
    await asyncio.sleep(0)
    installation.log.open.set()
    with pytest.raises(PublishFailed):
        async with asyncio.timeout(5.0):
            await putting


async def test_does_not_ask_for_the_lane_right_after_the_commit(
    installation: Installation, publisher: Publisher
) -> None:
    await put(publisher, ROWS[:4])
    await drained(publisher)
    assert "holds" not in installation.journal


async def test_that_was_away_asks_whether_the_lane_is_still_held(
    installation: Installation, publisher: Publisher
) -> None:
    await put_late(publisher)
    assert installation.journal == ["acquire", "holds", "append"]
    assert installation.published_sequences == [1, 2, 3, 4]


async def test_that_was_away_and_replaced_sends_nothing(installation: Installation, publisher: Publisher) -> None:
    await installation.table.acquire(LANE, "another")
    with pytest.raises(Fenced) as fenced:
        await put_late(publisher)
    assert (fenced.value.lane, fenced.value.epoch) == (LANE, 1)
    assert installation.published == []


async def test_that_was_away_sends_nothing_while_it_cannot_ask(
    installation: Installation, publisher: Publisher
) -> None:
    installation.table.line.away = True
    with pytest.raises(Unavailable):
        await put_late(publisher)
    assert installation.published == []


async def test_that_is_dropped_sends_nothing_more(installation: Installation, publisher: Publisher) -> None:
    installation.log.open.clear()
    await put(publisher, ROWS[:4])
    await put(publisher, ROWS[4:8])

    async def appending() -> bool:
        return installation.log.appending == 1

    await until(appending, "the first batch is on its way", seconds=5.0, every=0.002)
    publisher.abandon()
    installation.log.open.set()

    async def given_up() -> bool:
        return installation.log.appending == 0

    await until(given_up, "the append is given up", seconds=5.0, every=0.002)
    assert installation.published == []


async def test_is_broken_when_the_log_goes_on_before_what_it_had_written(
    installation: Installation, publisher: Publisher
) -> None:
    await put(publisher, ROWS[:8])
    await drained(publisher)
    mark = publisher.mark
    installation.log.partitions[EVENTS, 0].clear()  # recreated, or cut short by the broker
    with pytest.raises(PublishFailed, match=f"{EVENTS}/0 continued at offset 3, not after 7: the log was"):
        await publisher.publish(time.monotonic(), ROWS[8:12])
    assert publisher.mark == mark, "the next owner looks from where this one was sure"


async def test_that_is_cut_short_by_a_drivers_own_task_has_failed(
    installation: Installation, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CancelledError that was not meant for the lane: raised to it, it would end the lane without a word."""

    async def cut_short(*_: object) -> int:
        raise asyncio.CancelledError

    monkeypatch.setattr(installation.log, "append", cut_short)
    with suppress(PublishFailed):  # now or later
        await put(publisher, ROWS[:4])
    with pytest.raises(PublishFailed):
        await drained(publisher)
    with pytest.raises(PublishFailed):
        publisher.check()
