"""One lane's log against its table, record by record, as a reader sees the log that drops what it has passed."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from contracts.envelope import EventEnvelope, MalformedMessage, read_event, rfc3339
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord
from workers.verification.findings import Verdict


class LaneComparison:
    """Compares up to the sequence `until`; what comes later, came while we looked."""

    def __init__(self, context: str, partition: int, until: int, verdict: Verdict) -> None:
        self.position = 0
        self._context = context
        self._partition = partition
        self._until = until
        self._verdict = verdict

    @property
    def done(self) -> bool:
        return self.position >= self._until

    def following(self, records: Sequence[InboundRecord]) -> list[tuple[InboundRecord, EventEnvelope]]:
        """Those records that go on from the position; repeats are counted, foreign records found."""
        ahead = []
        last = self.position
        for record in records:
            try:
                envelope = read_event(record.headers, record.key)
            except MalformedMessage as error:
                self._verdict.found("foreign record in the log", self._offset(record), str(error))
                continue
            if envelope.sequence <= last:
                self._verdict.saw("late repeats in the log")
            elif envelope.sequence <= self._until:
                ahead.append((record, envelope))
                last = envelope.sequence
        return ahead

    def compare(self, ahead: Sequence[tuple[InboundRecord, EventEnvelope]], rows: Mapping[int, EventRow]) -> None:
        """Compare records with the rows of their sequences."""
        for record, envelope in ahead:
            for missing in range(self.position + 1, envelope.sequence):
                self._verdict.found("event missing in the log", self._place(missing), f"before {self._offset(record)}")
            self.position = envelope.sequence
            self._verdict.saw("events compared with the log")
            row = rows.get(envelope.sequence)
            if row is None:
                self._verdict.found("event missing in the table", self._place(envelope.sequence), self._offset(record))
            else:
                self._differences(record, envelope, row)

    def end(self) -> None:
        """The log has come to its end."""
        for missing in range(self.position + 1, self._until + 1):
            self._verdict.found("event missing in the log", self._place(missing), "at the end of the log")

    def _differences(self, record: InboundRecord, envelope: EventEnvelope, row: EventRow) -> None:
        pairs: dict[str, tuple[Any, Any]] = {
            "id": (envelope.id, row.event_id),
            "type": (envelope.type, f"{row.context}.{row.type}.v{row.schema_version}"),
            "stream": (envelope.subject, row.stream_id),
            "stream version": (envelope.stream_version, row.stream_version),
            "correlation id": (envelope.correlation_id, row.correlation_id),
            "causation id": (envelope.causation_id, row.causation_id),
            "time": (envelope.time, rfc3339(row.recorded_at)),
            "actor": (envelope.actor, row.actor),
        }
        for name, (in_log, in_table) in pairs.items():
            if in_log != in_table:
                explanation = f"{name} is {in_log!r} in the log, {in_table!r} in the table"
                self._verdict.found("event differs", self._place(row.sequence), explanation)
        if not _same_json(record.value, row.data):
            self._verdict.found("event differs", self._place(row.sequence), f"data, at {self._offset(record)}")

    def _place(self, sequence: int) -> str:
        return f"{self._context} {self._partition}/{sequence}"

    def _offset(self, record: InboundRecord) -> str:
        return f"{record.topic}/{record.partition} offset {record.offset}"


def _same_json(one: bytes | None, other: bytes) -> bool:
    try:
        return bool(orjson.loads(one or b"") == orjson.loads(other))
    except orjson.JSONDecodeError:
        return False
