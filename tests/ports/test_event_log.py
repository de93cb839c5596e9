"""The log keeps the order of what is appended, and its tail says how far it goes."""

import asyncio

import pytest

from contracts.signatures import HEADER
from tests.kafka.records import PARTITIONS, numbered, sequences
from tests.ports.messaging import Messaging
from workers.ports.log import Headers, OutboundRecord, Tail, TopicState


def without_signature(headers: Headers) -> list[tuple[str, bytes]]:
    """The twin's records have none to leave out."""
    return [header for header in headers if header[0] != HEADER]


async def test_append_returns_the_last_offset(messaging: Messaging) -> None:
    log, topic = messaging.event_log, messaging.topic
    assert await log.append(topic, 1, [numbered(1)]) == 0
    assert await log.append(topic, 1, [numbered(2), numbered(3), numbered(4)]) == 3
    assert await log.append(topic, 2, [numbered(1)]) == 0
    partitions = await messaging.read()
    assert {partition: sequences(records) for partition, records in partitions.items()} == {
        0: [],
        1: [1, 2, 3, 4],
        2: [1],
    }
    first = partitions[1][0]
    assert (first.key, first.value, without_signature(first.headers)) == tuple(numbered(1))
    assert [record.offset for record in partitions[1]] == [0, 1, 2, 3]


async def test_members_can_tell_what_it_wrote_from_what_others_wrote(messaging: Messaging) -> None:
    await messaging.event_log.append(messaging.topic, 0, [numbered(1), numbered(2)])
    copied = OutboundRecord(*(await messaging.read())[0][0][3:6])
    changed = copied._replace(value=b'{"amount":9999}')
    others = [(0, numbered(3)), (0, changed), (1, copied), (0, numbered(4)._replace(headers=[]))]
    await messaging.sender.send([(messaging.topic, place, record) for place, record in others])
    await messaging.event_log.append(messaging.topic, 0, [numbered(5)])
    member = messaging.member("a")
    await member.start()
    await member.holds(PARTITIONS)
    member.open()
    records = await member.fetched(7)
    signed = {number: [record.is_signed for record in records[number]] for number in records}
    assert signed == {0: [True, True, False, False, False, True], 1: [False]}


async def test_the_order_holds_over_many_records(messaging: Messaging) -> None:
    log, topic = messaging.event_log, messaging.topic
    assert await log.append(topic, 0, [numbered(number, b"x" * 2000) for number in range(1, 1001)]) == 999
    assert await log.append(topic, 0, [numbered(1001)]) == 1000
    assert sequences((await messaging.read())[0]) == list(range(1, 1002))


async def test_lanes_append_side_by_side(messaging: Messaging) -> None:
    async def fill(partition: int) -> int:
        appended = [
            await messaging.event_log.append(messaging.topic, partition, [numbered(1 + number)]) for number in range(20)
        ]
        return appended[-1]

    assert await asyncio.gather(*map(fill, range(PARTITIONS))) == [19] * PARTITIONS
    for records in (await messaging.read()).values():
        assert sequences(records) == list(range(1, 21))


async def test_what_was_sent_arrives_though_no_caller_waits_for_it_any_more(messaging: Messaging) -> None:
    """So a lane that is dropped may leave an append behind; the next one comes after it."""
    await messaging.event_log.append(messaging.topic, 0, [numbered(1)])
    given_up = asyncio.create_task(messaging.event_log.append(messaging.topic, 0, [numbered(2)]))
    await asyncio.wait({given_up}, timeout=0)
    given_up.cancel()
    await asyncio.wait({given_up})
    await messaging.event_log.append(messaging.topic, 0, [numbered(3)])
    assert sequences((await messaging.read())[0]) in ([1, 2, 3], [1, 3])


async def test_the_tail_is_the_highest_sequence_from_the_start_and_from_a_mark(messaging: Messaging) -> None:
    await messaging.event_log.append(messaging.topic, 0, [numbered(sequence) for sequence in range(1, 11)])
    for mark in (0, 4, 9):
        assert await messaging.event_log.tail(messaging.topic, 0, mark) == Tail(10, 9, 10, shortened=False)


async def test_the_tail_of_an_empty_partition_is_nothing(messaging: Messaging) -> None:
    await messaging.event_log.append(messaging.topic, 0, [numbered(1)])
    assert await messaging.event_log.tail(messaging.topic, 1, 0) == Tail(0, -1, 0, shortened=False)


