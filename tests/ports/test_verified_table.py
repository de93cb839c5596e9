"""What a verification reads of lanes, events, outcomes, claims, credentials and snapshots is what was written."""

from collections.abc import AsyncIterator
from typing import TypeVar

from tests.ports.tables import Tables
from tests.postgres.batches import (
    LANE,
    OTHER_LANE,
    batch,
    claim,
    command_id,
    event,
    event_id,
    everything,
    outcome,
    snapshot,
)
from workers.ports.event_store import CredentialRow
from workers.ports.lanes import Interruption
from workers.ports.verification.rows import ClaimRow, LaneOffset, LaneSequence, SnapshotOfStream, StreamCommand

T = TypeVar("T")
# Texts that no column can hold, and that may stand in a log or a read model all the same.
UNSTORABLE = ("", "a\x00b", "a\x1fb", "a\x1eb", "a\ufffdb")


async def all_of(rows: AsyncIterator[T]) -> list[T]:
    return [row async for row in rows]


async def write(tables: Tables, *stream_ids: str, versions: int = 1) -> None:
    """Streams of so many events on the first lane, in turn."""
    await tables.store.acquire(LANE, "owner")
    pairs = [(name, version) for version in range(1, versions + 1) for name in stream_ids]
    rows = [event(sequence, name, version) for sequence, (name, version) in enumerate(pairs, start=1)]
    await tables.store.commit(batch(sequence=len(rows), events=rows))


async def test_the_lanes_of_commands_tell_how_far_they_are(tables: Tables) -> None:
    await tables.sagas.acquire(LANE._replace(role="saga"), "saga worker")
    await tables.store.acquire(OTHER_LANE, "owner")
    await write(tables, "ada", "bob")
    await tables.store.rebase(OTHER_LANE, 1, 5, "topic-7")
    topic = LANE.topic
    assert list(await tables.verified.lane_sequences()) == [LaneSequence(topic, 0, 2), LaneSequence(topic, 1, 0)]
    offsets = sorted(await tables.verified.lane_offsets(topic))
    assert offsets == [LaneOffset(0, 1, ""), LaneOffset(1, 5, "topic-7")]
    assert list(await tables.verified.lane_offsets("orders.commands")) == []


async def test_the_events_of_a_context_end_in_each_lane_at_the_highest_sequence(tables: Tables) -> None:
    assert dict(await tables.verified.recorded_ends("users")) == {}
    await tables.store.acquire(OTHER_LANE, "owner")
    await write(tables, "ada", "bob", versions=2)
    other = [event(sequence, "eve", sequence, partition=OTHER_LANE.partition) for sequence in (1, 2, 3)]
    await tables.store.commit(batch(OTHER_LANE, sequence=3, events=other))
    assert dict(await tables.verified.recorded_ends("users")) == {0: 4, 1: 3}
    assert dict(await tables.verified.recorded_ends("orders")) == {}


async def test_interruptions_are_open_in_the_order_of_their_notice(tables: Tables) -> None:
    for lane in (LANE, OTHER_LANE):
        await tables.store.acquire(lane, "owner")
    assert list(await tables.verified.open_interruptions()) == []
    for lane, consumed in ((OTHER_LANE, 3), (LANE, 4)):
        reason = Interruption("deleted", "old", "new", consumed, 7, 9, 4)
        await tables.store.rebase(lane, 1, 7, "new", reason)
    first, second = await tables.verified.open_interruptions()
    assert (first.role, first.topic, first.partition) == tuple(OTHER_LANE)
    assert (first.kind, first.consumed, first.start_offset, first.end_offset) == ("deleted", 3, 7, 9)
    assert (second.partition, second.consumed) == (LANE.partition, 4)
    assert first.noticed_at <= second.noticed_at


async def test_events_are_read_by_sequence_and_by_stream(tables: Tables) -> None:
    await write(tables, "ada", "bob", versions=2)
    at = await tables.verified.events_at("users", 0, [4, 1, 9])
    assert sorted(row.sequence for row in at) == [1, 4]
    assert list(await tables.verified.events_at("users", 1, [1])) == []
    assert list(await tables.verified.events_after("users", 0, 2, 1)) == [event(3, "ada", 2)]
    async with tables.verified.read_transaction() as transaction:
        rows = await all_of(transaction.events_of("users", ["bob", "nobody", *UNSTORABLE, "ada"]))
    by_stream = {name: [row for row in rows if row.stream_id == name] for name in ("ada", "bob")}
    assert by_stream == {"ada": [event(1), event(3, "ada", 2)], "bob": [event(2, "bob"), event(4, "bob", 2)]}
    assert [row.stream_id for row in rows] in (["ada"] * 2 + ["bob"] * 2, ["bob"] * 2 + ["ada"] * 2)


