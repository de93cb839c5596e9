"""A batch of a command lane is written whole by the lane's owner, or not at all."""

import asyncio

import pytest

from tests.ports.lines import Loss
from tests.ports.tables import EventStores, Tables, held
from tests.postgres.batches import (
    LANE,
    OTHER_LANE,
    batch,
    command_id,
    event,
    everything,
    outcome,
    snapshot,
)
from workers.ports.event_store import (
    Batch,
    ClaimToAcquire,
    CredentialRow,
    Repeated,
    StreamExists,
    Unstorable,
)
from workers.ports.lanes import Fenced, LaneKey, LaneSetBack, Unavailable
from workers.ports.outcomes import CommandKey, OutcomeRow

ROUNDS = 5


async def test_an_old_epoch_writes_nothing_at_all(store: EventStores, tables: Tables) -> None:
    await store.acquire(LANE, "paused")
    await store.acquire(LANE, "successor")
    before = await tables.contents()
    with pytest.raises(Fenced) as caught:
        await store.commit(everything(epoch=1))
    assert (caught.value.lane, caught.value.epoch) == (LANE, 1)
    assert await tables.contents() == before
    await store.commit(everything(epoch=2))


async def test_a_lane_that_was_never_acquired_has_no_owner(store: EventStores, tables: Tables) -> None:
    before = await tables.contents()
    with pytest.raises(Fenced):
        await store.commit(everything())
    assert await tables.contents() == before


async def test_a_known_command_is_repeated_and_nothing_is_written(store: EventStores, tables: Tables) -> None:
    await store.acquire(LANE, "owner")
    await store.commit(everything())
    before = await tables.contents()
    with pytest.raises(Repeated):
        await store.commit(
            everything(sequence=3, events=[event(3, version=3)], outcomes=[outcome(1)], claims_to_acquire=[])
        )
    assert await tables.contents() == before


UNSTORABLE: dict[str, Batch] = {
    "a NUL in a text": everything(outcomes=[outcome(1, stream_id="a\x00da")]),
    "a NUL in an event's JSON": everything(events=[event(1, data=rb'{"city": "\u0000"}')]),
    "a lone surrogate in a text": everything(events=[event(1, actor="\ud800")]),
    "a lone surrogate in an event's JSON": everything(events=[event(1, data=rb'{"city": "\ud800"}')]),
    "U+001F in a text": everything(outcomes=[outcome(1, correlation_id="a\x1fb"), outcome(2)]),
    "U+001F in a unique claim": everything(claims_to_acquire=[ClaimToAcquire("email", "a\x1fb", "ada")]),
    "U+001F in a secret": everything(credentials=[CredentialRow("ada", "a\x1fb")]),
    "a number out of range in JSON": everything(events=[event(1, data=b'{"amount": 1e400000}')]),
    "a number too large for its column": everything(events=[event(1, schema_version=2**31)]),
    "a snapshot that is no JSON": everything(snapshots=[snapshot(state=b"{")]),
    "U+001F in a snapshot's stream": everything(snapshots=[snapshot("a\x1fb")]),
    "no text at all": everything(claims_to_acquire=[ClaimToAcquire("email", "", "ada")]),
}


@pytest.mark.parametrize("name", UNSTORABLE)
async def test_what_cannot_be_stored_is_refused_and_nothing_is_written(
    store: EventStores, tables: Tables, name: str
) -> None:
    await store.acquire(LANE, "owner")
    before = await tables.contents()
    with pytest.raises(Unstorable):
        await store.commit(UNSTORABLE[name])
    assert await tables.contents() == before
    await store.commit(everything())


async def test_a_place_in_a_lane_and_a_version_of_a_stream_are_given_once(store: EventStores, tables: Tables) -> None:
    """Two lanes can't write one version of a stream, whatever their epochs say."""
    await store.acquire(LANE, "owner")
    await store.acquire(OTHER_LANE, "owner")
    await store.commit(batch(sequence=1, events=[event(1)]))
    before = await tables.contents()
    with pytest.raises(StreamExists):
        await store.commit(batch(OTHER_LANE, sequence=2, events=[event(1)]))
    assert await tables.contents() == before
    for events in ([event(1, "eve")], [event(2, "eve"), event(2, "bob")]):
        with pytest.raises(LaneSetBack) as refused:
            await store.commit(batch(LANE, sequence=2, events=events))
        assert refused.value.taken == f"the event (users, 0, {events[0].sequence})"
        assert await tables.contents() == before


