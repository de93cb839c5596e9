"""The settings of topics that exist: what they should be, and are not; and setting them right."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from infra.kafka.telling import NOT_TOLD_YET, told
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
    """The settings of topics that exist, by name. Raises KafkaError, OSError or Unavailable."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]

    async def answered() -> dict[str, Found]:
        found: dict[str, Found] = {}
        for response in await admin.describe_configs(resources):
            for code, message, _, name, entries in response.resources:
                if code in NOT_TOLD_YET:
                    return {}
                if code:
                    raise Unavailable(
                        "Kafka", f"the settings of {name} cannot be read: {message or for_code(code).message}"
                    )
                found[name] = _found(entries)
        return found

    return await told(answered, f"the settings of {', '.join(names)}") if names else {}


def _found(entries: Sequence[Any]) -> Found:
    topic = Found()
    for setting, value, _, source, *_ in entries:
        topic.effective[setting] = value
        if source == OF_THE_TOPIC:
            topic.own[setting] = value
    return topic


async def set_right(admin: AIOKafkaAdminClient, present: Sequence[Wanted]) -> list[str]:
    """Give topics the settings that they should have, and leave their others as they are; the names of those changed.

    Raises KafkaError, OSError or Unavailable.
    """
    found = await found_settings(admin, [topic.name for topic in present])
    changed = [topic for topic in present if found[topic.name].differing(topic.config)]
    for topic in changed:
        # The request sets all that a topic has of its own: what it does not name goes back to the default.
        await alter(admin, topic.name, {**found[topic.name].own, **topic.config})
    names = [topic.name for topic in changed]

    async def right() -> bool:
        known = await found_settings(admin, names)
        return not any(known[topic.name].differing(topic.config) for topic in changed)

    await told(right, f"the new settings of {', '.join(names)}")
    return names


async def alter(admin: AIOKafkaAdminClient, name: str, settings: Mapping[str, str]) -> None:
    """Have a topic these settings of its own, and no others. The brokers learn of it a little later.

    Raises KafkaError, OSError or Unavailable.
    """
    resource = ConfigResource(ConfigResourceType.TOPIC, name, dict(settings))

    async def altered() -> bool:
        for response in await admin.alter_configs([resource]):
            for code, message, *_ in response.resources:
                if code in NOT_TOLD_YET:
                    return False
                if code:
                    raise Unavailable(
                        "Kafka", f"the settings of {name} cannot be set: {message or for_code(code).message}"
                    )
        return True

    await told(altered, f"{name}, whose settings are to be set")
