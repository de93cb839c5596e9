"""One lane's log against its table, record by record.

A record that comes late counts as present. A paused worker may append its last records again, and a repair appends what
is missing: both are behind higher sequences, and readers of the log drop them or have filled them from the table.
"""

from collections.abc import Mapping, Sequence

from contracts.envelope import EventEnvelope, Headers, MalformedMessage, read_event
from contracts.signatures import HEADER
from workers.command.records import event_record
from workers.operations.verification.comparisons.missing_sequences import MissingSequences, Stretch
from workers.operations.verification.comparisons.same_json import same_json
from workers.operations.verification.findings import FindingKind, LogGap, Verdict
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord

ReadRecord = tuple[InboundRecord, EventEnvelope]
"""A record of the log, and its envelope."""

PARTS = {
    "ce_specversion": "version of CloudEvents",
    "ce_id": "id",
    "ce_type": "type",
    "ce_source": "source",
    "ce_subject": "stream",
    "ce_time": "time",
    "content-type": "type of content",
    "ce_correlationid": "correlation id",
    "ce_causationid": "causation id",
    "ce_streamversion": "stream version",
    "ce_sequence": "sequence",
    "traceparent": "traceparent",
    "ce_actor": "actor",
}
"""The headers that are compared, and how a finding names them. Headers that others have added are not compared."""


class LaneComparison:
    """Compares up to the sequence `until`: what comes later was written meanwhile. `position` is the last sequence that
    came in order, `highest` the highest one seen.
    """

    def __init__(self, context: str, partition: int, until: int, verdict: Verdict) -> None:
        self.position = 0
        self.highest = 0
        self._context = context
        self._partition = partition
        self._until = until
        self._verdict = verdict
        self._missing = MissingSequences()

    @property
    def done(self) -> bool:
        return self.position >= self._until

    def read(self, records: Sequence[InboundRecord]) -> list[ReadRecord]:
        """The records to compare; reports foreign ones."""
        comparable = []
        for record in records:
            try:
                envelope = read_event(record.headers, record.key)
            except MalformedMessage as error:
                reason = str(error) if record.unreadable is None else record.unreadable.explanation
                self._verdict.report(FindingKind.FOREIGN_RECORD, self._offset(record), reason)
                continue
            self.highest = max(self.highest, envelope.sequence)
            if envelope.sequence <= self._until:
                comparable.append((record, envelope))
        return comparable

    def compare(self, records: Sequence[ReadRecord], rows: Mapping[int, EventRow]) -> None:
        """Compare records with the rows of their sequences."""
        for record, envelope in records:
            sequence = envelope.sequence
            row = rows.get(sequence)
            if row is None:
                self._verdict.report(FindingKind.MISSING_IN_TABLE, self._place(sequence), self._offset(record))
                same = False
            else:
                same = self._is_same(record, row)
            if sequence > self.position:
                self._pass_over(self.position + 1, sequence - 1, f"before {self._offset(record)}")
                self.position = sequence
                self._verdict.compared("events compared with the log")
            elif same and self._missing.remove(sequence):
                self._verdict.compared("events compared with the log")
                self._verdict.compared("repeats out of order in the log")
            else:
                self._verdict.compared("late repeats in the log")

    def _pass_over(self, first: int, last: int, place: str) -> None:
        if first <= last:
            dropped = self._missing.add(first, last, place)
            if dropped is not None:
                self._report(dropped)

    def end(self) -> None:
        """The log has come to its end."""
        self._pass_over(self.position + 1, self._until, "at the end of the log")
        for stretch in self._missing:
            self._report(stretch)

    def _report(self, stretch: Stretch) -> None:
        first, last, place = stretch
        where = self._place(first) if first == last else f"{self._place(first)}-{last}"
        gap = LogGap(self._context, self._partition, first, last)
        self._verdict.report(FindingKind.MISSING_IN_LOG, where, place, count=last - first + 1, target=gap)

    def _is_same(self, record: InboundRecord, row: EventRow) -> bool:
        """Whether the record is the row's; reports in what they differ, without the event's values."""
        expected = event_record(row)
        differences = [] if record.key == expected.key else [_difference("key", record.key, expected.key)]
        headers = record.headers[:-1] if record.headers and record.headers[-1][0] == HEADER else record.headers
        if list(headers) != expected.headers:
            differences += _header_differences(headers, expected.headers)
        if not same_json(record.value or b"", row.data):
            differences.append("data")
        if differences:
            explanation = f"{'; '.join(differences)}, at {self._offset(record)}"
            self._verdict.report(FindingKind.EVENT_DIFFERS, self._place(row.sequence), explanation)
        return not differences

    def _place(self, sequence: int) -> str:
        return f"{self._context} {self._partition}/{sequence}"

    def _offset(self, record: InboundRecord) -> str:
        return f"{record.topic}/{record.partition} offset {record.offset}"


def _header_differences(in_log: Headers, in_table: Headers) -> list[str]:
    """By header. One that comes more than once differs: some readers take the first, others the last."""
    actual, expected = _by_name(in_log), _by_name(in_table)
    return [
        _difference(part, actual.get(name), expected.get(name))
        for name, part in PARTS.items()
        if actual.get(name) != expected.get(name)
    ]


def _by_name(headers: Headers) -> dict[str, bytes | None]:
    """The value of each header; the values of one that comes more than once are joined."""
    values: dict[str, bytes | None] = {}
    for name, value in headers:
        values[name] = value if name not in values else b"%b, %b" % (values[name] or b"", value or b"")
    return values


def _difference(part: str, in_log: bytes | None, in_table: bytes | None) -> str:
    return f"{part} is {_shown(in_log)} in the log, {_shown(in_table)} in the table"


def _shown(value: bytes | None) -> str:
    return "absent" if value is None else repr(value.decode(errors="replace"))
