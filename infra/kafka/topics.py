"""The topics of every context: created once, checked at every later start.

Commands are kept for 7 days, events for ever, replies for an hour, by the broker's clock. A context's commands and
events have the same number of partitions: a lane writes to the partition number from which it reads.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    NoError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)

from contracts.client.consumer import Consumer
from contracts.client.rights import RightMissing
from contracts.topics import MAX_MESSAGE_BYTES, Topics
from infra.kafka.clients import closed, stopped
from infra.kafka.connection import client_options
from infra.kafka.faults import KAFKA_FAULTS, unavailable
from infra.kafka.propagation import NOT_YET_PROPAGATED, PROPAGATION_TIMEOUT_SECONDS, propagated
from infra.kafka.topic_settings import apply_topic_settings
from infra.settings import Settings

DAY_MILLISECONDS = 24 * 3600 * 1000
# A command that exceeds its limit must still be accepted by Kafka, so that it is answered with a rejection.
MAX_COMMAND_RECORD_BYTES = 16 * MAX_MESSAGE_BYTES
MAX_DEAD_LETTER_BYTES = MAX_COMMAND_RECORD_BYTES + MAX_MESSAGE_BYTES
MAX_EVENT_RECORD_BYTES = 2 * MAX_MESSAGE_BYTES


class Topic(NamedTuple):
    """A topic as it should be."""

    name: str
    partitions: int
    config: dict[str, str]


class PartitionsDiffer(Exception):
    """Topics have another number of partitions than the settings say, so streams would change lanes."""

    def __init__(self, differing: Mapping[str, int], wanted: int, others: int) -> None:
        """`differing`: the partitions of the topics that differ; `others`: how many topics are as wanted."""
        super().__init__(_differing(differing, wanted, others))
        self.differing = dict(differing)
        self.wanted = wanted


def _differing(partitions: Mapping[str, int], wanted: int, others: int) -> str:
    names, counts = ", ".join(sorted(partitions)), sorted(set(partitions.values()))
    if not others and len(counts) == 1:
        return (
            f"all topics that exist ({names}) have {counts[0]} partitions, but ANNALS_PARTITIONS is {wanted}; "
            f"set ANNALS_PARTITIONS={counts[0]}"
        )
    listed = ", ".join(f"{name} ({count})" for name, count in sorted(partitions.items()))
    return (
        f"topics with another number of partitions than the {wanted} of this installation: {listed}. No stream "
        "may change its lane: leave ANNALS_PARTITIONS as it is, and set them right: "
        "annals topics recreate TOPIC --reason ..."
    )


def topics_of(contexts: Sequence[str], settings: Settings) -> list[Topic]:
    """Every topic that these contexts need."""
    names = Topics(settings.topic_prefix)
    week, forever = str(7 * DAY_MILLISECONDS), "-1"
    topics = []
    for context in contexts:
        commands, events = names.commands(context), names.events(context)
        topics += [
            Topic(commands, settings.partitions, _config(week, MAX_COMMAND_RECORD_BYTES)),
            Topic(events, settings.partitions, _config(forever, MAX_EVENT_RECORD_BYTES)),
            Topic(names.dead_letters(commands), 1, _config(forever, MAX_DEAD_LETTER_BYTES)),
        ]
    topics.append(Topic(names.replies, settings.partitions, _config(str(DAY_MILLISECONDS // 24), MAX_MESSAGE_BYTES)))
    topics += [
        Topic(name, settings.partitions, _compacted(MAX_EVENT_RECORD_BYTES))
        for name in (names.analytics_windows, names.analytics_changelog)
    ]
    return topics


def _config(retention_milliseconds: str, max_bytes: int) -> dict[str, str]:
    return {
        "cleanup.policy": "delete",
        "retention.ms": retention_milliseconds,
        "retention.bytes": "-1",
        "max.message.bytes": str(max_bytes),
        # The broker's time: otherwise retention would depend on what a client has written.
        "message.timestamp.type": "LogAppendTime",
    }


def _compacted(max_bytes: int) -> dict[str, str]:
    """Of a topic that keeps the last record of each key. What an older one says behind it is noticed for a day."""
    return {
        "cleanup.policy": "compact",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "min.compaction.lag.ms": str(DAY_MILLISECONDS),
        "max.message.bytes": str(max_bytes),
        "message.timestamp.type": "LogAppendTime",
    }


class Prepared(NamedTuple):
    """What `create_topics` did: the names of new topics, and of those whose settings it has changed."""

    created: list[str]
    configured: list[str]


async def create_topics(settings: Settings, wanted: Sequence[Topic]) -> Prepared:
    """Create the topics that are missing, and set the settings of those that exist. New topics can be used at once:
    their leaders answer requests.

    Raises Unavailable, or PartitionsDiffer for topics that exist with another number of partitions.
    """
    async with administration(settings) as admin:
        existing = set(await admin.list_topics())
        missing = [topic for topic in wanted if topic.name not in existing]
        created = await _create(admin, missing, settings.replication_factor)
        # The list of topics may be stale: a topic that could not be created because it exists is checked as well.
        present = [topic for topic in wanted if topic.name not in created]
        await _check(admin, present)
        if missing:
            await _until_leaders_answer(settings, missing)
        return Prepared(created, await apply_topic_settings(admin, present))


@asynccontextmanager
async def administration(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client. Raises Unavailable, also for an error while it is used."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        yield admin
    except KAFKA_FAULTS as error:
        raise unavailable(error) from error
    finally:
        await closed(admin)


async def _create(admin: AIOKafkaAdminClient, missing: Sequence[Topic], replication_factor: int) -> list[str]:
    """Create these topics; returns the names of those that did not exist."""
    if not missing:
        return []
    requests = [NewTopic(topic.name, topic.partitions, 1, topic_configs=topic.config) for topic in missing]
    for request in requests:
        # -1, the broker's own default (KIP-464), which NewTopic's constructor does not let through.
        request.replication_factor = replication_factor
    response = await admin.create_topics(requests)
    created = []
    for name, code, *message in response.topic_errors:
        if code == 0:
            created.append(name)
        elif code != TopicAlreadyExistsError.errno:
            error = for_code(code)(message[0] or "" if message else "")
            denied = isinstance(error, TopicAuthorizationFailedError)
            raise unavailable(
                RightMissing("Create", f"topic {name}") if denied else error, f"topic {name} could not be created"
            )
    return created


async def _check(admin: AIOKafkaAdminClient, present: Sequence[Topic]) -> None:
    if not present:
        return
    wanted = {topic.name: topic.partitions for topic in present}

    async def described() -> dict[str, int]:
        counts = {}
        for topic in await admin.describe_topics(list(wanted)):
            if topic["error_code"] not in (NoError.errno, *NOT_YET_PROPAGATED):
                raise for_code(topic["error_code"])(topic["topic"])
            counts[topic["topic"]] = len(topic["partitions"])
        return counts if all(counts.values()) else {}

    counts = await propagated(described, f"the partitions of {', '.join(wanted)}")
    differing = {name: count for name, count in counts.items() if count != wanted[name]}
    if differing:
        (expected, *_) = {wanted[name] for name in differing}
        as_wanted = [name for name, count in counts.items() if count == wanted[name] == expected]
        raise PartitionsDiffer(differing, expected, len(as_wanted))


async def _until_leaders_answer(settings: Settings, topics: Sequence[Topic]) -> None:
    """Wait until the leader of each partition answers requests: not all brokers know a new topic yet."""
    places = [TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)]
    options = client_options(settings) | {"request_timeout_ms": int(PROPAGATION_TIMEOUT_SECONDS * 1000)}
    consumer = Consumer(**options, enable_auto_commit=False)
    try:
        await consumer.start()
        await consumer.end_offsets(places)  # retries for as long as a leader is missing
    except KAFKA_FAULTS as error:
        raise unavailable(error, "topics were made, but not all of their partitions have a leader") from error
    finally:
        await stopped(consumer)


async def delete_topics_with_prefix(settings: Settings) -> None:
    """Delete every topic that begins with the prefix of these settings, which must not be empty. Raises Unavailable."""
    if not settings.topic_prefix:
        raise ValueError("without a prefix every topic of the brokers would be deleted")
    async with administration(settings) as admin:
        names = [name for name in await admin.list_topics() if name.startswith(settings.topic_prefix)]
    if names:
        await delete_topics(settings, names)


async def delete_topics(settings: Settings, names: Sequence[str]) -> None:
    """Delete topics with all records, and wait until the brokers no longer list them. Raises Unavailable."""
    async with administration(settings) as admin:
        response = await admin.delete_topics(list(names))
        for name, code in response.topic_error_codes:
            if code not in (NoError.errno, UnknownTopicOrPartitionError.errno):
                raise unavailable(for_code(code)(), f"topic {name} could not be deleted")

        async def gone() -> bool:
            return not set(names) & set(await admin.list_topics())

        await propagated(gone, f"the end of {', '.join(names)}")
