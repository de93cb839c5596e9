"""From a row of the event table to its record in the log. A row that is published again gives the same record."""

from functools import lru_cache

from contracts.envelope import CONTENT_TYPE, SPECVERSION, rfc3339
from workers.ports.event_store import EventRow
from workers.ports.log import OutboundRecord


@lru_cache(maxsize=1024)
def _type_headers(context: str, name: str, schema_version: int) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    return ("ce_type", f"{context}.{name}.v{schema_version}".encode()), ("ce_source", f"/annals/{context}".encode())


def event_record(row: EventRow) -> OutboundRecord:
    """The record of an event: CloudEvents headers (see contracts.envelope.EventEnvelope), and its JSON as the value."""
    type_header, source_header = _type_headers(row.context, row.type, row.schema_version)
    key = row.stream_id.encode()
    headers: list[tuple[str, bytes]] = [
        SPECVERSION,
        ("ce_id", row.event_id.encode()),
        type_header,
        source_header,
        ("ce_subject", key),
        ("ce_time", rfc3339(row.recorded_at).encode()),
        CONTENT_TYPE,
        ("ce_correlationid", row.correlation_id.encode()),
        ("ce_causationid", row.causation_id.encode()),
        ("ce_streamversion", b"%d" % row.stream_version),
        ("ce_sequence", b"%d" % row.sequence),
    ]
    if row.traceparent is not None:
        headers.append(("traceparent", row.traceparent.encode()))
    if row.actor is not None:
        headers.append(("ce_actor", row.actor.encode()))
    return OutboundRecord(key, row.data, headers)
