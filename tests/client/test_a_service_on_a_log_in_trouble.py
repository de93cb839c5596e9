"""A topic made anew, records that are gone or of others: a service misses nothing in silence."""

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from contracts.client.errors import EventsMissing, KafkaUnavailable
from contracts.client.event_reader import ReadPosition
from contracts.client.ordered_log import wait_for_gap
from contracts.topics import Topics
from infra.kafka.connection import client_options
from infra.kafka.topics import create_topics, topics_of
from infra.settings import Settings
from tests.client.services.into_sqlite import IntoSqlite
from tests.client.services.runs import consumer_for, has_seen, running
from tests.client.test_the_event_log_is_read import write
from tests.waiting import until
from workers.ports.lanes import Unavailable

pytestmark = pytest.mark.usefixtures("short_delays_of_a_consumer")


async def test_a_topic_made_anew_and_filled_again_is_read_on(kafka: Settings, service: IntoSqlite) -> None:
    await write(kafka, 0, [1, 2, 3, 3, 2, 3, 4])
    async with running(consumer_for(kafka, load=service.load, on_gap=wait_for_gap), service.handle):
        await has_seen(service, [1, 2, 3, 4])
    admin = AIOKafkaAdminClient(**client_options(kafka))
    await admin.start()
    try:
        await admin.delete_topics([Topics(kafka.topic_prefix).events("users")])
    finally:
        await admin.close()
    await until(lambda: _made_anew(kafka), "the topic is there again")
    await write(kafka, 0, range(1, 7))
    async with running(consumer_for(kafka, load=service.load, on_gap=wait_for_gap), service.handle):
        await has_seen(service, [1, 2, 3, 4, 5, 6])
    assert await service.load(0) == ReadPosition(6, 6)


async def _made_anew(settings: Settings) -> bool:
    try:
        await create_topics(settings, topics_of(["users"], settings))
    except Unavailable:
        return False
    return True


async def test_records_that_kafka_has_deleted_are_missing_and_not_passed(kafka: Settings, service: IntoSqlite) -> None:
    await write(kafka, 0, [1, 2, 3, 4, 5])
    admin = AIOKafkaAdminClient(**client_options(kafka))
    await admin.start()
    try:
        place = TopicPartition(Topics(kafka.topic_prefix).events("users"), 0)
        await admin.delete_records({place: RecordsToDelete(before_offset=3)})
    finally:
        await admin.close()
    with pytest.raises(EventsMissing) as missing:
        await consumer_for(kafka, load=service.load, gap_wait_seconds=0.3).run(service.handle)
    assert (missing.value.first, missing.value.last) == (1, 3)


async def test_records_of_strangers_and_of_aborted_transactions_change_nothing(
    kafka: Settings, service: IntoSqlite
) -> None:
    topic = Topics(kafka.topic_prefix).events("users")
    await write(kafka, 0, [1, 0])
    stranger = AIOKafkaProducer(**client_options(kafka), transactional_id=f"{kafka.topic_prefix}stranger")
    await stranger.start()
    try:
        await stranger.begin_transaction()
        await stranger.send_and_wait(topic, b"\xff", b"\xff", partition=0)
        await stranger.abort_transaction()
    finally:
        await stranger.stop()
    await write(kafka, 0, [2])
    async with running(consumer_for(kafka, load=service.load), service.handle):
        await has_seen(service, [1, 2])


async def test_a_topic_that_is_not_there_is_said(settings: Settings, service: IntoSqlite) -> None:
    with pytest.raises(KafkaUnavailable):
        await consumer_for(settings, load=service.load, connect_timeout_seconds=1).run(service.handle)
