"""The names of the Kafka topics, with the optional prefix before each."""

from typing import NamedTuple

COMMANDS_SUFFIX = ".commands"
EVENTS_SUFFIX = ".events"
DEAD_LETTERS_SUFFIX = ".dlq"

MAX_MESSAGE_BYTES = 1_048_576
"""The largest value of a command that is read, and the largest event: 1 MiB."""

MAX_UNPACKED_BATCH_BYTES = 32 * MAX_MESSAGE_BYTES
"""The largest record batch that is read, once it is unpacked, unless told otherwise: 32 MiB.

That is twice what a topic of commands takes as it is stored, so a batch without compression always passes. It is 32
times what producers put into a batch by default at most (1 MB in librdkafka, counted before compression; 16 kB in Java,
counted after); commands, with an id in each, become 3 to 20 times smaller.
"""


class Topics(NamedTuple):
    """Topic names under one prefix (`ANNALS_TOPIC_PREFIX`)."""

    prefix: str = ""

    def commands(self, context: str) -> str:
        return f"{self.prefix}{context}{COMMANDS_SUFFIX}"

    def events(self, context: str) -> str:
        return f"{self.prefix}{context}{EVENTS_SUFFIX}"

    @property
    def replies(self) -> str:
        return f"{self.prefix}replies"

    @property
    def analytics_windows(self) -> str:
        return f"{self.prefix}analytics.windows"

    @property
    def analytics_changelog(self) -> str:
        return f"{self.prefix}analytics.changelog"

    def context_of(self, topic: str) -> str:
        """The context whose commands or events `topic` carries."""
        name = topic.removeprefix(self.prefix)
        return name.removesuffix(COMMANDS_SUFFIX).removesuffix(EVENTS_SUFFIX)

    @staticmethod
    def dead_letters(topic: str) -> str:
        return topic + DEAD_LETTERS_SUFFIX
