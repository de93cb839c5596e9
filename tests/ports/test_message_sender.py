"""Messages for others arrive where their key belongs, as they were given; posts arrive in order or are counted."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from contracts.partitioner import partition_for
from tests.kafka.records import PARTITIONS
from tests.ports.messaging import Messaging
from tests.waiting import until
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord


def plain(value: bytes) -> OutboundRecord:
    return OutboundRecord(b"key", value, [])


async def test_delivers_by_the_key_as_the_partitioner_has_it(messaging: Messaging) -> None:
    sent = [OutboundRecord(f"user-{number}".encode(), b"%d" % number, []) for number in range(60)]
    await messaging.sender.send([(messaging.topic, None, record) for record in sent])
    expected: dict[int, list[bytes | None]] = {partition: [] for partition in range(PARTITIONS)}
    for record in sent:
        expected[partition_for(record.key or b"", PARTITIONS)].append(record.value)
    assert all(expected.values())
    log = await messaging.read()
    assert {partition: [record.value for record in records] for partition, records in log.items()} == expected


async def test_delivers_to_the_chosen_partition_in_order(messaging: Messaging) -> None:
    await messaging.sender.send([(messaging.topic, number % PARTITIONS, plain(b"%d" % number)) for number in range(30)])
    for partition, records in (await messaging.read()).items():
        assert [int(record.value or b"") for record in records] == list(range(partition, 30, PARTITIONS))


async def test_what_many_lanes_deliver_at_once_arrives_once_and_in_the_order_of_each(messaging: Messaging) -> None:
    lanes = [[plain(b"%d %d" % (lane, number)) for number in range(5)] for lane in range(20)]
    delivered = [messaging.sender.send([(messaging.topic, 1, record) for record in records]) for records in lanes]
    unknown = messaging.sender.send([(messaging.topic, PARTITIONS + 7, plain(b"lost"))])
    *done, failed = await asyncio.gather(*delivered, unknown, return_exceptions=True)
    assert done == [None] * len(lanes)
    assert isinstance(failed, Unavailable)
    values = [bytes(record.value or b"").split() for record in (await messaging.read())[1]]
    assert len(values) == 100
    for lane in range(20):
        assert [int(number) for name, number in values if int(name) == lane] == list(range(5))


@pytest.mark.parametrize(
    "record",
    [
        OutboundRecord(None, None, []),
        OutboundRecord(b"key", None, [("dlq_reason", b"NoJson")]),
        OutboundRecord(None, b"", [("same", b"1"), ("same", b"2"), ("empty", b""), ("bytes", b"\x00\xff")]),
        OutboundRecord(b"\xff\x00", b"\x00\xfe", (("ce_id", b"1"),)),
    ],
    ids=["nothing at all", "no value", "headers of one name", "bytes that are no text"],
)
async def test_keeps_keys_values_and_headers(messaging: Messaging, record: OutboundRecord) -> None:
    await messaging.sender.send([(messaging.topic, 1, record)])
    (delivered,) = (await messaging.read())[1]
    assert (delivered.key, delivered.value, list(delivered.headers)) == (record.key, record.value, list(record.headers))


async def test_delivers_nothing_quietly(messaging: Messaging) -> None:
    await messaging.sender.send([])


async def test_a_partition_that_is_not_there_is_an_error(messaging: Messaging) -> None:
    with pytest.raises(Unavailable):
        await messaging.sender.send([(messaging.topic, PARTITIONS, plain(b"lost"))])
    await messaging.sender.send([(messaging.topic, 0, plain(b"arrives"))])


async def test_posts_arrive_in_order(messaging: Messaging) -> None:
    for number in range(100):
        await messaging.sender.send_nowait(messaging.topic, 2, [plain(b"%d" % number)])

    async def arrived() -> list[int] | None:
        records = (await messaging.read())[2]
        return [int(record.value or b"") for record in records] if len(records) == 100 else None

    assert await until(arrived, "all posts arrive") == list(range(100))
    assert messaging.sender.dropped == 0


async def test_what_was_posted_is_sent_before_it_stops(messaging: Messaging) -> None:
    await messaging.sender.send_nowait(messaging.topic, 0, [plain(b"last words")])
    await messaging.sender.stop()
    assert [record.value for record in (await messaging.read())[0]] == [b"last words"]


async def test_posts_to_an_unknown_partition_disturb_no_other(messaging: Messaging) -> None:
    await messaging.sender.send_nowait(messaging.topic, PARTITIONS, [plain(b"lost")] * 2)
    await messaging.sender.send_nowait(messaging.topic, 0, [plain(b"arrives")])
    await until(_all_dropped(messaging, 2), "the lost ones are counted")
    await messaging.sender.stop()
    assert [record.value for record in (await messaging.read())[0]] == [b"arrives"]


def _all_dropped(messaging: Messaging, count: int) -> Callable[[], Awaitable[bool]]:
    async def dropped() -> bool:
        return messaging.sender.dropped == count

    return dropped
