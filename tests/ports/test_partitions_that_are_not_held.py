"""What a member does to a partition that is not its own changes nothing, for it and for who holds the partition."""

from tests.kafka.records import PARTITIONS, numbered, sequences
from tests.ports.messaging import Member, Messaging
from tests.ports.test_subscription import EVERYTHING, fetching, shares
from tests.waiting import until
from workers.ports.log import Partition


async def test_a_partition_that_is_not_there_is_left_alone_and_the_others_are_read_on(messaging: Messaging) -> None:
    alone, elsewhere = messaging.member("alone"), messaging.partition(PARTITIONS + 5)
    await messaging.event_log.append(messaging.topic, 0, [numbered(number) for number in (1, 2, 3)])
    await alone.start()
    await alone.holds(PARTITIONS)
    alone.open()
    calls = list(alone.rebalances)
    _touch(alone, elsewhere)
    await alone.subscription.commit_group_offsets({elsewhere: 3})
    assert await alone.subscription.reach([elsewhere]) == {}
    fetched = await alone.fetched(3)
    assert (list(fetched), sequences(fetched[0])) == ([0], [1, 2, 3])
    assert alone.rebalances == calls
    assert shares(alone) == EVERYTHING


async def test_a_partition_that_another_holds_is_left_alone(messaging: Messaging) -> None:
    first, second = messaging.member("first"), messaging.member("second")
    await first.start()
    await first.holds(PARTITIONS)
    async with fetching(first):
        await second.start()

        async def shared() -> bool:
            return shares(first, second) == EVERYTHING and bool(first.partitions) and bool(second.partitions)

        await until(shared, "each has its share")
    partition = min(second.partitions)
    _touch(first, partition)
    await first.subscription.commit_group_offsets({partition: 2})
    await messaging.event_log.append(messaging.topic, partition.partition, [numbered(number) for number in (1, 2, 3)])
    assert await first.subscription.reach([partition]) == {}
    second.open()
    fetched = await second.fetched(3)
    assert (list(fetched), sequences(fetched[partition.partition])) == ([partition.partition], [1, 2, 3])
    async with fetching(first) as came:
        await second.subscription.stop()
        await first.holds(PARTITIONS)
        assert came == [], "what it has resumed before was not its own"
    first.subscription.resume(partition)
    assert sequences((await first.fetched(3))[partition.partition]) == [1, 2, 3], "the group stands where it stood"


def _touch(member: Member, partition: Partition) -> None:
    member.subscription.seek(partition, 1)
    member.subscription.pause(partition)
    member.subscription.resume(partition)
