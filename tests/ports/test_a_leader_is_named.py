"""Under which leader of its partition a record was written, and which leads now."""

from tests.kafka.records import PARTITIONS, numbered
from tests.ports.messaging import Messaging


async def test_a_record_says_under_which_leader_it_was_written(messaging: Messaging) -> None:
    alone = messaging.member("alone")
    await messaging.event_log.append(messaging.topic, 0, [numbered(number) for number in (1, 2, 3)])
    await alone.start()
    await alone.holds(PARTITIONS)
    alone.open(offset=0)
    (present,) = {record.leader_epoch for record in (await alone.fetched(3))[0]}
    extent = (await alone.subscription.extents([messaging.partition(0)]))[messaging.partition(0)]
    assert 0 <= present <= extent.leader_epoch
