"""`SequencedEvents` reads an event as Annals writes it without making an envelope, and all else by its envelope."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.catalogue import stored_events
from contracts.envelope import MalformedMessage
from contracts.users.examples import ADA_CREATED
from tests.lanes.recorded_rows import RowsInMemory, event_rows, inbound
from workers.core.recorded import Recorded
from workers.lanes.sequenced import EVENT_HEADERS, SequencedEvents
from workers.ports.log import InboundRecord

ROW = event_rows(ADA_CREATED)[0]
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
DECODED = [name for name in EVENT_HEADERS if name not in ("ce_source", "ce_causationid")]

records = st.builds(
    lambda actor, trace: inbound(ROW._replace(actor=actor, traceparent=trace), 0),
    st.sampled_from([None, "tester"]),
    st.sampled_from([None, TRACE]),
)
TYPES = [b"users.UserCreated.v1", b"users.UserCreated.v2", b"users.UserExploded.v1"]
values = st.sampled_from([None, b"", b"1", *TYPES, b"\xff"]) | st.binary()
Header = tuple[str, Any]


def reader() -> SequencedEvents:
    return SequencedEvents("projection", "users", 0, stored_events(), RowsInMemory([]))


@st.composite
def changed_headers(draw: st.DrawFn) -> InboundRecord:
    """A record of which some headers were moved, left out, renamed, doubled or given another value."""
    record = draw(records)
    headers: list[Header] = list(record.headers)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(headers) - 1))
        name, value = headers[place]
        match draw(st.sampled_from(["move", "leave out", "rename", "double", "change"])):
            case "move":
                headers.insert(draw(st.integers(0, len(headers) - 1)), headers.pop(place))
            case "leave out":
                del headers[place]
            case "rename":
                headers[place] = (draw(st.sampled_from([*EVENT_HEADERS, "ce_actor", "traceparent", "x"])), value)
            case "double":
                headers.append((name, draw(values)))
            case "change" if name in DECODED:
                headers[place] = (name, draw(values))
    return record._replace(headers=tuple(headers), key=draw(st.sampled_from([record.key, None, b"", b"\xff"])))


def read(long_way: bool, record: InboundRecord) -> Recorded | None:
    """None: the record is not an event."""
    events = reader()
    with suppress(MalformedMessage):
        return events._recorded_by_envelope(record) if long_way else events._recorded(record)
    return None


@given(changed_headers())
def test_as_by_its_envelope(record: InboundRecord) -> None:
    assert read(False, record) == read(True, record)


@pytest.mark.parametrize("actor", [None, "tester"])
@pytest.mark.parametrize("trace", [None, TRACE])
def test_with_and_without_what_not_every_event_has(
    actor: str | None, trace: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = inbound(ROW._replace(actor=actor, traceparent=trace), 0)
    expected = read(True, record)
    monkeypatch.delattr(SequencedEvents, "_recorded_by_envelope")
    assert read(False, record) == expected
