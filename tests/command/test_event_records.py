"""The log's record of an event says all that its row says, in the headers that the contract names."""

from datetime import UTC, datetime

import orjson
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import read_event, rfc3339
from workers.command.records import event_record
from workers.ports.event_store import EventRow

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)
ids = st.uuids().map(str)
rows = st.builds(
    EventRow,
    context=st.sampled_from(["users", "orders"]),
    partition=st.integers(0, 9),
    sequence=st.integers(1, 10**12),
    stream_id=texts,
    stream_version=st.integers(1, 10**9),
    event_id=ids,
    type=st.sampled_from(["UserCreated", "OrderPlaced"]),
    schema_version=st.integers(1, 9),
    data=st.dictionaries(texts, texts, max_size=3).map(orjson.dumps),
    command_id=ids,
    correlation_id=texts,
    causation_id=texts,
    actor=st.none() | texts,
    traceparent=st.none() | texts,
    recorded_at=st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)


@given(rows)
def test_are_read_back_to_the_row(row: EventRow) -> None:
    record = event_record(row)
    envelope = read_event(record.headers, record.key)
    assert envelope.id == row.event_id
    assert envelope.type == f"{row.context}.{row.type}.v{row.schema_version}"
    assert envelope.source == f"/annals/{row.context}"
    assert envelope.subject == row.stream_id
    assert envelope.time == rfc3339(row.recorded_at)
    assert (envelope.correlation_id, envelope.causation_id) == (row.correlation_id, row.causation_id)
    assert (envelope.stream_version, envelope.sequence) == (row.stream_version, row.sequence)
    assert (envelope.traceparent, envelope.actor) == (row.traceparent, row.actor)
    assert record.value == row.data


@given(rows)
def test_have_the_headers_that_the_envelope_itself_writes(row: EventRow) -> None:
    record = event_record(row)
    headers = dict(record.headers)
    assert headers == dict(read_event(record.headers, record.key).to_headers())
    assert len(headers) == len(record.headers), "a header stands there twice"
    assert headers["ce_specversion"] == b"1.0"
    assert headers["content-type"] == b"application/json"
    assert record.key == headers["ce_subject"] == row.stream_id.encode()


@given(rows)
def test_are_the_same_when_written_again(row: EventRow) -> None:
    assert event_record(row) == event_record(EventRow(*row))
