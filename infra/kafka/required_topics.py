"""Checks that the topics that a process reads and writes exist: a consumer of a missing topic would wait for ever."""

from collections.abc import Iterable

from aiokafka.errors import TopicAuthorizationFailedError

from contracts.client.kafka_errors import TOPICS
from contracts.client.rights import RightMissing, topics
from infra.kafka.topics import administration
from infra.settings import Settings
from workers.ports.lanes import Unavailable


async def require_topics(settings: Settings, names: Iterable[str]) -> None:
    """Raises Unavailable when Kafka does not answer, lacks some of these topics, or hides some from this user."""
    async with administration(settings) as admin:
        missing = sorted(set(names) - set(await admin.list_topics()))
        described = await admin.describe_topics(missing) if missing else []
        denied = {topic["topic"] for topic in described if topic["error_code"] == TopicAuthorizationFailedError.errno}
        if denied:
            raise RightMissing("Describe", topics(denied))
    if missing:
        raise Unavailable("Kafka", f"there is no topic {', '.join(missing)}", TOPICS)
