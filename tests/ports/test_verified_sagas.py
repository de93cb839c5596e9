"""What a verification reads of sagas is what their lanes have written."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.envelope import rfc3339
from contracts.outcome import content_digest
from tests.ports.tables import SagaStores, Tables
from tests.ports.test_saga_deadlines import LATER, deadline, entry
from tests.ports.test_saga_store import LANE, OTHER_LANE, batch, instance, step, store, waiting
from tests.ports.test_verified_table import UNSTORABLE, all_of, write
from tests.postgres.batches import LANE as COMMAND_LANE
from tests.postgres.batches import TIME, command_id, event, event_id, outcome
from tests.postgres.batches import batch as command_batch
from workers.ports.lanes import Mark
from workers.ports.sagas import Following, InstanceKey, StoredInstance
from workers.ports.verification import rows

__all__ = ["store"]

TOPIC = LANE.topic
REJECTED = b'{"code": "AccountNotFound"}'


@pytest.fixture(autouse=True)
async def owned(store: SagaStores) -> None:
    for lane in (LANE, OTHER_LANE):
        await store.acquire(lane, "owner")


async def answer(tables: Tables, position: int, **changes: Any) -> None:
    """The outcome of the command of a step."""
    epoch = (await tables.store.acquire(COMMAND_LANE, "command worker")).epoch
    row = outcome(position, **{"type": "users.WelcomeUser.v1", **changes})
    await tables.store.commit(command_batch(epoch=epoch, outcomes=[row]))


async def test_positions_and_beginnings_of_the_lanes(store: SagaStores, tables: Tables) -> None:
    following = Following("welcome", "UserCreated")
    await store.commit(batch(input_sequence=5, position=2))
    await store.begin(LANE, 1, [following])
    async with tables.verified.read_transaction() as transaction:
        positions = await transaction.saga_lane_positions(TOPIC)
        assert list(positions) == [rows.SagaLanePosition(0, 5, 2), rows.SagaLanePosition(1, 0, 0)]
        assert list(await transaction.saga_beginnings(TOPIC)) == [rows.SagaBeginning(0, following, 5)]
        assert list(await transaction.saga_lane_positions("orders.events")) == []
        assert list(await transaction.saga_beginnings("orders.events")) == []


async def test_the_outbox_ends_in_each_lane_at_the_highest_position(store: SagaStores, tables: Tables) -> None:
    assert dict(await tables.verified.outbox_ends(TOPIC)) == {}
    await store.commit(batch(steps=[step(1), step(2)], position=2))
    await store.commit(batch(OTHER_LANE, steps=[step(1, command_id=command_id(9))], position=1))
    assert dict(await tables.verified.outbox_ends(TOPIC)) == {0: 2, 1: 1}
    assert dict(await tables.verified.outbox_ends("orders.events")) == {}


async def test_parked_streams_the_oldest_first(store: SagaStores, tables: Tables) -> None:
    young = waiting("bob", recorded_at="2026-05-04T12:30:16.000000Z")
    await store.commit(batch(parked=[young, waiting("eve")]))
    await store.commit(batch(OTHER_LANE, parked=[waiting("ada")], steps=[]))
    expected = [
        rows.ParkedInLane(0, waiting("eve")),
        rows.ParkedInLane(1, waiting("ada")),
        rows.ParkedInLane(0, young),
    ]
    assert list(await tables.verified.streams_parked_by_sagas(TOPIC)) == expected
    async with tables.verified.read_transaction() as transaction:
        assert list(await transaction.streams_parked_by_sagas(TOPIC)) == expected
        assert list(await transaction.streams_parked_by_sagas("orders.events")) == []


async def test_instances_are_listed_if_they_are_stored_or_have_a_journal(store: SagaStores, tables: Tables) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    await store.commit(batch(instances=[instance("eve"), instance("ada")], journal=[entry(1, "bob"), entry(1)]))
    async with tables.verified.read_transaction() as transaction:
        first = await transaction.instances_after("welcome", "", 2)
        assert [listed.instance_id for listed in first] == ["ada", "bob"]
        assert first[1].stored is None
        stored = first[0].stored
        assert stored is not None
        assert stored[:4] == (1, "running", b'{"step": "welcome"}', "correlation")
        assert before < stored.started_at < before + timedelta(minutes=2)
        rest = await transaction.instances_after("welcome", "bob", 2)
        assert [listed.instance_id for listed in rest] == ["eve"]
        assert list(await transaction.instances_after("farewell", "", 2)) == []


async def test_journals_come_with_the_events_in_their_places(store: SagaStores, tables: Tables) -> None:
    await write(tables, "ada", "bob")
    internal = entry(2)._replace(sequence=0, type="core.DeadlinePassed.v1", data=b'{"a":1}')
    nowhere = entry(3)._replace(sequence=9)
    journal = [entry(1), internal, nowhere, entry(1, "bob")._replace(sequence=2, event_id=event_id(2))]
    await store.commit(batch(instances=[instance("ada", version=3, applied=3)], journal=journal))
    async with tables.verified.read_transaction() as transaction:
        entries = await all_of(transaction.journals("welcome", ["bob", *UNSTORABLE, "ada"]))
        assert await all_of(transaction.journals("welcome", ["nobody"])) == []
    assert [(journal_entry.row, journal_entry.event) for journal_entry in entries] == [
        (entry(1), event(1)),
        (internal, None),
        (nowhere, None),
        (journal[3], event(2, "bob")),
    ]
    assert len({journal_entry.applied_at for journal_entry in entries}) == 1


async def test_which_events_of_a_stretch_are_in_journals(store: SagaStores, tables: Tables) -> None:
    journal = [entry(1), entry(2), entry(3)._replace(event_id=command_id(2), sequence=2), entry(4), entry(5, "bob")]
    journal.append(entry(6)._replace(partition=1))
    await store.commit(batch(journal=journal))
    keys = [InstanceKey("welcome", name) for name in ("ada", *UNSTORABLE)]
    coverage = await tables.verified.event_coverage(keys, "users", 0, 2, 6)
    assert sorted(coverage) == [
        rows.EventApplied("welcome", "ada", command_id(2), 2),
        rows.EventApplied("welcome", "ada", command_id(4), 1),
    ]
    assert list(await tables.verified.event_coverage([], "users", 0, 1, 9)) == []


async def test_what_is_known_of_instances(store: SagaStores, tables: Tables) -> None:
    await store.commit(batch(instances=[instance("ada"), instance("eve", version=0, applied=0)]))
    await store.commit(batch(steps=[], journal=[entry(1), entry(1, "bob")]))
    ada, bob, eve, nobody = (InstanceKey("welcome", name) for name in ("ada", "bob", "eve", "nobody"))
    odd = [InstanceKey("welcome", text) for text in UNSTORABLE]
    keys = [ada, bob, eve, nobody, *odd]
    assert await tables.verified.unknown_instances(keys) == {nobody, *odd}
    assert await tables.verified.stored_instances(keys) == {
        ada: StoredInstance(1, b'{"step": "welcome"}'),
        eve: StoredInstance(0, b'{"step": "welcome"}'),
    }
    assert await tables.verified.instances_older_than_journal(keys) == {ada, eve}


async def test_an_instance_that_began_with_its_journal_is_not_older(store: SagaStores, tables: Tables) -> None:
    await store.commit(batch(instances=[instance("ada")], journal=[entry(1)]))
    assert await tables.verified.instances_older_than_journal([InstanceKey("welcome", "ada")]) == frozenset()
    assert await tables.verified.journals_kept_since() <= datetime.now(UTC)


async def test_steps_come_with_the_outcomes_of_their_commands(store: SagaStores, tables: Tables) -> None:
    steps = [step(number, handles_rejection=True) for number in (1, 2, 3, 4)]
    await store.commit(batch(position=4, steps=steps))
    await answer(tables, 1, events=[(event_id(1), "users.UserWelcomed.v1")])
    await answer(tables, 2, status="rejected", error=REJECTED)
    await answer(tables, 3)
    async with tables.verified.read_transaction() as transaction:
        stored_steps = await all_of(transaction.steps_of("welcome", [*UNSTORABLE, "ada"]))
        assert await all_of(transaction.steps_of("farewell", ["ada"])) == []
    handled_at = rfc3339(TIME)
    assert [(stored_step.topic, stored_step.partition, stored_step.row.position) for stored_step in stored_steps] == [
        (TOPIC, 0, n) for n in (1, 2, 3, 4)
    ]
    assert [stored_step[3:] for stored_step in stored_steps] == [
        ("accepted", "accepted", handled_at, False, False),
        ("rejected", "AccountNotFound", handled_at, True, False),
        ("accepted", "accepted", handled_at, True, True),
        (None, None, None, False, False),
    ]
    assert [row.position for row in await tables.verified.outbox_after(LANE, 1, 2)] == [2, 3]
    assert stored_steps[0].row == (await store.outbox_after(LANE, 0, 1))[0]


async def test_an_outcome_of_another_command_is_not_that_of_the_step(store: SagaStores, tables: Tables) -> None:
    await store.commit(batch(position=3, steps=[step(1), step(2), step(3)]))
    await answer(tables, 1, stream_id="bob")
    await answer(tables, 2, content_digest=content_digest(step(2).data))
    await answer(tables, 3, content_digest=content_digest(b"another"))
    outcomes = await tables.verified.step_outcomes(TOPIC, 0, [1, 2, 3, 9])
    assert sorted(outcomes, key=lambda outcome: outcome.command_id) == [
        rows.StepOutcome(command_id(1), None, id_used_by_another=False),
        rows.StepOutcome(command_id(2), "accepted", id_used_by_another=False),
        rows.StepOutcome(command_id(3), None, id_used_by_another=True),
    ]
    async with tables.verified.read_transaction() as transaction:
        first = (await all_of(transaction.steps_of("welcome", ["ada"])))[0]
    assert (first.status, first.code, first.handled_at) == (None, None, None)


async def test_deadlines_that_wait_and_those_that_are_overdue(store: SagaStores, tables: Tables) -> None:
    hours_ago = [rfc3339(datetime.now(UTC) - timedelta(hours=hours)) for hours in (5, 10)]
    kept = [deadline("b", hours_ago[0]), deadline("a", hours_ago[1]), deadline("c", LATER, "bob")]
    await store.commit(batch(instances=[instance("ada"), instance("bob")], deadlines=kept))
    async with tables.verified.read_transaction() as transaction:
        deadlines = await all_of(transaction.deadlines_of("welcome", ["bob", *UNSTORABLE, "ada"]))
    assert deadlines == [rows.StoredDeadline(TOPIC, 0, kept[place]) for place in (1, 0, 2)]
    overdue = await tables.verified.deadlines_overdue(TOPIC, 0, 3600, 10)
    assert list(overdue) == [rows.OverdueDeadline("welcome", "ada", *row[2:4]) for row in (kept[1], kept[0])]
    assert list(await tables.verified.deadlines_overdue(TOPIC, 0, 7 * 3600, 10)) == [overdue[0]]
    assert list(await tables.verified.deadlines_overdue(TOPIC, 0, 3600, 1)) == [overdue[0]]
    assert list(await tables.verified.deadlines_overdue(TOPIC, 1, 3600, 10)) == []


async def test_answers_that_have_waited_too_long(store: SagaStores, tables: Tables) -> None:
    steps = [step(number, handles_rejection=True) for number in (1, 2)]
    await store.commit(batch(steps=steps))
    await answer(tables, 2, status="rejected", error=REJECTED)
    await answer(tables, 1)
    overdue = await tables.verified.answers_overdue(TOPIC, 0, 60, 10)
    assert list(overdue) == [
        rows.OverdueAnswer("welcome", "ada", "welcome", None, rfc3339(TIME)),
        rows.OverdueAnswer("welcome", "ada", "welcome", "AccountNotFound", rfc3339(TIME)),
    ]
    assert list(await tables.verified.answers_overdue(TOPIC, 0, 60, 1)) == [overdue[0]]
    assert list(await tables.verified.answers_overdue(TOPIC, 1, 60, 10)) == []
    age = (datetime.now(UTC) - TIME).total_seconds()
    assert list(await tables.verified.answers_overdue(TOPIC, 0, age + 3600, 10)) == []
    assert list(await tables.verified.stray_answers(None, 10)) == []


async def test_deadlines_of_no_instance_are_strays(store: SagaStores, tables: Tables) -> None:
    kept = [deadline(name, LATER, instance_id) for instance_id in ("ada", "bob", "eve") for name in ("b", "a")]
    await store.commit(batch(instances=[instance("ada")], journal=[entry(1, "bob")], deadlines=kept))
    strays = await tables.verified.stray_deadlines(None, 10)
    assert list(strays) == [rows.StrayDeadline("welcome", "eve", "a"), rows.StrayDeadline("welcome", "eve", "b")]
    assert list(await tables.verified.stray_deadlines(None, 1)) == [strays[0]]
    assert list(await tables.verified.stray_deadlines(strays[0], 10)) == [strays[1]]


async def test_a_transaction_reads_sagas_as_of_its_first_question(store: SagaStores, tables: Tables) -> None:
    await store.commit(batch(instances=[instance("ada")], journal=[entry(1)]))
    async with tables.verified.read_transaction() as transaction:
        assert len(await transaction.instances_after("welcome", "", 10)) == 1
        moved = instance("ada", version=2)
        await store.commit(batch(position=4, steps=[step(3)], instances=[moved], journal=[entry(2)]))
        await store.release(LANE, 1, Mark(4, -1))
        (listed,) = await transaction.instances_after("welcome", "", 10)
        assert listed.stored is not None
        assert listed.stored.version == 1
        assert len(await all_of(transaction.journals("welcome", ["ada"]))) == 1
        assert len(await all_of(transaction.steps_of("welcome", ["ada"]))) == 2
        assert (await transaction.saga_lane_positions(TOPIC))[0].position == 2
