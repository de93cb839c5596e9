"""What must be true of the log: it is the table, and what stands in it twice has a good reason to."""

from collections import Counter
from collections.abc import Iterator

from contracts.catalogue import catalogue
from contracts.envelope import MalformedMessage, read_event
from tests.simulation.evidence import Evidence
from tests.simulation.findings import Check, Finding
from tests.simulation.ledger import Sending
from workers.command.publisher import AWAY_SECONDS
from workers.command.records import event_record
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord


def the_log_equals_the_table(evidence: Evidence) -> Iterator[Finding]:
    """A reader who drops what it has passed reads each event once, in order, byte for byte as the table has it."""
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


def _same(record: InboundRecord, row: EventRow) -> bool:
    written = event_record(row._replace(data=_as_published(row)))
    return (record.key, record.value, list(record.headers)) == (written.key, written.value, list(written.headers))


def _as_published(row: EventRow) -> bytes:
    return catalogue().events[f"{row.context}.{row.type}.v{row.schema_version}"].model_validate_json(row.data).to_json()


def only_what_was_sent_twice_is_there_twice(evidence: Evidence) -> Iterator[Finding]:
    """A producer's request is written once, however often it arrives."""
    requests = Counter((each.partition, sequence) for each in _requests(evidence) for sequence in each.sequences)
    for partition, records in enumerate(evidence.log):
        written = Counter((partition, read_event(record.headers, record.key).sequence) for record in records)
        for place in sorted(written - requests):
            yield Finding("an event written more often than it was sent", str(place))


def nothing_is_published_again_without_need(evidence: Evidence) -> Iterator[Finding]:
    """A new owner publishes what the log lacks, and nothing that was there when it took the lane."""
    taken = {(each.partition, each.epoch): each.at for each in evidence.ledger.takings}
    for partition, records in enumerate(evidence.log):
        arrived: dict[int, float] = {}
        for record in records:
            arrived.setdefault(read_event(record.headers, record.key).sequence, (record.timestamp + 1) / 1000)
        for sending in _requests(evidence):
            if sending.partition == partition and partition not in evidence.shortened:
                since = taken[partition, sending.epoch]
                needless = [each for each in sending.sequences if arrived.get(each, since) < since]
                if needless:
                    yield Finding("events published again though the log had them", f"{sending.process} {needless}")


def a_lost_lane_is_let_go(evidence: Evidence) -> Iterator[Finding]:
    """Who has lost a lane may send the one batch that it was about to send, and no more.

    A process whose clock has stood still can't know how long it was away.
    """
    taken = {(each.partition, each.epoch): each.at for each in evidence.ledger.takings}
    late: Counter[tuple[str, int, int]] = Counter()
    for sending in _requests(evidence):
        lost_at = taken.get((sending.partition, sending.epoch + 1))
        if lost_at is not None and sending.at > lost_at + AWAY_SECONDS and not sending.process.suspended_seconds:
            late[sending.process.name, sending.partition, sending.epoch] += 1
    for owner, count in late.items():
        if count > 1:
            yield Finding("an owner went on publishing after it had lost its lane", f"{owner}: {count} requests")


def who_was_away_asks(evidence: Evidence) -> Iterator[Finding]:
    """Nobody publishes what he committed a while ago without having asked whether the lane is still his."""
    for said in evidence.unasked:
        yield Finding("an owner published late without asking", said)


def _requests(evidence: Evidence) -> list[Sending]:
    """Each request to the log, when it was sent first."""
    found: dict[tuple[int, tuple[int | None, int]], Sending] = {}
    for sending in evidence.ledger.sendings:
        found.setdefault((sending.partition, sending.request), sending)
    return list(found.values())


CHECKS_OF_THE_LOG: tuple[Check, ...] = (
    the_log_equals_the_table,
    only_what_was_sent_twice_is_there_twice,
    nothing_is_published_again_without_need,
    a_lost_lane_is_let_go,
    who_was_away_asks,
)
