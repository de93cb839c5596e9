"""One lane's log against its table, record by record.

A record that comes late counts as present: a woken owner's last records, and those that a repair has appended, stand
behind higher sequences, and every reader of the log drops or has filled them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from contracts.envelope import EventEnvelope, MalformedMessage, read_event, rfc3339
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord
from workers.verification.findings import LogGap, Verdict, What
from workers.verification.missing import Missing, Stretch

Read = tuple[InboundRecord, EventEnvelope]


class LaneComparison:
    """Compares up to the sequence `until`; what comes later, came while we looked. `highest` is the last one seen."""

    def __init__(self, context: str, partition: int, until: int, verdict: Verdict) -> None:
        self.position = 0
        self.highest = 0
        self._context = context
        self._partition = partition
        self._until = until
        self._verdict = verdict
        self._missing = Missing()

    @property
    def done(self) -> bool:
        return self.position >= self._until

    def read(self, records: Sequence[InboundRecord]) -> list[Read]:
        """Those records that are to be compared; foreign ones are found."""
        wanted = []
        for record in records:
            try:
                envelope = read_event(record.headers, record.key)
            except MalformedMessage as error:
                self._verdict.found(What.FOREIGN_RECORD, self._offset(record), str(error))
                continue
            self.highest = max(self.highest, envelope.sequence)
            if envelope.sequence <= self._until:
                wanted.append((record, envelope))
        return wanted

    def compare(self, wanted: Sequence[Read], rows: Mapping[int, EventRow]) -> None:
        """Compare records with the rows of their sequences."""
        for record, envelope in wanted:
            sequence = envelope.sequence
            row = rows.get(sequence)
            if row is None:
                self._verdict.found(What.MISSING_IN_TABLE, self._place(sequence), self._offset(record))
                same = False
            else:
                same = self._is_same(record, envelope, row)
            if sequence > self.position:
                self._pass_over(self.position + 1, sequence - 1, f"before {self._offset(record)}")
                self.position = sequence
                self._verdict.saw("events compared with the log")
            elif same and self._missing.remove(sequence):
                self._verdict.saw("events compared with the log")
                self._verdict.saw("repeats out of order in the log")
            else:
                self._verdict.saw("late repeats in the log")

    def _pass_over(self, first: int, last: int, place: str) -> None:
        if first <= last:
            given_up = self._missing.add(first, last, place)
            if given_up is not None:
                self._report(given_up)

    def end(self) -> None:
        """The log has come to its end."""
        self._pass_over(self.position + 1, self._until, "at the end of the log")
        for stretch in self._missing:
            self._report(stretch)

    def _report(self, stretch: Stretch) -> None:
        first, last, place = stretch
        where = self._place(first) if first == last else f"{self._place(first)}-{last}"
        gap = LogGap(self._context, self._partition, first, last)
        self._verdict.found(What.MISSING_IN_LOG, where, place, count=last - first + 1, target=gap)

    def _is_same(self, record: InboundRecord, envelope: EventEnvelope, row: EventRow) -> bool:
        """Whether the record is the row's; what is not is named, without what the event holds."""
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
        differences = [
            f"{name} is {in_log!r} in the log, {in_table!r} in the table"
            for name, (in_log, in_table) in pairs.items()
            if in_log != in_table
        ]
        if not _same_json(record.value, row.data):
            differences.append("data")
        if differences:
            explanation = f"{'; '.join(differences)}, at {self._offset(record)}"
            self._verdict.found(What.EVENT_DIFFERS, self._place(row.sequence), explanation)
        return not differences

    def _place(self, sequence: int) -> str:
        return f"{self._context} {self._partition}/{sequence}"

    def _offset(self, record: InboundRecord) -> str:
        return f"{record.topic}/{record.partition} offset {record.offset}"


def _same_json(one: bytes | None, other: bytes) -> bool:
    try:
        return bool(orjson.loads(one or b"") == orjson.loads(other))
    except orjson.JSONDecodeError:
        return False