async def test_streams_are_read_page_by_page(tables: Tables) -> None:
    await write(tables, "bob", "ada", "eve", versions=2)
    async with tables.verified.read_transaction() as transaction:
        for reader in (tables.verified, transaction):
            assert list(await reader.stream_ids_after("users", "", 2)) == ["ada", "bob"]
            assert list(await reader.stream_ids_after("users", "bob", 2)) == ["eve"]
            assert list(await reader.stream_ids_after("users", "eve", 2)) == []
            assert list(await reader.stream_ids_after("orders", "", 2)) == []


async def test_what_has_no_stream_is_reported(tables: Tables) -> None:
    await write(tables, "ada")
    unknown = await tables.verified.streams_without_events("users", ["ada", "bob", *UNSTORABLE])
    assert unknown == {"bob", *UNSTORABLE}
    assert await tables.verified.streams_without_events("orders", ["ada"]) == {"ada"}


async def test_claims_and_their_holders(tables: Tables) -> None:
    await claim(tables.store, LANE, ("eve@example.org", "eve"), ("ada@example.org", "ada"))
    async with tables.verified.read_transaction() as transaction:
        first = await transaction.claims_after("users", "", "", 1)
        assert list(first) == [ClaimRow("email", "ada@example.org", "ada")]
        rest = await transaction.claims_after("users", *first[0][:2], 10)
        assert list(rest) == [ClaimRow("email", "eve@example.org", "eve")]
        assert list(await transaction.claims_after("users", *rest[0][:2], 10)) == []
        assert list(await transaction.claims_after("orders", "", "", 10)) == []
        wanted = {("email", "ada@example.org"), ("email", "nobody"), *(("email", text) for text in UNSTORABLE)}
        assert await transaction.claim_holders("users", wanted) == {("email", "ada@example.org"): "ada"}
        assert await transaction.claim_holders("users", []) == {}


async def test_streams_with_a_credential(tables: Tables) -> None:
    await tables.store.acquire(LANE, "owner")
    secrets = [CredentialRow(name, "$argon2id$1") for name in ("eve", "ada", "bob")]
    await tables.store.commit(batch(credentials=secrets))
    async with tables.verified.read_transaction() as transaction:
        assert list(await transaction.credentials_after("users", "", 2)) == ["ada", "bob"]
        assert list(await transaction.credentials_after("users", "bob", 2)) == ["eve"]
        assert list(await transaction.credentials_after("orders", "", 2)) == []


async def test_snapshots_tell_the_last_of_their_events(tables: Tables) -> None:
    await write(tables, "ada", versions=2)
    behind = [snapshot("ada", 2), snapshot("bob", 1)]
    await tables.store.commit(batch(sequence=2, consumed=2, snapshots=behind))
    rows = await tables.verified.snapshots_after("users", "", 10)
    assert list(rows) == [
        SnapshotOfStream("ada", 2, event_id(2), "ours", "digest", b'{"city": null}'),
        SnapshotOfStream("bob", 1, None, "ours", "digest", b'{"city": null}'),
    ]
    assert list(await tables.verified.snapshots_after("users", "ada", 10)) == [rows[1]]
    assert list(await tables.verified.snapshots_after("users", "", 1)) == [rows[0]]
    assert list(await tables.verified.snapshots_after("orders", "", 1)) == []


async def test_what_became_of_commands(tables: Tables) -> None:
    await tables.store.acquire(LANE, "owner")
    await tables.store.commit(batch(outcomes=[outcome(1), outcome(2, status="rejected")]))
    ids = [command_id(1), command_id(2), command_id(3)]
    first, second, third = commands = [StreamCommand("ada", id_) for id_ in ids]
    elsewhere = StreamCommand("bob", command_id(1))
    assert await tables.verified.commands_without_outcome("users", [*commands, elsewhere]) == {third, elsewhere}
    assert await tables.verified.commands_without_outcome("orders", [first]) == {first}
    unstorable = StreamCommand("a\x1f", command_id(1))
    assert await tables.verified.commands_without_outcome("users", [unstorable]) == {unstorable}
    assert await tables.verified.commands_not_accepted("users", [*commands, elsewhere]) == {second, third, elsewhere}
    statuses = {command_id(1): "accepted", command_id(2): "rejected", command_id(3): None}
    assert await tables.verified.command_statuses("users", "ada", ids) == statuses
    assert set((await tables.verified.command_statuses("users", "bob", ids)).values()) == {None}
    assert list(await tables.verified.later_attempts(command_id(1))) == []


async def test_a_transaction_reads_as_of_its_first_question(tables: Tables) -> None:
    await tables.store.acquire(LANE, "owner")
    async with tables.verified.read_transaction() as transaction:
        assert list(await transaction.stream_ids_after("users", "", 10)) == []
        await tables.store.commit(everything())
        assert list(await transaction.stream_ids_after("users", "", 10)) == []
        assert await all_of(transaction.events_of("users", ["ada"])) == []
        assert list(await transaction.claims_after("users", "", "", 10)) == []
        assert list(await transaction.credentials_after("users", "", 10)) == []
    assert list(await tables.verified.stream_ids_after("users", "", 10)) == ["ada"]
