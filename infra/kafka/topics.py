"""The topics of every context, made once and checked ever after.

Commands keep for 7 days, events for ever, replies for an hour. A context's commands and events have the same number of
partitions: a lane writes to the partition number from which it reads.
"""

from collections.abc import Sequence
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from contracts.topics import MAX_MESSAGE_BYTES, Topics
from infra.kafka.connection import client_options
from infra.kafka.faults import KAFKA_FAULTS, unavailable
from infra.settings import Settings

DAY_MILLISECONDS = 24 * 3600 * 1000
# A command may be far over its limit and must still get in, to be refused with an answer instead of vanishing.
MAX_COMMAND_RECORD_BYTES = 16 * MAX_MESSAGE_BYTES
MAX_DEAD_LETTER_BYTES = MAX_COMMAND_RECORD_BYTES + MAX_MESSAGE_BYTES
MAX_EVENT_RECORD_BYTES = 2 * MAX_MESSAGE_BYTES


class Topic(NamedTuple):
    """A topic as it should be."""

    name: str
    partitions: int
    config: dict[str, str]


class PartitionsDiffer(Exception):
    """A topic has another number of partitions than the settings say. Streams would change lanes: set it right."""

    def __init__(self, topic: str, found: int, wanted: int) -> None:
        super().__init__(
            f"topic {topic} has {found} partitions but ANNALS_PARTITIONS is {wanted}; set ANNALS_PARTITIONS={found}"
        )
        self.topic = topic
        self.found = found
        self.wanted = wanted


def topics_of(contexts: Sequence[str], settings: Settings) -> list[Topic]:
    """Every topic that these contexts need."""
    names = Topics(settings.topic_prefix)
    week, forever = str(7 * DAY_MILLISECONDS), "-1"
    found = []
    for context in contexts:
        commands, events = names.commands(context), names.events(context)
        found += [
            Topic(commands, settings.partitions, _config(week, MAX_COMMAND_RECORD_BYTES)),
            Topic(events, settings.partitions, _config(forever, MAX_EVENT_RECORD_BYTES)),
            Topic(names.dead_letters(commands), 1, _config(forever, MAX_DEAD_LETTER_BYTES)),
        ]
    found.append(Topic(names.replies, settings.partitions, _config(str(DAY_MILLISECONDS // 24), MAX_MESSAGE_BYTES)))
    return found


def _config(retention_milliseconds: str, max_bytes: int) -> dict[str, str]:
    return {
        "cleanup.policy": "delete",
        "retention.ms": retention_milliseconds,
        "retention.bytes": "-1",
        "max.message.bytes": str(max_bytes),
    }


async def create_topics(settings: Settings, wanted: Sequence[Topic]) -> list[str]:
    """Create what is missing; returns the names of the topics that are new.

    Raises Unavailable, or PartitionsDiffer for a topic that exists with another number of partitions.
    """
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        missing = [topic for topic in wanted if topic.name not in existing]
        created = await _create(admin, missing, settings.replication_factor)
        # The list of topics may lag behind: what could not be created because it exists is checked as well.
        await _check(admin, [topic for topic in wanted if topic.name not in created])
    except KAFKA_FAULTS as error:
        raise unavailable(error) from error
    finally:
        await admin.close()
    return created


async def _create(admin: AIOKafkaAdminClient, missing: Sequence[Topic], replication_factor: int) -> list[str]:
    """The names of those that did not exist."""
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
            raise unavailable(for_code(code)(message[0] or "" if message else ""), f"topic {name} could not be created")
    return created


async def _check(admin: AIOKafkaAdminClient, present: Sequence[Topic]) -> None:
    if not present:
        return
    wanted = {topic.name: topic.partitions for topic in present}
    for described in await admin.describe_topics(list(wanted)):
        found = len(described["partitions"])
        if found and found != wanted[described["topic"]]:
            raise PartitionsDiffer(described["topic"], found, wanted[described["topic"]])


async def delete_topics(settings: Settings, names: Sequence[str]) -> None:
    """Delete topics, records and all. Raises Unavailable."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        await admin.delete_topics(list(names))
    except KAFKA_FAULTS as error:
        raise unavailable(error) from error
    finally:
        await admin.close()
