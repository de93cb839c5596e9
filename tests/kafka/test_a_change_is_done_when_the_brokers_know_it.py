"""A controller answers before the brokers know of a change; the functions tested here return only after they do."""

from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    LeaderNotAvailableError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from aiokafka.structs import TopicPartition

from infra.kafka.connection import client_options
from infra.kafka.extent import topic_extent
from infra.kafka.propagation import propagated
from infra.kafka.topic_closing import close_topic, is_closed
from infra.kafka.topic_settings import OF_THE_TOPIC, alter_topic_settings, apply_topic_settings, read_topic_settings
from infra.kafka.topics import Topic, create_topics
from infra.settings import Settings
from tests.fuzz.raw_batches import RawRecord, produce_batch, record_batch
from tests.kafka.records import PARTITIONS
from workers.ports.lanes import Unavailable

BATCH = record_batch([RawRecord(b"key", b"value")])


class LateAdmin:
    """An admin client of brokers that know a topic after two answers, and its new settings after two more."""

    def __init__(self, codes: Sequence[int]) -> None:
        self._codes = list(codes)
        self.settings = {"retention.ms": "1", "segment.ms": "9"}
        self._to_come: list[dict[str, str]] = []

    async def describe_configs(self, resources: Sequence[Any]) -> list[Any]:
        code = self._codes.pop(0) if self._codes else 0
        if not code and self._to_come:
            self.settings = self._to_come.pop(0)
        entries = [] if code else [(name, value, False, OF_THE_TOPIC) for name, value in self.settings.items()]
        return [SimpleNamespace(resources=[(code, None, 2, resource.name, entries) for resource in resources])]

    async def alter_configs(self, resources: Sequence[Any]) -> list[Any]:
        code = self._codes.pop(0) if self._codes else 0
        if not code:
            self._to_come = [self.settings, self.settings, dict(resources[0].configs)]
        return [SimpleNamespace(resources=[(code, None, 2, resources[0].name)])]


async def test_every_partition_of_a_new_topic_accepts_records_at_once(settings: Settings) -> None:
    assert settings.kafka_bootstrap_servers is not None
    for number in range(5):
        topic = f"{settings.topic_prefix}{number}"
        await create_topics(settings, [Topic(topic, PARTITIONS, {})])
        for partition in range(PARTITIONS):
            assert await produce_batch(settings.kafka_bootstrap_servers, topic, partition, BATCH) == 0


@pytest.mark.parametrize("code", [UnknownTopicOrPartitionError.errno, LeaderNotAvailableError.errno])
async def test_settings_are_read_once_the_broker_knows_the_topic(code: int) -> None:
    admin: Any = LateAdmin([code, code])
    assert (await read_topic_settings(admin, ["things"]))["things"].own == admin.settings
    admin = LateAdmin([code, code])
    await alter_topic_settings(admin, "things", {"retention.ms": "2"})


async def test_changed_settings_are_reported_once_the_broker_has_them() -> None:
    admin: Any = LateAdmin([])
    assert await apply_topic_settings(admin, [Topic("things", 1, {"retention.ms": "2"})]) == ["things"]
    assert admin.settings == {"retention.ms": "2", "segment.ms": "9"}


async def test_a_closed_topic_accepts_no_more_records(settings: Settings, topic: str) -> None:
    assert settings.kafka_bootstrap_servers is not None
    assert await produce_batch(settings.kafka_bootstrap_servers, topic, 0, BATCH) == 0
    await close_topic(settings, topic, PARTITIONS)
    for partition in range(PARTITIONS):
        with pytest.raises(MessageSizeTooLargeError):
            await produce_batch(settings.kafka_bootstrap_servers, topic, partition, BATCH)


async def test_looking_whether_a_topic_is_closed_writes_nothing(settings: Settings, topic: str) -> None:
    before = await topic_extent(settings, topic)
    client = AIOKafkaClient(**client_options(settings))
    await client.bootstrap()
    try:
        await client.set_topics([topic])
        assert [await is_closed(client, TopicPartition(topic, partition)) for partition in range(PARTITIONS)] == [
            False
        ] * PARTITIONS
    finally:
        await client.close()
    assert await topic_extent(settings, topic) == before


async def test_a_change_that_the_brokers_never_report_is_an_error_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.kafka.propagation.PROPAGATION_TIMEOUT_SECONDS", 0.3)
    admin: Any = LateAdmin([UnknownTopicOrPartitionError.errno] * 100)
    with pytest.raises(Unavailable, match="do not tell of the settings of things after "):
        await read_topic_settings(admin, ["things"])


async def test_a_request_that_times_out_is_not_mistaken_for_brokers_that_do_not_report_a_change() -> None:
    async def look() -> bool:
        raise TimeoutError("the request's own")

    with pytest.raises(TimeoutError, match="own"):
        await propagated(look, "anything")


@pytest.mark.parametrize(
    ("request_settings", "right"),
    [
        (lambda admin: read_topic_settings(admin, ["things"]), "DescribeConfigs"),
        (lambda admin: alter_topic_settings(admin, "things", {}), "AlterConfigs"),
    ],
    ids=["read", "set"],
)
async def test_a_request_that_the_brokers_refuse_is_an_error_at_once(
    request_settings: Callable[[Any], Awaitable[object]], right: str
) -> None:
    with pytest.raises(Unavailable, match=f"the right {right} on topic things is missing"):
        await request_settings(LateAdmin([TopicAuthorizationFailedError.errno]))
