"""`SharedInstances`: lanes of one process change an instance in turn, and need not read what one has written."""

import asyncio

import pytest

from tests.saga.greeting import Greeting
from workers.ports.sagas import InstanceKey
from workers.saga.instances import LoadedInstance
from workers.saga.shared_instances import MAX_INSTANCES, SharedInstances

ADA, BOB, CARL = (InstanceKey("greeting", name) for name in ("ada", "bob", "carl"))
VERSION_3 = LoadedInstance(3, Greeting(status="done"))


class Lane:
    """Holds its turn until it is told to end it."""

    def __init__(self, shared: SharedInstances, *keys: InstanceKey) -> None:
        self.has_turn, self.may_end = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(self._run(shared, keys))

    async def _run(self, shared: SharedInstances, keys: tuple[InstanceKey, ...]) -> None:
        async with shared.turn(keys):
            self.has_turn.set()
            await self.may_end.wait()

    async def end(self) -> None:
        self.may_end.set()
        await self.task


async def settled() -> None:
    """Everything that can go on has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_lane_waits_for_those_that_asked_before_for_one_of_its_instances() -> None:
    shared = SharedInstances()
    first, second = Lane(shared, ADA), Lane(shared, BOB)
    both, late = Lane(shared, BOB, ADA), Lane(shared, ADA)
    other = Lane(shared, CARL)
    await settled()
    assert [lane.has_turn.is_set() for lane in (first, second, both, late, other)] == [True, True, False, False, True]
    await first.end()
    await settled()
    assert not both.has_turn.is_set(), "the second still has bob"
    assert not late.has_turn.is_set(), "in the order of asking"
    await second.end()
    await settled()
    assert (both.has_turn.is_set(), late.has_turn.is_set()) == (True, False)
    await both.end()
    await late.end()
    await other.end()
    async with shared.turn([ADA, BOB, CARL]):
        pass


async def test_a_lane_that_fails_or_stops_waiting_lets_the_next_one_begin() -> None:
    shared = SharedInstances()
    with pytest.raises(KeyError):
        async with shared.turn([ADA]):
            raise KeyError("a bug")
    first, waiting = Lane(shared, ADA), Lane(shared, ADA, BOB)
    await settled()
    waiting.task.cancel()
    await settled()
    last = Lane(shared, BOB)
    await last.has_turn.wait()
    await last.end()
    await first.end()
    async with shared.turn([ADA, BOB]):
        pass


async def test_a_lane_that_has_waited_long_enough_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.saga.shared_instances.MAX_WAIT_SECONDS", 0.0)
    shared = SharedInstances()
    stuck, waiting = Lane(shared, ADA), Lane(shared, BOB, ADA)
    async with asyncio.timeout(5):
        await waiting.has_turn.wait()
    assert not stuck.task.done()
    await waiting.end()
    await stuck.end()
    async with shared.turn([ADA, BOB]):
        pass


def test_what_was_written_is_taken_once() -> None:
    shared = SharedInstances()
    shared.keep({ADA: VERSION_3})
    assert shared.take([ADA, BOB]) == {ADA: VERSION_3}
    assert shared.take([ADA, BOB]) == {}, "a lane that fails to write it leaves nothing behind"


def test_nothing_is_kept_when_a_lane_is_acquired() -> None:
    shared = SharedInstances()
    shared.keep({ADA: VERSION_3})
    shared.forget()
    assert shared.take([ADA]) == {}


def test_what_was_written_the_longest_time_ago_makes_room() -> None:
    shared = SharedInstances()
    keys = [InstanceKey("greeting", str(number)) for number in range(MAX_INSTANCES)]
    shared.keep(dict.fromkeys(keys, VERSION_3))
    shared.keep(shared.take(keys[:1]))
    shared.keep({ADA: VERSION_3})
    assert shared.take([keys[0], keys[1], ADA]) == {keys[0]: VERSION_3, ADA: VERSION_3}
