"""One event as one line, for people and for programs; from the table or from the log, it looks the same."""

import json
from typing import Any, NamedTuple, Self

from contracts.client.event_reader import ReadEvent
from contracts.envelope import rfc3339
from workers.ports.event_store import EventRow

MAX_DATA_CHARACTERS = 100


class EventLine(NamedTuple):
    """The parts of an event that are shown. `type` has no context (`UserCreated.v1`); `data` has the event's fields."""

    time: str
    context: str
    partition: int
    sequence: int
    type: str
    stream_id: str
    stream_version: int
    event_id: str
    correlation_id: str
    causation_id: str
    actor: str | None
    data: dict[str, Any]

    @classmethod
    def of_row(cls, row: EventRow) -> Self:
        """An event of the table."""
        return cls(
            rfc3339(row.recorded_at),
            row.context,
            row.partition,
            row.sequence,
            f"{row.type}.v{row.schema_version}",
            row.stream_id,
            row.stream_version,
            row.event_id,
            row.correlation_id,
            row.causation_id,
            row.actor,
            json.loads(row.data),
        )

    @classmethod
    def of_log(cls, read: ReadEvent) -> Self:
        """An event of the Kafka log."""
        envelope = read.envelope
        context, _, type_ = envelope.type.partition(".")
        return cls(
            envelope.time,
            context,
            read.partition,
            envelope.sequence,
            type_,
            envelope.subject,
            envelope.stream_version,
            envelope.id,
            envelope.correlation_id,
            envelope.causation_id,
            envelope.actor,
            json.loads(read.data),
        )

    def text(self) -> str:
        """The line for people."""
        fields = [f"{name}={value}" for name, value in self.data.items() if value != self.stream_id]
        data = " ".join(fields)
        if len(data) > MAX_DATA_CHARACTERS:
            data = data[: MAX_DATA_CHARACTERS - 1] + "…"
        place = f"{self.partition}/{self.sequence}"
        line = f"{self.time}  {self.context} {place:>8}  {self.type:<20} {self.stream_id}@{self.stream_version}  {data}"
        return line.rstrip()

    def json(self) -> str:
        """The line for programs: one JSON object."""
        return json.dumps(self._asdict(), ensure_ascii=False)