async def test_of_two_owners_at_once_the_earlier_writes_nothing_or_before_the_take_over(store: EventStores) -> None:
    for number in range(1, ROUNDS + 1):
        lane = LaneKey("command", "users.commands", 10 + number)
        await store.acquire(lane, "paused")
        rows = [outcome(number, "eve")]

        async def committed(lane: LaneKey = lane, rows: list[OutcomeRow] = rows) -> bool:
            try:
                await store.commit(batch(lane, 1, consumed=5, outcomes=rows))
            except Fenced:
                return False
            return True

        written, grant = await asyncio.gather(committed(), store.acquire(lane, "successor"))
        assert grant.epoch == 2
        assert grant.consumed == (5 if written else 0)
        outcomes = (await store.look_up("users", [("eve", command_id(number))], [])).outcomes
        assert set(outcomes) == ({("eve", command_id(number))} if written else set())


async def test_one_command_on_two_lanes_at_once_is_written_once(store: EventStores) -> None:
    lanes = [LaneKey("command", "users.commands", number) for number in range(4)]
    for lane in lanes:
        await store.acquire(lane, "owner")

    async def attempt(lane: LaneKey) -> bool:
        try:
            await store.commit(batch(lane, outcomes=[outcome(1)]))
        except Repeated:
            return False
        return True

    assert sorted(await asyncio.gather(*map(attempt, lanes))) == [False, False, False, True]


async def test_commands_of_two_streams_or_contexts_may_have_one_id(store: EventStores) -> None:
    other_context = LaneKey("command", "orders.commands", 0)
    for lane in (LANE, other_context):
        await store.acquire(lane, "owner")
    rows = {stream_id: outcome(1, stream_id) for stream_id in ("ada", "bob")}
    await store.commit(batch(outcomes=[rows["ada"]]))
    await store.commit(batch(consumed=2, outcomes=[rows["bob"]]))
    await store.commit(batch(other_context, context="orders", outcomes=[rows["ada"]]))
    for stream_id, row in rows.items():
        assert await store.outcome(CommandKey("users", stream_id, command_id(1))) == row.outcome
    assert len(await store.outcomes(command_id(1), 10)) == 3
    assert len(await store.outcomes(command_id(1), 2)) == 2
    assert await store.outcomes(command_id(2), 10) == []
    with pytest.raises(Repeated):
        await store.commit(batch(consumed=3, outcomes=[outcome(2), rows["bob"]]))


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("loss", ["requests", "answers"])
async def test_after_a_lost_connection_the_row_tells_whether_the_batch_was_written(
    store: EventStores, tables: Tables, loss: Loss
) -> None:
    for lane in (LANE, OTHER_LANE):
        await store.acquire(lane, "owner")
    await store.commit(batch(OTHER_LANE))  # a statement that the server knows is one request
    before = await tables.contents()
    tables.line.loses = loss
    with pytest.raises(Unavailable) as caught:
        await store.commit(everything())
    assert caught.value.server == "Postgres"
    tables.line.loses = "nothing"
    written = loss == "answers"
    assert (await tables.contents() == before) is not written
    grant = await store.acquire(LANE, "again")
    assert (grant.epoch, grant.consumed, grant.sequence) == ((2, 7, 2) if written else (2, 0, 0))
    looked_up = await store.look_up("users", [("ada", command_id(1)), ("ada", command_id(2))], ["ada"])
    assert (len(looked_up.outcomes), len(looked_up.events)) == ((2, 2) if written else (0, 0))
    assert len(await held(tables)) == written


async def test_a_stream_that_has_events_is_begun_no_second_time(store: EventStores, tables: Tables) -> None:
    await store.acquire(LANE, "owner")
    await store.commit(batch(outcomes=[outcome(1, sequence=1)], events=[event(1)], sequence=1))
    before = await tables.contents()
    again = event(2)._replace(stream_version=1, command_id=command_id(2))
    with pytest.raises(StreamExists):
        await store.commit(batch(outcomes=[outcome(2, sequence=2)], events=[again], sequence=2, consumed=2))
    assert await tables.contents() == before


async def test_the_time_is_known_from_the_first_answer_on_and_never_ahead(store: EventStores) -> None:
    assert store.time() is None
    lookup = await store.look_up("users", [], ["ada"])
    time = store.time()
    assert time is not None
    assert lookup.now <= time <= (await store.look_up("users", [], ["ada"])).now
