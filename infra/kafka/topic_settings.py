"""The settings of topics that exist: what they should be, and are not; and setting them right."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from workers.ports.lanes import Unavailable

# Where Kafka says that a topic has a setting from: the topic itself.
OF_THE_TOPIC = 1


class Wanted(Protocol):
    """A topic by its name, and the settings that it should have."""

    @property
    def name(self) -> str: ...

    @property
    def config(self) -> Mapping[str, str]: ...


class Found:
    """A topic's settings as they are: all of them, and those that the topic has of its own."""

    def __init__(self) -> None:
        self.effective: dict[str, str] = {}
        self.own: dict[str, str] = {}

    def differing(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """Those of the settings that are not as wanted, as they are."""
        return {
            name: self.effective.get(name, "") for name, value in wanted.items() if self.effective.get(name) != value
        }


async def found_settings(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, Found]:
    """The settings of topics, by name. Raises KafkaError, OSError or Unavailable."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found: dict[str, Found] = {}
    for response in await admin.describe_configs(resources) if names else ():
        for code, message, _, name, entries in response.resources:
            if code:
                raise Unavailable("Kafka", f"the settings of {name} cannot be read: {message or code}")
            topic = found[name] = Found()
            for setting, value, _, source, *_ in entries:
                topic.effective[setting] = value
                if source == OF_THE_TOPIC:
                    topic.own[setting] = value
    return found


async def set_right(admin: AIOKafkaAdminClient, present: Sequence[Wanted]) -> list[str]:
    """Give topics the settings that they should have, and leave their others as they are; the names of those changed.

    Raises KafkaError, OSError or Unavailable.
    """
    found = await found_settings(admin, [topic.name for topic in present])
    changed = []
    for topic in present:
        if found[topic.name].differing(topic.config):
            # The request sets all that a topic has of its own: what it does not name goes back to the default.
            settings = {**found[topic.name].own, **topic.config}
            resource = ConfigResource(ConfigResourceType.TOPIC, topic.name, settings)
            for response in await admin.alter_configs([resource]):
                for code, message, *_ in response.resources:
                    if code:
                        raise Unavailable("Kafka", f"the settings of {topic.name} cannot be set: {message or code}")
            changed.append(topic.name)
    return changed
