"""Topics are created once with the retention of the contract, and checked at every later start."""

import time

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from confluent_kafka import Producer

from infra.kafka.extent import Extent, topic_extent
from infra.kafka.log_reader import LogReader
from infra.kafka.topic_settings import read_topic_settings
from infra.kafka.topics import (
    PartitionsDiffer,
    administration,
    create_topics,
    delete_topics,
    delete_topics_with_prefix,
    topics_of,
)
from infra.settings import Settings
from tests.waiting import until
from workers.ports.lanes import Unavailable

WEEK, HOUR, FOREVER = 7 * 24 * 3_600_000, 3_600_000, -1


@pytest.fixture
def smaller(settings: Settings) -> Settings:
    return settings.model_copy(update={"partitions": 4})


async def retention(settings: Settings, names: list[str]) -> dict[str, tuple[int, int, str]]:
    """The retention in milliseconds and bytes and the clean-up policy of each topic, as the broker reports them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    finally:
        await admin.close()
    retentions = {}
    for answer in answers:
        for _, _, _, name, entries in answer.resources:
            values = {entry[0]: entry[1] for entry in entries}
            retentions[name] = int(values["retention.ms"]), int(values["retention.bytes"]), values["cleanup.policy"]
    return retentions


async def test_are_created_with_the_retention_of_the_contract(smaller: Settings) -> None:
    created = (await create_topics(smaller, topics_of(["users", "orders"], smaller))).created
    prefix = smaller.topic_prefix
    expected = {f"{prefix}replies": (HOUR, -1, "delete")}
    for name in ("analytics.windows", "analytics.changelog"):
        expected[f"{prefix}{name}"] = FOREVER, -1, "compact"
    for context in ("users", "orders"):
        expected[f"{prefix}{context}.commands"] = WEEK, -1, "delete"
        expected[f"{prefix}{context}.events"] = FOREVER, -1, "delete"
        expected[f"{prefix}{context}.commands.dlq"] = FOREVER, -1, "delete"
    assert sorted(created) == sorted(expected)
    assert await retention(smaller, created) == expected


async def test_commands_and_events_have_the_same_number_of_partitions(smaller: Settings) -> None:
    await create_topics(smaller, topics_of(["users"], smaller))
    for name in ("users.commands", "users.events", "replies"):
        extents = await topic_extent(smaller, f"{smaller.topic_prefix}{name}")
        assert extents == dict.fromkeys(range(4), Extent(0, 0))


async def test_are_created_once(smaller: Settings) -> None:
    wanted = topics_of(["users"], smaller)
    assert await create_topics(smaller, wanted[:2]) == ([topic.name for topic in wanted[:2]], [])
    assert await create_topics(smaller, wanted) == ([topic.name for topic in wanted[2:]], [])
    assert await create_topics(smaller, wanted) == ([], [])


async def test_with_another_number_of_partitions_they_are_rejected(smaller: Settings) -> None:
    await create_topics(smaller, topics_of(["users"], smaller))
    other = smaller.model_copy(update={"partitions": 5})
    with pytest.raises(PartitionsDiffer, match="set ANNALS_PARTITIONS=4") as caught:
        await create_topics(other, topics_of(["users"], other))
    assert (set(caught.value.differing.values()), caught.value.wanted) == ({4}, 5)


async def test_one_that_has_grown_is_rejected_without_the_advice_to_change_the_setting(smaller: Settings) -> None:
    wanted = topics_of(["users"], smaller)
    await create_topics(smaller, wanted)
    grown = f"{smaller.topic_prefix}users.commands"
    async with administration(smaller) as admin:
        await admin.create_partitions({grown: NewPartitions(5)})

    async def has_grown() -> bool:
        return len(await topic_extent(smaller, grown)) == 5

    await until(has_grown, "the broker reports the new partition")
    with pytest.raises(PartitionsDiffer, match="annals topics recreate") as caught:
        await create_topics(smaller, wanted)
    assert caught.value.differing == {grown: 5}
    assert "ANNALS_PARTITIONS=" not in str(caught.value), "streams would change their lanes"


async def test_use_the_brokers_time_whatever_a_client_writes(smaller: Settings) -> None:
    (commands, *_) = topics_of(["users"], smaller)
    await create_topics(smaller, [commands])
    before = time.time()
    producer = Producer({"bootstrap.servers": smaller.kafka_bootstrap_servers})
    producer.produce(commands.name, b"a command in seconds", timestamp=int(before))
    assert producer.flush(30) == 0
    reader = LogReader(smaller)
    try:
        written = [
            record.timestamp
            for partition in range(commands.partitions)
            async for records in reader.records(commands.name, partition, 0)
            for record in records
        ]
    finally:
        await reader.stop()
    assert len(written) == 1
    assert abs(written[0] / 1000 - before) < 60, "else retention would delete a record with an old timestamp at once"


async def test_that_exist_get_the_settings_that_they_should_have_and_keep_their_own(smaller: Settings) -> None:
    wanted = topics_of(["users"], smaller)
    old = [
        topic._replace(config={"message.timestamp.type": "CreateTime", "segment.ms": "3600000"}) for topic in wanted[:1]
    ]
    await create_topics(smaller, old)
    assert (await create_topics(smaller, wanted[:1])).configured == [wanted[0].name]
    async with administration(smaller) as admin:
        topic_settings = (await read_topic_settings(admin, [wanted[0].name]))[wanted[0].name]
    assert topic_settings.differing(wanted[0].config) == {}
    assert topic_settings.own["segment.ms"] == "3600000", "a setting of the operator's does not change"
    assert await create_topics(smaller, wanted[:1]) == ([], [])


@pytest.mark.usefixtures("short_timeout")
async def test_a_deleted_topic_is_gone(smaller: Settings) -> None:
    names = (await create_topics(smaller, topics_of(["users"], smaller)[:1])).created
    await delete_topics(smaller, names)
    with pytest.raises(Unavailable, match="annals topics create"):
        await topic_extent(smaller, names[0])
    await delete_topics(smaller, names)


async def test_are_not_all_deleted_for_want_of_a_prefix(smaller: Settings) -> None:
    with pytest.raises(ValueError, match="every topic"):
        await delete_topics_with_prefix(smaller.model_copy(update={"topic_prefix": ""}))


async def test_brokers_that_are_away_are_unavailable(brokers_away: Settings) -> None:
    with pytest.raises(Unavailable):
        await create_topics(brokers_away, topics_of(["users"], brokers_away))
