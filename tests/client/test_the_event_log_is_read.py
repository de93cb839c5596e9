"""Other services read each event of a context once, from where they stopped."""

from collections.abc import Sequence

import pytest
from aiokafka import AIOKafkaProducer

from contracts.client.errors import KafkaUnavailable, UnknownEventType
from contracts.client.event_reader import EventReader, ReadEvent, ReadPosition
from contracts.envelope import EventEnvelope
from contracts.topics import Topics
from contracts.users.examples import ADA_CREATED, USER_ID
from infra.kafka.connection import client_options
from infra.settings import Settings


def reader_for(settings: Settings, **options: object) -> EventReader:
    assert settings.kafka_bootstrap_servers is not None
    return EventReader(
        settings.kafka_bootstrap_servers,
        context="users",
        topic_prefix=settings.topic_prefix,
        **options,  # type: ignore[arg-type]
    )


async def write(settings: Settings, partition: int, sequences: Sequence[int], type_: str = ADA_CREATED.type) -> None:
    producer = AIOKafkaProducer(**client_options(settings))
    await producer.start()
    try:
        for sequence in sequences:
            identity = f"0198c0de-ada0-7000-8000-{partition:06d}{sequence:06d}"
            envelope = EventEnvelope(identity, type_, "/t", USER_ID, "", "c", "c", sequence, sequence)
            headers = envelope.to_headers() if sequence else [("not", b"ours")]
            topic = Topics(settings.topic_prefix).events("users")
            await producer.send_and_wait(topic, ADA_CREATED.to_json(), USER_ID.encode(), partition, headers=headers)
    finally:
        await producer.stop()


async def first(reader: EventReader, count: int) -> list[ReadEvent]:
    events: list[ReadEvent] = []
    async for read in reader:
        events.append(read)
        if len(events) == count:
            break
    return events


def sequences_of(events: Sequence[ReadEvent], partition: int) -> list[int]:
    return [read.envelope.sequence for read in events if read.partition == partition]


async def test_each_event_is_given_once_and_in_order(kafka: Settings) -> None:
    await write(kafka, 0, [1, 2, 3, 2, 3, 0, 4])
    await write(kafka, 5, [1, 2])
    events = await first(reader_for(kafka), 6)
    assert sequences_of(events, 0) == [1, 2, 3, 4]
    assert sequences_of(events, 5) == [1, 2]
    assert events[0].event() == ADA_CREATED


async def test_reading_goes_on_after_the_kept_positions(kafka: Settings) -> None:
    await write(kafka, 2, [1, 2, 3])
    reader = reader_for(kafka)
    await first(reader, 2)
    assert reader.positions == {2: ReadPosition(2, 2)}
    await write(kafka, 2, [1, 2, 4])
    again = reader_for(kafka, positions=reader.positions)
    assert sequences_of(await first(again, 2), 2) == [3, 4]
    assert again.positions == {2: ReadPosition(4, 6)}


async def test_some_partitions_can_be_chosen(kafka: Settings) -> None:
    await write(kafka, 0, [1])
    await write(kafka, 1, [1, 2])
    events = await first(reader_for(kafka, partitions=[1]), 2)
    assert {read.partition for read in events} == {1}


async def test_an_event_of_a_newer_version_is_given_as_it_is(kafka: Settings) -> None:
    await write(kafka, 0, [1], type_="users.UserCreated.v99")
    [read] = await first(reader_for(kafka), 1)
    assert read.data == ADA_CREATED.to_json()
    with pytest.raises(UnknownEventType):
        read.event()


async def test_a_broker_that_is_not_there_is_said_in_time() -> None:
    nowhere = Settings(kafka_bootstrap_servers="127.0.0.1:9")
    with pytest.raises(KafkaUnavailable):
        await first(reader_for(nowhere, connect_timeout_seconds=0.5), 1)
