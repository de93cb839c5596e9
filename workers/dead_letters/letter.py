"""A dead letter as `<topic>.dlq` holds it, taken apart: the original record, and why and whence it came there.

The same original may stand there twice: a worker that ended before its commit leaves the letter to the next owner, who
writes it again. Its place identifies it: the topic, partition and offset at which the original stood.
"""

from datetime import datetime
from typing import NamedTuple, Self

from contracts.envelope import printable_name
from contracts.topics import DEAD_LETTERS_SUFFIX
from workers.ports.log import InboundRecord

# The headers that dead_letter (workers/command/answering.py) puts behind those of the original.
ADDED = {"dlq_reason", "dlq_error", "dlq_topic", "dlq_partition", "dlq_offset", "dlq_time"}


class NotALetter(Exception):
    """A record among the dead letters that no worker of ours has put there. Look at it with a tool of Kafka's."""

    def __init__(self, record: InboundRecord, explanation: str) -> None:
        super().__init__(f"{record.topic}/{record.partition}/{record.offset} is no dead letter: {explanation}")
        self.explanation = explanation


class NotAPlace(Exception):
    """What was given as a dead letter's id is none. Take one from `annals dlq list`."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no dead letter's id; ids look like users.commands/3/1234")
        self.text = text


class Place(NamedTuple):
    """Where the original stood: the letter's identity."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    @classmethod
    def of(cls, text: str) -> Self:
        """The place that `users.commands/3/1234` names. Raises NotAPlace."""
        topic, _, rest = text.partition("/")
        partition, _, offset = rest.partition("/")
        if not topic or not _is_number(partition) or not _is_number(offset):
            raise NotAPlace(text)
        return cls(topic, int(partition), int(offset))


class Letter(NamedTuple):
    """A dead letter. `original` is the record as it stood in its topic; `reason` a name, `error` a sentence."""

    place: Place
    reason: str
    error: str
    time: datetime
    original: InboundRecord

    @property
    def type(self) -> str | None:
        """The command's wire type as the original says it; it may be no type at all."""
        return _last(self.original, "ce_type")

    @property
    def command_id(self) -> str | None:
        """The command's id as the original says it; it may be no id at all."""
        return _last(self.original, "ce_id")

    @property
    def stream(self) -> str | None:
        """The original's key."""
        return printable(self.original.key)


def letter_of(record: InboundRecord) -> Letter:
    """The letter in a record of a dead-letter topic. Raises NotALetter."""
    kept, added = record.headers[: -len(ADDED)], record.headers[-len(ADDED) :]
    told = {name: (value or b"").decode(errors="replace") for name, value in added}
    if told.keys() != ADDED:
        raise NotALetter(record, "it does not end with the headers that say why it is here")
    topic = record.topic.removesuffix(DEAD_LETTERS_SUFFIX)
    if told["dlq_topic"] != topic:
        raise NotALetter(record, f"it says that it comes from another topic than {topic}")
    try:
        place = Place.of(f"{topic}/{told['dlq_partition']}/{told['dlq_offset']}")
        time = datetime.fromisoformat(told["dlq_time"])
    except (NotAPlace, ValueError) as error:
        raise NotALetter(record, "its dlq_partition, dlq_offset or dlq_time cannot be read") from error
    if time.tzinfo is None:
        raise NotALetter(record, "its dlq_time has no time zone")
    original = InboundRecord(*place, record.key, record.value, kept, record.timestamp)
    return Letter(place, told["dlq_reason"], told["dlq_error"], time, original)


def printable(value: bytes | None) -> str | None:
    r"""Bytes as a person can read them: \xNN for what is no UTF-8, no control characters that move a terminal."""
    if value is None:
        return None
    text = value.decode(errors="backslashreplace")
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def printable_headers(record: InboundRecord) -> list[tuple[str, str | None]]:
    """A record's headers as a person can read them."""
    return [(printable(printable_name(name).encode()) or "", printable(value)) for name, value in record.headers]


def _last(record: InboundRecord, name: str) -> str | None:
    """The header that counts when there are several of a name: the last, as for the worker that reads them."""
    return printable(next((value for each, value in reversed(record.headers) if each == name and value), None))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18
