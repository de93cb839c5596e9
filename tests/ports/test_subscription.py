"""Members of a group share its partitions. Each learns in order what it gives up and gets; records come in order.

A member fetches all the time: so do these, and nothing else moves a rebalance on.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.kafka.records import PARTITIONS, numbered, sequences
from tests.ports.messaging import Member, Messaging
from tests.waiting import until
from workers.ports.log import Extent

EVERYTHING = list(range(PARTITIONS))


@asynccontextmanager
async def fetching(*members: Member) -> AsyncIterator[list[int]]:
    """Members that fetch as long as the block runs; the numbers of the partitions from which records came."""
    came: list[int] = []

    async def fetch(member: Member) -> None:
        while True:
            came.extend(partition.partition for partition in await member.subscription.fetch(0.1))

    tasks = [asyncio.create_task(fetch(member)) for member in members]
    try:
        yield came
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def shares(*members: Member) -> list[int]:
    """The partitions that the members hold, each as often as it is held."""
    return sorted(partition.partition for member in members for partition in member.partitions)


async def test_a_lone_member_gets_everything(messaging: Messaging) -> None:
    alone = messaging.member("alone")
    await alone.start()
    await alone.holds(PARTITIONS)
    assert alone.rebalances[-1] == ("assigned", EVERYTHING)
    assert alone.rebalances[:-1] in ([], [("revoked", [])])


async def test_new_partitions_are_paused_until_they_are_resumed(messaging: Messaging) -> None:
    await messaging.event_log.append(messaging.topic, 0, [numbered(1)])
    alone = messaging.member("alone")
    await alone.start()
    await alone.holds(PARTITIONS)
    for _ in range(3):
        assert await alone.subscription.fetch(0.2) == {}
    alone.open()
    assert sequences((await alone.fetched(1))[0]) == [1]


async def test_reading_begins_at_the_offset_and_goes_on_in_order(messaging: Messaging) -> None:
    for first in (1, 501):
        await messaging.event_log.append(messaging.topic, 1, [numbered(number) for number in range(first, first + 500)])
    alone = messaging.member("alone")
    await alone.start()
    await alone.holds(PARTITIONS)
    alone.open(offset=10)
    records = (await alone.fetched(990))[1]
    assert sequences(records) == list(range(11, 1001))
    assert [record.offset for record in records] == list(range(10, 1000))
    await messaging.event_log.append(messaging.topic, 1, [numbered(1001)])
    assert sequences((await alone.fetched(1))[1]) == [1001]


async def test_a_fetch_returns_as_soon_as_there_is_something(messaging: Messaging) -> None:
    alone = messaging.member("alone")
    await alone.start()
    await alone.holds(PARTITIONS)
    alone.open()
    waiting = asyncio.create_task(_first(alone))
    await messaging.event_log.append(messaging.topic, 2, [numbered(1)])
    async with asyncio.timeout(20):
        assert await waiting == [1]


async def _first(member: Member) -> list[int]:
    while not (fetched := await member.subscription.fetch(60.0)):
        pass
    return [sequence for records in fetched.values() for sequence in sequences(records)]


async def test_a_paused_partition_goes_on_where_it_stopped(messaging: Messaging) -> None:
    alone, place = messaging.member("alone"), messaging.partition(0)
    await messaging.event_log.append(messaging.topic, 0, [numbered(number) for number in range(1, 11)])
    await alone.start()
    await alone.holds(PARTITIONS)
    alone.open()
    seen = sequences((await alone.fetched(10))[0])
    alone.subscription.pause(place)
    await messaging.event_log.append(messaging.topic, 0, [numbered(number) for number in range(11, 21)])
    await messaging.event_log.append(messaging.topic, 1, [numbered(1)])
    assert list(await alone.fetched(1)) == [1]
    alone.subscription.resume(place)
    assert seen + sequences((await alone.fetched(10))[0]) == list(range(1, 21))


async def test_a_sought_offset_is_read_again(messaging: Messaging) -> None:
    alone = messaging.member("alone")
    await messaging.event_log.append(messaging.topic, 0, [numbered(number) for number in range(1, 11)])
    await alone.start()
    await alone.holds(PARTITIONS)
    alone.open()
    await alone.fetched(10)
    alone.subscription.seek(messaging.partition(0), 7)
    assert sequences((await alone.fetched(3))[0]) == [8, 9, 10]


async def test_an_offset_that_the_log_does_not_have_any_more_is_read_from_the_start(messaging: Messaging) -> None:
    alone = messaging.member("alone")
    await messaging.event_log.append(messaging.topic, 0, [numbered(number) for number in (1, 2, 3)])
    await alone.start()
    await alone.holds(PARTITIONS)
    alone.open(offset=1000)
    assert sequences((await alone.fetched(3))[0]) == [1, 2, 3]


async def test_its_reach_is_where_it_reads_on_and_where_the_log_ends(messaging: Messaging) -> None:
    alone = messaging.member("alone")
    await messaging.event_log.append(messaging.topic, 0, [numbered(number) for number in (1, 2, 3)])
    await alone.start()
    await alone.holds(PARTITIONS)
    first, second = messaging.partition(0), messaging.partition(1)
    alone.open(offset=0)
    alone.subscription.pause(first)
    alone.subscription.seek(first, 1)
    reached = await alone.subscription.reach([first, second])
    assert {partition: (reach.position, *reach.extent[1:3]) for partition, reach in reached.items()} == {
        first: (1, 0, 3),
        second: (0, 0, 0),
    }
    assert await alone.subscription.reach([messaging.partition(PARTITIONS)]) == {}


async def test_who_does_not_seek_begins_where_the_group_was_said_to_be(messaging: Messaging) -> None:
    await messaging.event_log.append(messaging.topic, 0, [numbered(number) for number in range(1, 11)])
    first, second = messaging.member("first"), messaging.member("second")
    await first.start()
    await first.holds(PARTITIONS)
    await first.subscription.commit_group_offsets({messaging.partition(0): 8})
    await first.subscription.stop()
    await second.start()
    await second.holds(PARTITIONS)
    for partition in second.partitions:
        second.subscription.resume(partition)
    assert sequences((await second.fetched(2))[0]) == [9, 10]


async def test_a_second_member_gets_its_share_after_the_first_has_given_it_up(messaging: Messaging) -> None:
    first, second = messaging.member("first"), messaging.member("second")
    await first.start()
    await first.holds(PARTITIONS)
    async with fetching(first):
        await second.start()

        async def shared() -> bool:
            return shares(first, second) == EVERYTHING and bool(first.partitions) and bool(second.partitions)

        await until(shared, "each has its share")
    kept = sorted(partition.partition for partition in first.partitions)
    assert first.rebalances[-3:] == [("assigned", EVERYTHING), ("revoked", EVERYTHING), ("assigned", kept)]


async def test_a_member_that_leaves_gives_its_partitions_back(messaging: Messaging) -> None:
    first, second = messaging.member("first"), messaging.member("second")
    await first.start()
    async with fetching(first):
        await second.start()
        await first.holds(PARTITIONS - len(second.partitions))
        await second.subscription.stop()
        await first.holds(PARTITIONS)
    assert first.rebalances[-1] == ("assigned", EVERYTHING)


async def test_a_silent_member_is_evicted_and_goes_on_reading_until_it_learns_of_it(messaging: Messaging) -> None:
    sleeper, other = messaging.member("sleeper"), messaging.member("other")
    await sleeper.start()
    await sleeper.holds(PARTITIONS)
    sleeper.open()
    calls = list(sleeper.rebalances)
    await sleeper.sleep()
    async with fetching(sleeper) as came:
        async with asyncio.timeout(40):
            await other.start()
        await other.holds(PARTITIONS)
        await messaging.event_log.append(messaging.topic, 0, [numbered(1)])

        async def read() -> bool:
            return 0 in came

        await until(read, "what it has lost is delivered to it")
        assert sleeper.rebalances == calls
        await sleeper.wake()
        async with fetching(other):

            async def back() -> bool:
                return shares(sleeper, other) == EVERYTHING and bool(sleeper.partitions) and bool(other.partitions)

            await until(back, "it is a member again")
    assert sleeper.rebalances[len(calls)] == ("revoked", EVERYTHING)
    assert sleeper.rebalances[-1][0] == "assigned"


async def test_what_a_listener_raises_ends_nothing(messaging: Messaging) -> None:
    alone, second = messaging.member("alone"), messaging.member("second")
    alone.raises = True
    await messaging.event_log.append(messaging.topic, 0, [numbered(1)])
    await alone.start()
    await alone.holds(PARTITIONS)
    async with fetching(alone):
        await second.start()
        await second.subscription.stop()
        await alone.holds(PARTITIONS)
    alone.open()
    assert sequences((await alone.fetched(1))[0]) == [1]


async def test_there_is_no_hole_where_records_stand(messaging: Messaging) -> None:
    alone = messaging.member("alone")
    await messaging.event_log.append(messaging.topic, 0, [numbered(number) for number in (1, 2, 3)])
    await alone.start()
    await alone.holds(PARTITIONS)
    assert await alone.subscription.hole(messaging.partition(0), 0, 3) is None
    assert await alone.subscription.hole(messaging.partition(0), 1, 2) is None


async def test_extents_tell_from_where_to_where_each_partition_reaches(messaging: Messaging) -> None:
    alone = messaging.member("alone")
    await messaging.event_log.append(messaging.topic, 0, [numbered(number) for number in (1, 2, 3)])
    await alone.start()
    await alone.holds(PARTITIONS)
    state = await messaging.event_log.topic(messaging.topic)
    first, second, nowhere = messaging.partition(0), messaging.partition(1), messaging.partition(PARTITIONS)
    assert await alone.subscription.extents([first, second, nowhere]) == {
        first: Extent(state, 0, 3, leader_epoch=0),
        second: Extent(state, 0, 0, leader_epoch=0),
    }
    assert alone.subscription.absent == frozenset()