async def test_a_late_repeat_at_the_end_does_not_lower_the_tail(messaging: Messaging) -> None:
    await messaging.event_log.append(messaging.topic, 0, [numbered(sequence) for sequence in (1, 2, 3, 4, 2, 3)])
    for mark in (0, 2):
        assert await messaging.event_log.tail(messaging.topic, 0, mark) == Tail(4, 3, 6, shortened=False)


async def test_records_of_others_have_no_sequence(messaging: Messaging) -> None:
    others = [OutboundRecord(None, None, headers) for headers in ([], [("ce_sequence", b"x")], [("ce_sequence", b"")])]
    await messaging.event_log.append(messaging.topic, 0, [numbered(7), *others])
    assert await messaging.event_log.tail(messaging.topic, 0, 0) == Tail(7, 0, 4, shortened=False)


async def test_records_of_strangers_neither_raise_the_tail_nor_pretend_that_it_is_further(messaging: Messaging) -> None:
    await messaging.event_log.append(messaging.topic, 0, [numbered(1), numbered(2)])
    await messaging.sender.send([(messaging.topic, 0, numbered(sequence)) for sequence in (3, 999_999)])
    for mark in (0, 1):
        assert await messaging.event_log.tail(messaging.topic, 0, mark) == Tail(2, 1, 4, shortened=False)
    await messaging.event_log.append(messaging.topic, 0, [numbered(3)])
    assert await messaging.event_log.tail(messaging.topic, 0, 1) == Tail(3, 4, 5, shortened=False)


async def test_the_tail_of_a_log_that_nobody_has_signed_is_that_of_all_its_records(messaging: Messaging) -> None:
    await messaging.sender.send([(messaging.topic, 0, numbered(sequence)) for sequence in (1, 2)])
    assert await messaging.event_log.tail(messaging.topic, 0, 0) == Tail(2, 1, 2, shortened=False)


@pytest.mark.parametrize("mark", [3, 4, 1000])
async def test_a_log_that_ends_before_the_mark_was_shortened(messaging: Messaging, mark: int) -> None:
    await messaging.event_log.append(messaging.topic, 0, [numbered(sequence) for sequence in (7, 8, 9)])
    assert await messaging.event_log.tail(messaging.topic, 0, mark) == Tail(9, 2, 3, shortened=True)


async def test_an_emptied_log_was_shortened(messaging: Messaging) -> None:
    assert await messaging.event_log.tail(messaging.topic, 0, 5) == Tail(0, -1, 0, shortened=True)


async def test_a_tail_read_again_sees_what_was_appended_since(messaging: Messaging) -> None:
    for sequence in (1, 2, 3):
        await messaging.event_log.append(messaging.topic, 0, [numbered(sequence)])
        tail = await messaging.event_log.tail(messaging.topic, 0, 0)
        assert tail == Tail(sequence, sequence - 1, sequence, shortened=False)


async def test_tails_of_several_lanes_are_read_at_once(messaging: Messaging) -> None:
    for partition in range(PARTITIONS):
        await messaging.event_log.append(
            messaging.topic, partition, [numbered(number) for number in range(1, 2 + partition)]
        )
    tails = await asyncio.gather(
        *[messaging.event_log.tail(messaging.topic, number, 0) for number in range(PARTITIONS)]
    )
    assert [tail.sequence for tail in tails] == [1, 2, 3]


async def test_a_topic_has_an_id_and_its_partitions_and_one_that_is_not_there_has_none(messaging: Messaging) -> None:
    state = await messaging.event_log.topic(messaging.topic)
    assert state.id
    assert state.partitions == PARTITIONS
    assert await messaging.event_log.topic(f"{messaging.topic}.unknown") == TopicState("", 0)


@pytest.mark.parametrize(("written", "left"), [([], []), ([1, 2, 3], [1, 2, 3]), ([7, 8], []), ([2, 1], [])])
async def test_a_new_log_is_emptied_unless_it_begins_with_the_first_sequence(
    messaging: Messaging, written: list[int], left: list[int]
) -> None:
    log, topic = messaging.event_log, messaging.topic
    if written:
        await log.append(topic, 0, [numbered(sequence) for sequence in written])
    await log.clear_recreated(topic, 0)
    await log.append(topic, 0, [numbered(9)])
    assert sequences((await messaging.read())[0]) == [*left, 9]
