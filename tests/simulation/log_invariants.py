"""What must be true of the log: it equals the table, and a record is repeated only for a reason."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress

from contracts.catalogue import catalogue
from contracts.envelope import MalformedMessage, read_event
from tests.simulation.evidence import Evidence
from tests.simulation.findings import Check, Finding
from tests.simulation.publish_ledger import PublishRequest
from workers.command.publisher import AWAY_SECONDS
from workers.command.records import event_record
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord


def the_log_equals_the_table(evidence: Evidence) -> Iterator[Finding]:
    """A reader that drops what it has passed reads each event once, in order, byte for byte as the table has it."""
    for partition, records in enumerate(evidence.log):
        rows = {row.sequence: row for row in evidence.events if row.partition == partition}
        last = 0
        for record in records:
            try:
                envelope = read_event(record.headers, record.key)
            except MalformedMessage as error:
                yield Finding("a foreign record in the log", str(error))
                continue
            row = rows.get(envelope.sequence)
            if row is None or not _same(record, row):
                yield Finding("a record of the log unlike the table", f"{partition}/{envelope.sequence}")
            if envelope.sequence > last + 1 and partition not in evidence.shortened:
                yield Finding("a hole in the log", f"before {partition}/{envelope.sequence}")
            last = max(last, envelope.sequence)
        if last != len(rows):
            yield Finding("the log ends before the table", f"{partition}/{last} of {len(rows)}")


def _sequences(records: Sequence[InboundRecord]) -> Iterator[tuple[int, InboundRecord]]:
    """The records of events, each with its sequence; foreign ones are named elsewhere."""
    for record in records:
        with suppress(MalformedMessage):
            yield read_event(record.headers, record.key).sequence, record


def _same(record: InboundRecord, row: EventRow) -> bool:
    written = event_record(row._replace(data=_as_published(row)))
    return (record.key, record.value, list(record.headers)) == (written.key, written.value, list(written.headers))


def _as_published(row: EventRow) -> bytes:
    return catalogue().events[f"{row.context}.{row.type}.v{row.schema_version}"].model_validate_json(row.data).to_json()


def only_what_was_sent_twice_is_there_twice(evidence: Evidence) -> Iterator[Finding]:
    """A producer's request is written once, however often it arrives."""
    requests = Counter(
        (request.partition, sequence) for request in _requests(evidence) for sequence in request.sequences
    )
    for partition, records in enumerate(evidence.log):
        written = Counter((partition, sequence) for sequence, _ in _sequences(records))
        for place in sorted(written - requests):
            yield Finding("an event written more often than it was sent", str(place))


def nothing_is_published_again_without_need(evidence: Evidence) -> Iterator[Finding]:
    """A new owner publishes what the log lacks, and nothing that was in it when the lane was acquired."""
    acquired_at = {(lane.partition, lane.epoch): lane.at for lane in evidence.ledger.acquisitions}
    for partition, records in enumerate(evidence.log):
        arrived: dict[int, float] = {}
        for sequence, record in _sequences(records):
            arrived.setdefault(sequence, (record.timestamp + 1) / 1000)
        for request in _requests(evidence):
            if request.partition == partition and partition not in evidence.shortened:
                since = acquired_at[partition, request.epoch]
                needless = [sequence for sequence in request.sequences if arrived.get(sequence, since) < since]
                if needless:
                    yield Finding("events published again though the log had them", f"{request.process} {needless}")


def a_lost_lane_is_abandoned(evidence: Evidence) -> Iterator[Finding]:
    """A former owner may send the one batch that it was about to send, and no more.

    A process whose clock has stood still can't know how long it was away.
    """
    acquired_at = {(lane.partition, lane.epoch): lane.at for lane in evidence.ledger.acquisitions}
    late: Counter[tuple[str, int, int]] = Counter()
    for request in _requests(evidence):
        lost_at = acquired_at.get((request.partition, request.epoch + 1))
        if lost_at is not None and request.at > lost_at + AWAY_SECONDS and not request.process.suspended_seconds:
            late[request.process.name, request.partition, request.epoch] += 1
    for owner, count in late.items():
        if count > 1:
            yield Finding("an owner went on publishing after it had lost its lane", f"{owner}: {count} requests")


def an_owner_that_was_away_asks(evidence: Evidence) -> Iterator[Finding]:
    """No owner publishes what it committed a while ago without asking whether the lane is still its own."""
    for publish in evidence.unchecked_publishes:
        yield Finding("an owner published late without asking", publish)


def _requests(evidence: Evidence) -> list[PublishRequest]:
    """Each request to the log, when it was sent first."""
    first: dict[tuple[int, tuple[int | None, int]], PublishRequest] = {}
    for request in evidence.ledger.requests:
        first.setdefault((request.partition, request.number), request)
    return list(first.values())


CHECKS_OF_THE_LOG: tuple[Check, ...] = (
    the_log_equals_the_table,
    only_what_was_sent_twice_is_there_twice,
    nothing_is_published_again_without_need,
    a_lost_lane_is_abandoned,
    an_owner_that_was_away_asks,
)
