"""Messages for others arrive where their key belongs, as they were given; posting never waits."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
import structlog

from contracts.partitioner import partition_for
from infra.kafka.courier import DELIVERY_TIMEOUT_SECONDS, MAX_WAITING_RECORDS, ROOM_TIMEOUT_SECONDS, KafkaCourier
from infra.settings import Settings
from tests.kafka.records import PARTITIONS, read
from tests.waiting import until
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord


def plain(value: bytes) -> OutboundRecord:
    return OutboundRecord(b"key", value, [])


async def test_delivers_by_the_key_as_the_partitioner_has_it(
    courier: KafkaCourier, settings: Settings, topic: str
) -> None:
    sent = [OutboundRecord(f"user-{number}".encode(), b"%d" % number, []) for number in range(60)]
    await courier.deliver([(topic, None, record) for record in sent])
    expected: dict[int, list[bytes | None]] = {partition: [] for partition in range(PARTITIONS)}
    for record in sent:
        expected[partition_for(record.key or b"", PARTITIONS)].append(record.value)
    assert all(expected.values())
    found = await read(settings, topic)
    assert {partition: [record.value for record in records] for partition, records in found.items()} == expected


async def test_delivers_to_the_chosen_partition_in_order(courier: KafkaCourier, settings: Settings, topic: str) -> None:
    await courier.deliver([(topic, number % PARTITIONS, plain(b"%d" % number)) for number in range(30)])
    for partition, records in (await read(settings, topic)).items():
        assert [int(record.value or b"") for record in records] == list(range(partition, 30, PARTITIONS))


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
async def test_keeps_keys_values_and_headers(
    courier: KafkaCourier, settings: Settings, topic: str, record: OutboundRecord
) -> None:
    await courier.deliver([(topic, 1, record)])
    (found,) = (await read(settings, topic))[1]
    assert (found.key, found.value, list(found.headers)) == (record.key, record.value, list(record.headers))


async def test_delivers_nothing_quietly(courier: KafkaCourier) -> None:
    await courier.deliver([])


@pytest.mark.usefixtures("hasty")
async def test_an_unknown_topic_is_an_error_in_time(courier: KafkaCourier, topic: str) -> None:
    began = time.monotonic()
    for partition in (None, 0):
        with pytest.raises(Unavailable):
            await courier.deliver([(f"{topic}.unknown", partition, plain(b"lost"))])
    assert time.monotonic() - began < 3 * DELIVERY_TIMEOUT_SECONDS + 5
    await courier.deliver([(topic, 0, plain(b"arrives"))])


async def test_a_partition_that_is_not_there_is_an_error(courier: KafkaCourier, topic: str) -> None:
    with pytest.raises(Unavailable):
        await courier.deliver([(topic, PARTITIONS, plain(b"lost"))])
    await courier.deliver([(topic, 0, plain(b"arrives"))])


async def test_posts_arrive_in_order(courier: KafkaCourier, settings: Settings, topic: str) -> None:
    for number in range(100):
        await courier.post(topic, 2, [plain(b"%d" % number)])

    async def arrived() -> list[int] | None:
        records = (await read(settings, topic))[2]
        return [int(record.value or b"") for record in records] if len(records) == 100 else None

    assert await until(arrived, "all posts arrive") == list(range(100))
    assert courier.dropped == 0


async def test_what_was_posted_is_sent_before_it_stops(courier: KafkaCourier, settings: Settings, topic: str) -> None:
    await courier.post(topic, 0, [plain(b"last words")])
    await courier.stop()
    assert [record.value for record in (await read(settings, topic))[0]] == [b"last words"]


async def test_posts_press_back_and_are_counted_when_they_are_dropped(nobody: Settings) -> None:
    courier = KafkaCourier(nobody)
    with structlog.testing.capture_logs() as lines:
        await courier.post("replies", 0, [plain(b"first")] * MAX_WAITING_RECORDS)
        held_back = asyncio.ensure_future(courier.post("replies", 1, [plain(b"second")] * 3))
        await asyncio.wait({held_back}, timeout=0)
        assert not held_back.done(), "as many wait as may"
        async with asyncio.timeout(2 * ROOM_TIMEOUT_SECONDS):
            await held_back
        # They wait for brokers that are not there: in the end all are dropped, and counted.
        assert await until(_all_dropped(courier, MAX_WAITING_RECORDS + 3), "what waited is dropped")
    await courier.stop()
    assert sum(line["count"] for line in lines if line["event"] == "replies dropped") == courier.dropped


async def test_posts_to_an_unknown_partition_disturb_no_other(
    courier: KafkaCourier, settings: Settings, topic: str
) -> None:
    await courier.post(topic, PARTITIONS, [plain(b"lost")] * 2)
    await courier.post(topic, 0, [plain(b"arrives")])
    await until(_all_dropped(courier, 2), "the lost ones are counted")
    await courier.stop()
    assert [record.value for record in (await read(settings, topic))[0]] == [b"arrives"]


async def test_brokers_that_are_away_are_unavailable_in_time(nobody: Settings) -> None:
    courier = KafkaCourier(nobody)
    async with asyncio.timeout(DELIVERY_TIMEOUT_SECONDS + 5):
        with pytest.raises(Unavailable):
            await courier.deliver([("things", 0, plain(b"lost"))])
    await courier.stop()


def _all_dropped(courier: KafkaCourier, count: int) -> Callable[[], Awaitable[bool]]:
    async def dropped() -> bool:
        return courier.dropped == count

    return dropped
