"""What the analytics workers have built, as an operator changes it: their group, and their table's changelog."""

from collections.abc import Collection, Sequence

from aiokafka.errors import for_code

from contracts.client.rights import needing
from contracts.topics import Topics
from infra.kafka.event_log import KafkaEventLog
from infra.kafka.groups import ANALYTICS_GROUP
from infra.kafka.topics import administration
from infra.settings import Settings
from workers.analytics.entries import removed_position
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord, PublishFailed


class KafkaWindowBuilds:
    """`WindowBuilds` on aiokafka."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._changelog = Topics(settings.topic_prefix).analytics_changelog
        self._group = f"{settings.topic_prefix}{ANALYTICS_GROUP}"

    async def hosts(self) -> Sequence[str]:
        async with administration(self._settings) as admin:
            with needing("Describe", f"group {self._group}"):
                (answer,) = await admin.describe_consumer_groups([self._group])
                ((code, _, _, _, _, members, *_),) = answer.groups
                if code:
                    raise for_code(code)(self._group)
        return [host.removeprefix("/") for _, _, host, *_ in members]

    async def remove_positions(self, contexts: Collection[str]) -> None:
        log = KafkaEventLog(self._settings, signed_by=None)
        removals = [removed_position(context) for context in sorted(contexts)]
        records = [OutboundRecord(key.encode(), value, ()) for key, value in removals]
        try:
            for partition in range(self._settings.partitions):
                await log.append(self._changelog, partition, records)
        except PublishFailed as error:
            raise Unavailable("Kafka", f"the positions could not be removed: {error}") from error
        finally:
            await log.stop()
