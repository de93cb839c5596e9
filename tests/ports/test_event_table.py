"""What was written is read as it was written: events by lane and by stream, outcomes byte for byte."""

from datetime import UTC, datetime, timedelta

from tests.ports.tables import EventStores, Tables
from tests.postgres.batches import (
    LANE,
    OTHER_LANE,
    TIME,
    batch,
    command_id,
    event,
    event_id,
    everything,
    outcome,
)
from workers.ports.event_store import StreamEvent
from workers.ports.outcomes import CommandKey


async def test_an_event_comes_back_as_it_was_written(store: EventStores) -> None:
    await store.acquire(LANE, "owner")
    full = event(1, data='{"city": "Ørsted ☃"}'.encode(), actor="clerk", traceparent="00-a-b-01")
    await store.commit(batch(sequence=1, events=[full, event(2, version=2)], outcomes=[outcome(1)]))
    assert await store.events_after("users", 0, 0, 10) == [full, event(2, version=2)]
    assert await store.events_after("users", 0, 1, 10) == [event(2, version=2)]
    assert await store.events_after("users", 0, 0, 1) == [full]
    assert await store.events_after("users", 1, 0, 10) == []


async def test_a_look_up_tells_the_time_the_outcomes_and_the_streams(store: EventStores) -> None:
    await store.acquire(LANE, "owner")
    odd = '{ "code" :"X",\n  "name": "\\u00e9 é", "a": 1, "a": 2.50 }'.encode()
    accepted = outcome(3, events=[(event_id(number), "users.UserCreated.v1") for number in (2, 3)], actor="clerk")
    rejected = outcome(1, status="rejected", error=odd, content_digest="00" * 16, correlation_id=command_id(1))
    mixed = [event(1, "bob"), event(2, "ada"), event(3, "bob", 2), event(4, "ada", 2), event(5, "eve")]
    await store.commit(batch(sequence=5, outcomes=[rejected, outcome(2), accepted], events=mixed))
    looked_up = await store.look_up(
        "users", [("ada", command_id(n)) for n in (1, 3, 99)] + [("bob", command_id(2))], ["bob", "nobody", "ada"]
    )
    assert looked_up.outcomes == {("ada", command_id(1)): rejected.outcome, ("ada", command_id(3)): accepted.outcome}
    assert await store.outcome(CommandKey("users", "ada", command_id(1))) == rejected.outcome
    for nobody in (("users", "ada", command_id(99)), ("users", "bob", command_id(1)), ("orders", "ada", command_id(1))):
        assert await store.outcome(CommandKey(*nobody)) is None
    assert abs(looked_up.now - datetime.now(UTC)) < timedelta(minutes=1)
    data = event(1).data
    expected = [StreamEvent(name, version, "UserCreated", 1, data) for name in ("ada", "bob") for version in (1, 2)]
    assert sorted(looked_up.events) == expected
    assert list(looked_up.events) in (expected, expected[2:] + expected[:2])


async def test_a_look_up_for_nothing_finds_nothing(store: EventStores) -> None:
    await store.acquire(LANE, "owner")
    await store.commit(everything())
    assert (await store.look_up("users", [], []))[1:] == ({}, [], [])
    assert (await store.look_up("orders", [], ["ada"])).events == []


async def test_a_streams_versions_are_in_order_beyond_nine(store: EventStores) -> None:
    await store.acquire(LANE, "owner")
    await store.commit(batch(sequence=12, events=[event(number, version=number) for number in range(1, 13)]))
    looked_up = await store.look_up("users", [], ["ada"])
    assert [event.stream_version for event in looked_up.events] == list(range(1, 13))


async def test_the_batchs_time_place_and_context_are_those_of_its_events(store: EventStores) -> None:
    await store.acquire(OTHER_LANE, "owner")
    await store.commit(
        batch(OTHER_LANE, context="orders", sequence=1, events=[event(1, recorded_at=TIME + timedelta(hours=1))])
    )
    written = event(1, context="orders", partition=1)
    assert await store.events_after("orders", 1, 0, 10) == [written]
    assert await store.stream_after("orders", "ada", 0, 10) == [written]


async def test_a_stream_is_read_in_order_from_a_version_on(store: EventStores, tables: Tables) -> None:
    await store.acquire(LANE, "owner")
    rows = [event(1), event(2, "bob"), *[event(number, version=number - 1) for number in range(3, 13)]]
    await store.commit(batch(sequence=12, events=rows))
    ada = [row for row in rows if row.stream_id == "ada"]
    assert await store.stream_after("users", "ada", 0, 100) == ada
    assert await store.stream_after("users", "ada", 8, 2) == ada[8:10]
    assert await store.stream_after("users", "ada", 11, 2) == []
    assert await tables.sagas.stream_after("users", "bob", 0, 2) == [rows[1]]


async def test_the_fields_of_an_event_lose_their_order_and_nothing_else(store: EventStores) -> None:
    """So that no reader relies on the table for the bytes of the log."""
    await store.acquire(LANE, "owner")
    text = '{"name":"Zo\u00eb","a":1.50,"city":null,"lines":[{"sku":"b","n":2}],"deep":{"ab":true,"b":-0.1e-2}}'
    await store.commit(batch(sequence=1, events=[event(1, data=text.encode())]))
    (row,) = await store.events_after("users", 0, 0, 1)
    expected = (
        '{"a": 1.50, "city": null, "deep": {"b": -0.001, "ab": true}, "name": "Zoë", "lines": [{"n": 2, "sku": "b"}]}'
    )
    assert row.data.decode() == expected


async def test_a_lanes_streams_are_found_by_where_they_begin(store: EventStores) -> None:
    await store.acquire(LANE, "owner")
    rows = [event(1), event(2, "bob"), event(3, version=2), event(4, "eve"), event(5, "bob", 2)]
    await store.commit(batch(sequence=5, events=rows))
    assert await store.streams_begun("users", 0, 0, 5) == ["ada", "bob", "eve"]
    assert await store.streams_begun("users", 0, 1, 4) == ["bob", "eve"]
    assert await store.streams_begun("users", 0, 1, 3) == ["bob"]
    assert await store.streams_begun("users", 0, 4, 5) == []
    assert await store.streams_begun("users", 1, 0, 5) == []
    assert await store.streams_begun("orders", 0, 0, 5) == []


async def test_streams_are_read_from_their_beginnings(store: EventStores) -> None:
    await store.acquire(LANE, "owner")
    rows = [event(1), event(2, "bob"), event(3, version=2), event(4, "eve"), event(5, version=3)]
    await store.commit(batch(sequence=5, events=rows))
    ada = [row for row in rows if row.stream_id == "ada"]
    assert sorted(await store.first_events("users", ["bob", "nobody", "ada"], 10)) == sorted([*ada, rows[1]])
    first_rows = await store.first_events("users", ["ada", "eve"], 2)
    assert [row for row in first_rows if row.stream_id == "ada"] == ada[:2]
    assert rows[3] in first_rows
    assert await store.first_events("users", [], 2) == []
    assert await store.first_events("orders", ["ada"], 2) == []
