"""The settings of existing topics: reading them, comparing them with what they should be, and changing them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAuthorizationFailedError, for_code

from contracts.client.rights import RightMissing
from infra.kafka.faults import unavailable
from infra.kafka.propagation import NOT_YET_PROPAGATED, propagated
from workers.ports.lanes import Unavailable

# Kafka's source of a setting that was set on the topic itself.
OF_THE_TOPIC = 1


class Wanted(Protocol):
    """A topic by its name, and the settings that it should have."""

    @property
    def name(self) -> str: ...

    @property
    def config(self) -> Mapping[str, str]: ...


class TopicSettings:
    """A topic's settings: all that are effective, and those that were set on the topic itself."""

    def __init__(self) -> None:
        self.effective: dict[str, str] = {}
        self.own: dict[str, str] = {}

    def differing(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """The present values of the settings that differ from `wanted`."""
        return {
            name: self.effective.get(name, "") for name, value in wanted.items() if self.effective.get(name) != value
        }


async def read_topic_settings(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, TopicSettings]:
    """The settings of existing topics, by name. Raises KafkaError, OSError or Unavailable."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]

    async def described() -> dict[str, TopicSettings]:
        settings: dict[str, TopicSettings] = {}
        for response in await admin.describe_configs(resources):
            for code, message, _, name, entries in response.resources:
                if code in NOT_YET_PROPAGATED:
                    return {}
                if code:
                    raise _refused(f"the settings of {name} cannot be read", "DescribeConfigs", name, code, message)
                settings[name] = _topic_settings(entries)
        return settings

    return await propagated(described, f"the settings of {', '.join(names)}") if names else {}


def _topic_settings(entries: Sequence[Any]) -> TopicSettings:
    topic = TopicSettings()
    for setting, value, _, source, *_ in entries:
        topic.effective[setting] = value
        if source == OF_THE_TOPIC:
            topic.own[setting] = value
    return topic


def _refused(what: str, right: str, topic: str, code: int, message: str | None) -> Unavailable:
    if code == TopicAuthorizationFailedError.errno:
        return unavailable(RightMissing(right, f"topic {topic}"), what)
    return Unavailable("Kafka", f"{what}: {message or for_code(code).message}")


async def apply_topic_settings(admin: AIOKafkaAdminClient, present: Sequence[Wanted]) -> list[str]:
    """Change the settings that differ from what the topics should have, and no others; the names of changed topics.

    Raises KafkaError, OSError or Unavailable.
    """
    settings = await read_topic_settings(admin, [topic.name for topic in present])
    changed = [topic for topic in present if settings[topic.name].differing(topic.config)]
    for topic in changed:
        # The request replaces everything set on the topic: what it does not name returns to the default.
        await alter_topic_settings(admin, topic.name, {**settings[topic.name].own, **topic.config})
    names = [topic.name for topic in changed]

    async def applied() -> bool:
        current = await read_topic_settings(admin, names)
        return not any(current[topic.name].differing(topic.config) for topic in changed)

    await propagated(applied, f"the new settings of {', '.join(names)}")
    return names


async def alter_topic_settings(admin: AIOKafkaAdminClient, name: str, settings: Mapping[str, str]) -> None:
    """Set exactly these settings on a topic. The brokers learn of it a little later.

    Raises KafkaError, OSError or Unavailable.
    """
    resource = ConfigResource(ConfigResourceType.TOPIC, name, dict(settings))

    async def altered() -> bool:
        for response in await admin.alter_configs([resource]):
            for code, message, *_ in response.resources:
                if code in NOT_YET_PROPAGATED:
                    return False
                if code:
                    raise _refused(f"the settings of {name} cannot be set", "AlterConfigs", name, code, message)
        return True

    await propagated(altered, f"{name}, whose settings are to be set")
