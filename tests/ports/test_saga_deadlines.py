"""What several lanes share: an instance is written by who has seen its last version; deadlines pass once."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.envelope import rfc3339
from tests.ports.tables import SagaStores, Tables
from tests.ports.test_saga_store import LANE, OTHER_LANE, batch, instance, store
from tests.postgres.batches import command_id
from tests.waiting import until
from workers.ports.sagas import DeadlineRow, InstanceConflict, InstanceKey, JournalRow, SagaBatch

__all__ = ["store"]

EARLIER = rfc3339(datetime.now(UTC) - timedelta(minutes=1))
MUCH_EARLIER = rfc3339(datetime.now(UTC) - timedelta(minutes=2))
SAGAS = ["welcome", "farewell"]
LATER = rfc3339(datetime.now(UTC) + timedelta(days=1))


def deadline(name: str = "payment", due_at: str = EARLIER, instance_id: str = "ada", set_by: int = 1) -> DeadlineRow:
    return DeadlineRow("welcome", instance_id, name, due_at, command_id(set_by), "correlation", "clerk", None)


def entry(version: int, instance_id: str = "ada") -> JournalRow:
    return JournalRow(
        "welcome",
        instance_id,
        version,
        "users.UserCreated.v1",
        "users",
        0,
        version,
        command_id(version),
        EARLIER,
        "on",
        None,
    )


async def taken(store: SagaStores) -> None:
    for lane in (LANE, OTHER_LANE):
        await store.acquire(lane, "owner")


async def test_who_decided_on_an_older_version_of_an_instance_writes_nothing(store: SagaStores, tables: Tables) -> None:
    await taken(store)
    await store.commit(batch(steps=[], instances=[instance("ada", version=2, applied=2)]))
    before = await tables.contents()
    for version, taken_now in ((1, 1), (2, 2), (4, 1), (3, 2)):
        late = instance("ada", version=version, applied=taken_now, status="late")
        with pytest.raises(InstanceConflict):
            await store.commit(batch(OTHER_LANE, instances=[instance("bob"), late], parked=[]))
        assert await tables.contents() == before
    await store.commit(batch(OTHER_LANE, steps=[], instances=[instance("ada", version=3, applied=1, status="in time")]))
    assert await tables.statuses() == {"ada": "in time"}


async def test_the_journal_keeps_what_an_instance_took_under_each_version_once(
    store: SagaStores, tables: Tables
) -> None:
    await taken(store)
    await store.commit(batch(steps=[], journal=[entry(1), entry(2), entry(1, "bob")]))
    before = await tables.contents()
    with pytest.raises(Exception, match="saga_journal_pkey"):
        await store.commit(batch(OTHER_LANE, steps=[], journal=[entry(3), entry(2)]))
    assert await tables.contents() == before


async def test_deadlines_are_due_in_the_lane_that_has_set_them_when_their_time_has_come(store: SagaStores) -> None:
    await taken(store)
    rows = [deadline("later", LATER), deadline(), deadline("first", MUCH_EARLIER)]
    await store.commit(batch(steps=[], deadlines=rows))
    await store.commit(batch(OTHER_LANE, steps=[], deadlines=[deadline(instance_id="bob")]))
    due = await store.due(LANE, SAGAS, 10)
    assert due.now > EARLIER
    assert list(due.deadlines) == [rows[2], rows[1]]
    assert list((await store.due(LANE, SAGAS, 1)).deadlines) == [rows[2]]
    assert list((await store.due(LANE, ["farewell"], 10)).deadlines) == [], "of the sagas that were asked for only"
    assert list((await store.due(OTHER_LANE, SAGAS, 10)).deadlines) == [deadline(instance_id="bob")]


async def test_at_each_moment_exactly_those_deadlines_are_due_that_have_passed_by_the_databases_clock(
    store: SagaStores,
) -> None:
    """Neither early nor late, and never due at a moment before their time: a comparison of the two would call it
    forged.
    """
    await taken(store)
    beginning = datetime.fromisoformat((await store.due(LANE, SAGAS, 1)).now)
    soon, later = range(-500, 1500, 2), (3_600_000, 7_200_000)
    times = [beginning + timedelta(milliseconds=milliseconds) for milliseconds in (*soon, *later)]
    rows = [deadline(due_at=rfc3339(at), instance_id=str(number)) for number, at in enumerate(times)]
    await store.commit(batch(steps=[], deadlines=rows))
    looks = []

    async def all_but_the_last_two() -> bool:
        due = await store.due(LANE, SAGAS, len(rows))
        looks.append((list(due.deadlines), [row for row in rows if row.due_at <= due.now]))
        return due.now > rows[-3].due_at

    await until(all_but_the_last_two, "their time comes", every=0.001)
    for names, expected in looks:
        assert names == expected
    assert len(looks[-1][0]) == len(rows) - len(later), "some of them wait"


async def test_a_deadline_set_again_takes_the_place_of_the_first_and_moves_to_the_lane_that_did_it(
    store: SagaStores,
) -> None:
    await taken(store)
    await store.commit(batch(steps=[], deadlines=[deadline()]))
    await store.commit(batch(OTHER_LANE, steps=[], deadlines=[deadline(due_at=MUCH_EARLIER, set_by=2)]))
    assert list((await store.due(LANE, SAGAS, 10)).deadlines) == []
    assert list((await store.due(OTHER_LANE, SAGAS, 10)).deadlines) == [deadline(due_at=MUCH_EARLIER, set_by=2)]


async def test_a_deadline_passes_once_and_not_at_all_when_it_was_cleared_or_set_again(
    store: SagaStores, tables: Tables
) -> None:
    await taken(store)
    await store.commit(batch(steps=[], deadlines=[deadline(), deadline("other")]))
    await store.commit(batch(steps=[], passed_deadlines=[deadline()]))
    await store.commit(
        batch(OTHER_LANE, steps=[], cleared_deadlines=[("welcome", "ada", "other"), ("welcome", "nobody", "x")])
    )
    await store.commit(batch(OTHER_LANE, steps=[], deadlines=[deadline("again", set_by=2)]))
    before = await tables.contents()
    for gone in (deadline(), deadline("other"), deadline("again", set_by=1)):
        with pytest.raises(InstanceConflict):
            await store.commit(batch(passed_deadlines=[gone], instances=[instance("bob")]))
        assert await tables.contents() == before
    await store.commit(batch(OTHER_LANE, steps=[], passed_deadlines=[deadline("again", set_by=2)]))
    assert list((await store.due(OTHER_LANE, SAGAS, 10)).deadlines) == []


async def test_a_deadline_that_passes_may_be_set_again_in_the_same_batch(store: SagaStores) -> None:
    await taken(store)
    await store.commit(batch(steps=[], deadlines=[deadline()]))
    again = deadline(set_by=2)
    await store.commit(batch(steps=[], passed_deadlines=[deadline()], deadlines=[again]))
    assert list((await store.due(LANE, SAGAS, 10)).deadlines) == [again]


async def test_an_old_epoch_handles_nothing_in_effect(store: SagaStores, tables: Tables) -> None:
    await taken(store)
    await store.commit(batch(steps=[], deadlines=[deadline()]))
    await store.acquire(LANE, "successor")
    before = await tables.contents()
    stale: SagaBatch = batch(steps=[], passed_deadlines=[deadline()], cleared_deadlines=[("welcome", "ada", "payment")])
    with pytest.raises(Exception, match="epoch 1"):
        await store.commit(stale)
    assert await tables.contents() == before
    assert InstanceKey("welcome", "ada") not in await store.instances([InstanceKey("welcome", "ada")])
