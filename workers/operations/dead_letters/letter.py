"""A dead letter as `<topic>.dlq` holds it, parsed: the original record, and why it could not be handled.

The same original may be there twice: a worker that ends before its commit leaves the record to the lane's next owner,
which writes the letter again. So a letter is identified by the position at which the original was read.
"""

from datetime import datetime
from typing import NamedTuple, Self

from contracts.envelope import printable_name
from contracts.topics import DEAD_LETTERS_SUFFIX
from workers.ports.log import InboundRecord

# The headers that dead_letter (workers/command/answering.py) adds behind those of the original.
ADDED_HEADERS = {"dlq_reason", "dlq_error", "dlq_topic", "dlq_partition", "dlq_offset", "dlq_time"}


class NotALetter(Exception):
    """A record of a dead-letter topic that no worker of Annals has written. Read it with a tool of Kafka's."""

    def __init__(self, record: InboundRecord, explanation: str) -> None:
        super().__init__(f"{record.topic}/{record.partition}/{record.offset} is no dead letter: {explanation}")
        self.explanation = explanation


class InvalidRecordPosition(Exception):
    """A text that is given as a dead letter's id and is none. Take an id from `annals dlq list`."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no dead letter's id; ids look like users.commands/3/1234")
        self.text = text


class RecordPosition(NamedTuple):
    """Where the original was read. It identifies the letter; as a text it is the letter's id."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The position that `users.commands/3/1234` names. Raises InvalidRecordPosition."""
        topic, _, rest = text.partition("/")
        partition, _, offset = rest.partition("/")
        if not topic or not _is_number(partition) or not _is_number(offset):
            raise InvalidRecordPosition(text)
        return cls(topic, int(partition), int(offset))


class Letter(NamedTuple):
    """A dead letter. `original` is the record as its topic had it; `reason` is a name, `error` a sentence."""

    position: RecordPosition
    reason: str
    error: str
    time: datetime
    original: InboundRecord

    @property
    def type(self) -> str | None:
        """The command's wire type as the original says it. It may be no type of ours."""
        return _last_header(self.original, "ce_type")

    @property
    def command_id(self) -> str | None:
        """The command's id as the original says it. It may be no UUID."""
        return _last_header(self.original, "ce_id")

    @property
    def stream_id(self) -> str | None:
        """The original's key."""
        return printable(self.original.key)


def letter_of(record: InboundRecord) -> Letter:
    """The letter in a record of a dead-letter topic. Raises NotALetter."""
    kept, added = record.headers[: -len(ADDED_HEADERS)], record.headers[-len(ADDED_HEADERS) :]
    fields = {name: (value or b"").decode(errors="replace") for name, value in added}
    if fields.keys() != ADDED_HEADERS:
        raise NotALetter(record, "it does not end with the headers that say why it is here")
    topic = record.topic.removesuffix(DEAD_LETTERS_SUFFIX)
    if fields["dlq_topic"] != topic:
        raise NotALetter(record, f"it says that it comes from another topic than {topic}")
    try:
        position = RecordPosition.parse(f"{topic}/{fields['dlq_partition']}/{fields['dlq_offset']}")
        time = datetime.fromisoformat(fields["dlq_time"])
    except (InvalidRecordPosition, ValueError) as error:
        raise NotALetter(record, "its dlq_partition, dlq_offset or dlq_time cannot be read") from error
    if time.tzinfo is None:
        raise NotALetter(record, "its dlq_time has no time zone")
    original = InboundRecord(*position, record.key, record.value, kept, record.timestamp)
    return Letter(position, fields["dlq_reason"], fields["dlq_error"], time, original)


def printable(value: bytes | None) -> str | None:
    r"""Bytes as text that a terminal can show: \xNN for what is not UTF-8, escapes for control characters."""
    if value is None:
        return None
    text = value.decode(errors="backslashreplace")
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def printable_headers(record: InboundRecord) -> list[tuple[str, str | None]]:
    """A record's headers as text that a terminal can show."""
    return [(printable(printable_name(name).encode()) or "", printable(value)) for name, value in record.headers]


def _last_header(record: InboundRecord, name: str) -> str | None:
    """Of several headers with this name the last one that has a value: the worker reads them the same way."""
    values = (value for header, value in reversed(record.headers) if header == name and value)
    return printable(next(values, None))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18
