"""A look-up gives a stream's snapshot to the code that took it, and then only the events behind it."""

import pytest

from tests.ports.tables import EventStores, Tables
from tests.postgres.batches import LANE, TIME, batch, event, event_id, everything, outcome, snapshot
from workers.ports.event_store import SnapshotRow, StoredSnapshot
from workers.ports.lanes import Fenced

ODD = '{ "city":"Ørsted ☃",\n "city" : 1.50, "tab": "\\u001f" }'.encode()


async def stream_of(store: EventStores, snapshots: list[SnapshotRow], length: int = 12, stream_id: str = "ada") -> None:
    """The lane, taken, with one stream of so many events and these snapshots."""
    await store.acquire(LANE, "owner")
    events = [event(number, stream_id, number) for number in range(1, length + 1)]
    await store.commit(batch(sequence=length, events=events, snapshots=snapshots))


async def versions(store: EventStores, fingerprint: str | None, stream_id: str = "ada") -> tuple[list[int], list[int]]:
    """Of a look-up: the versions of the snapshots, and those of the events."""
    looked_up = await store.look_up("users", [], [stream_id], fingerprint)
    return [snapshot.stream_version for snapshot in looked_up.snapshots], [
        event.stream_version for event in looked_up.events
    ]


async def test_comes_back_byte_for_byte_and_only_what_is_behind_it(store: EventStores) -> None:
    await stream_of(store, [snapshot(version=10, digest="a digest", state=ODD)])
    await store.commit(batch(sequence=14, events=[event(13, "bob"), event(14, "bob", 2)]))
    looked_up = await store.look_up("users", [], ["bob", "ada", "nobody"], "ours")
    assert looked_up.snapshots == [StoredSnapshot("ada", 10, event_id(10), "a digest", ODD)]
    assert {(event.stream_id, event.stream_version) for event in looked_up.events} == {
        ("ada", 11),
        ("ada", 12),
        ("bob", 1),
        ("bob", 2),
    }
    assert [event.stream_version for event in looked_up.events if event.stream_id == "ada"] == [11, 12]


async def test_at_the_end_of_its_stream_leaves_no_event(store: EventStores) -> None:
    await stream_of(store, [snapshot(version=12)])
    assert await versions(store, "ours") == ([12], [])


@pytest.mark.parametrize("fingerprint", ["another", "", None])
async def test_of_other_code_is_not_given_and_the_events_are(store: EventStores, fingerprint: str | None) -> None:
    await stream_of(store, [snapshot(version=10)])
    assert await versions(store, fingerprint) == ([], list(range(1, 13)))


@pytest.mark.parametrize("version", [13, 2**63 - 1, 0, -1])
async def test_behind_an_event_that_is_not_there_is_not_given(store: EventStores, version: int) -> None:
    await stream_of(store, [snapshot(version=version)])
    assert await versions(store, "ours") == ([], list(range(1, 13)))


async def test_of_another_stream_or_context_is_another(store: EventStores) -> None:
    await stream_of(store, [snapshot("eve", 10)])
    await store.commit(batch(context="orders", snapshots=[snapshot("ada", 10)]))
    assert await versions(store, "ours") == ([], list(range(1, 13)))
    assert (await store.look_up("orders", [], ["ada"], "ours"))[2:] == ([], [])


@pytest.mark.parametrize("second", [snapshot(version=12), snapshot(version=9), snapshot(version=10, state=b"[1]")])
async def test_there_is_one_for_a_stream_and_the_last_word_is_the_owners(
    store: EventStores, second: SnapshotRow
) -> None:
    """Whatever stands there, be it spoilt: only the lane's owner gets to write, and he knows the stream."""
    await stream_of(store, [snapshot(version=10)])
    await store.commit(batch(snapshots=[second]))
    (stored_snapshot,) = (await store.look_up("users", [], ["ada"], "ours")).snapshots
    assert (stored_snapshot.stream_version, stored_snapshot.state) == (second.stream_version, second.state)
    await store.commit(batch(snapshots=[second._replace(fingerprint="another")]))
    assert (await versions(store, "ours"))[0] == []
    assert (await versions(store, "another"))[0] == [second.stream_version]


async def test_an_owner_that_was_replaced_writes_none(store: EventStores, tables: Tables) -> None:
    await stream_of(store, [snapshot(version=10)])
    await store.acquire(LANE, "successor")
    before = await tables.contents()
    with pytest.raises(Fenced):
        await store.commit(batch(snapshots=[snapshot(version=12)]))
    assert await tables.contents() == before


async def test_many_are_written_with_all_the_rest(store: EventStores) -> None:
    await store.acquire(LANE, "owner")
    names = [f"s{number}" for number in range(50)]
    events = [event(number, name) for number, name in enumerate(names, start=1)]
    await store.commit(
        everything(sequence=50, outcomes=[outcome(1)], events=events, snapshots=[snapshot(name, 1) for name in names])
    )
    looked_up = await store.look_up("users", [], names, "ours")
    assert sorted(snapshot.stream_id for snapshot in looked_up.snapshots) == sorted(names)
    assert looked_up.events == []
    assert looked_up.now >= TIME
