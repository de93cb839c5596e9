"""Checks that the topics that a process reads and writes exist: a consumer of a missing topic would wait for ever."""

from collections.abc import Iterable

from contracts.client.kafka_errors import TOPICS
from infra.kafka.topics import administration
from infra.settings import Settings
from workers.ports.lanes import Unavailable


async def require_topics(settings: Settings, names: Iterable[str]) -> None:
    """Raises Unavailable when Kafka does not answer, or does not list all of these topics for this user."""
    async with administration(settings) as admin:
        missing = sorted(set(names) - set(await admin.list_topics()))
    if missing:
        raise Unavailable("Kafka", f"there is no topic {', '.join(missing)}, or we may not see it", TOPICS)
