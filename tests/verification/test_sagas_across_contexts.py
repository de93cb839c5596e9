"""`annals verify` on orders fulfilled over three contexts: it passes, or names what was done to their sagas."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.sent_commands import Sent, command, create_user
from tests.system import System
from tests.verification.command import NOTHING_IS_ON_ITS_WAY, named, verified
from tests.verification.orders import accepted, place_order, placed, settled, stocked
from tests.waiting import until

# Many processes start and stop: seconds on a free machine may be minutes on a busy one.
pytestmark = pytest.mark.timeout(300)

USERS = [f"user-{number}" for number in range(5)]
SKUS = ["tea", "milk", "sugar"]
STRANGER = "00000000-0000-5000-8000-00000000f00d"


async def fulfilled(system: System, count: int) -> list[Sent]:
    """Place this number of orders, of two articles each, and wait until they are settled."""
    orders = [place_order(USERS[number % 5], SKUS[number % 3], SKUS[(number + 1) % 3]) for number in range(count)]
    await carried_out(system, orders)
    return orders


async def carried_out(system: System, orders: list[Sent]) -> None:
    """These orders, settled."""
    await stocked(system, USERS, SKUS)
    await placed(system, orders)
    await settled(system, orders)


@asynccontextmanager
async def unguarded(system: System) -> AsyncIterator[Any]:
    """A connection on which the journal can be changed, as only the database's owner can."""
    async with system.database.acquire() as connection, connection.transaction():
        await connection.execute("ALTER TABLE annals.saga_journal DISABLE TRIGGER append_only")
        yield connection
        await connection.execute("ALTER TABLE annals.saga_journal ENABLE ALWAYS TRIGGER append_only")


async def test_pass_also_while_orders_come_in(system: System) -> None:
    await stocked(system, USERS, SKUS)
    poor = [place_order("pauper", "tea"), place_order("user-1", "tea", "unobtainium")]
    orders = [*poor, *[place_order(USERS[number % 5], "tea", "milk", "sugar") for number in range(150)]]
    await placed(system, orders)
    code, verdict = await verified(system)
    assert (code, verdict["found"]) == (0, {}), verdict
    await settled(system, orders)
    code, verdict = await verified(system)
    assert (code, verdict["found"]) == (0, {}), verdict
    looked_at = verdict["looked_at"]
    assert looked_at["instances of the saga fulfilment compared with the events"] == 152
    assert looked_at["instances of the saga account closing compared with the events"] == 6
    assert looked_at["saga steps compared with the events and the outcomes"] > 150 * 6
    cancelled = "SELECT count(*) FROM annals.sagas WHERE saga = 'fulfilment' AND status = 'cancelled'"
    assert await system.value(cancelled) == 2


async def test_whose_journal_was_changed_are_named_with_the_entry(system: System) -> None:
    lacks, changed, forged = await fulfilled(system, 3)
    change = "UPDATE annals.saga_journal SET status = $2 WHERE instance_id = $1 AND saga = 'fulfilment' AND version = 3"
    async with unguarded(system) as connection:
        gone = await connection.fetchrow(
            "DELETE FROM annals.saga_journal"
            " WHERE saga = 'fulfilment' AND instance_id = $1 AND version = 2 RETURNING *",
            lacks.stream_id,
        )
        before = await connection.fetchval(
            "SELECT status FROM annals.saga_journal WHERE saga = 'fulfilment' AND instance_id = $1 AND version = 3",
            changed.stream_id,
        )
        await connection.execute(change, changed.stream_id, "stuck")
        last = await connection.fetchval(
            "SELECT max(version) FROM annals.saga_journal WHERE instance_id = $1", forged.stream_id
        )
        await connection.execute(
            "INSERT INTO annals.saga_journal (saga, instance_id, version, type, context, partition, sequence, event_id,"
            " recorded_at, status, data) VALUES ('fulfilment', $1, $2, 'core.DeadlinePassed.v1', 'core', 0, 0, $3,"
            " now(), 'completed', json_build_object('instance_id', $1::text, 'deadline', 'confirmation'))",
            *(forged.stream_id, last + 1, STRANGER),
        )
    code, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
    assert code == 1
    assert verdict["found"] == {
        "event not applied by a saga": 1,
        "gap in a saga journal": 1,
        "saga journal differs": 1,
        "internal event of a saga without cause": 1,
    }
    assert named(verdict, "gap in a saga journal") == [f"fulfilment {lacks.stream_id}@2"]
    (event,) = named(verdict, "event not applied by a saga")
    assert event.startswith(f"fulfilment {gone['context']} {gone['partition']}/{gone['sequence']}, user-")
    assert named(verdict, "saga journal differs") == [f"fulfilment {changed.stream_id}@3"]
    assert named(verdict, "internal event of a saga without cause") == [f"fulfilment {forged.stream_id}@{last + 1}"]
    async with unguarded(system) as connection:
        await connection.copy_records_to_table("saga_journal", schema_name="annals", records=[gone])
        await connection.execute(change, changed.stream_id, before)
        await connection.execute("DELETE FROM annals.saga_journal WHERE event_id = $1", STRANGER)
    assert (await verified(system))[1]["found"] == {}


async def test_whose_state_or_steps_were_changed_are_named_with_the_step(system: System) -> None:
    changed, lacks, doubled, silent = await fulfilled(system, 4)
    change = system.database.execute
    await change("UPDATE annals.sagas SET status = 'stuck' WHERE instance_id = $1", changed.stream_id)
    moved = "UPDATE annals.saga_outbox SET instance_id = $1 WHERE instance_id = $2 AND step = 'confirm'"
    await change(moved, doubled.stream_id, lacks.stream_id)
    gone = await system.database.fetchrow(
        "DELETE FROM annals.saga_outbox WHERE instance_id = $1 AND step = 'capture_funds' RETURNING *", silent.stream_id
    )
    await change("INSERT INTO annals.step_rejections VALUES ($1, 0, 999999, 'Nothing', now())", gone["topic"])
    code, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
    assert code == 1
    assert verdict["found"] == {
        "saga instance differs": 1,
        "saga step missing": 2,
        "saga step left over": 1,
        "gap in the steps of a saga lane": 1,
        "saga rejection left over": 1,
    }
    assert named(verdict, "saga instance differs") == [f"fulfilment {changed.stream_id}"]
    assert sorted(named(verdict, "saga step missing")) == sorted(
        [f"fulfilment {lacks.stream_id} confirm", f"fulfilment {silent.stream_id} capture_funds"]
    )
    assert named(verdict, "saga step left over") == [f"fulfilment {doubled.stream_id} confirm"]
    lane = f"{gone['topic']}/{gone['partition']} position {gone['position']}"
    assert named(verdict, "gap in the steps of a saga lane") == [lane]
    assert named(verdict, "saga rejection left over") == [f"{gone['topic']}/0 position 999999"]
    await change("UPDATE annals.sagas SET status = 'completed' WHERE instance_id = $1", changed.stream_id)
    confirmed = "SELECT position, topic, partition FROM annals.saga_outbox WHERE instance_id = $1 AND step = 'confirm'"
    for row in await system.database.fetch(confirmed, doubled.stream_id):
        await change(
            "UPDATE annals.saga_outbox SET instance_id = $4 WHERE (position, topic, partition) = ($1, $2, $3)"
            " AND stream_id = $4",
            *(*row, lacks.stream_id),
        )
    await change("DELETE FROM annals.step_rejections")
    async with system.database.acquire() as connection:
        await connection.copy_records_to_table("saga_outbox", schema_name="annals", records=[gone])
    assert (await verified(system))[1]["found"] == {}


async def test_that_passed_over_an_event_are_named_unless_it_is_from_before_there_were_journals(system: System) -> None:
    user = create_user()
    await asyncio.to_thread(system.send, [user])
    await accepted(system, [user])
    deleted = command("users.DeleteUser.v1", user.stream_id, {"user_id": user.stream_id})
    await asyncio.to_thread(system.send, [deleted])
    closed = "SELECT version FROM annals.sagas WHERE saga = 'account closing' AND instance_id = $1"

    async def is_closed() -> bool:
        return bool(await system.value(closed, user.stream_id))

    await until(is_closed, "the account is closed", seconds=60)
    async with unguarded(system) as connection:
        for deletion in (
            "DELETE FROM annals.sagas WHERE saga = 'account closing' AND instance_id = $1",
            "DELETE FROM annals.saga_journal WHERE saga = 'account closing' AND instance_id = $1",
        ):
            await connection.execute(deletion, user.stream_id)
    ancient = "INSERT INTO annals.sagas VALUES ('welcome', 'ancient', 'welcomed', '{}', 'a', now(), now())"
    await system.database.execute(ancient)
    code, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
    assert (code, verdict["found"]) == (1, {"event not applied by a saga": 1})
    place = "SELECT partition || '/' || sequence FROM annals.events WHERE type = 'UserDeleted' AND stream_id = $1"
    lane = await system.value(place, user.stream_id)
    (where,) = named(verdict, "event not applied by a saga")
    assert where.startswith(f"account closing users {lane}, {user.stream_id}@")
    assert verdict["looked_at"]["instances of the saga welcome from before there was a journal: not verifiable"] == 1
    await system.database.execute("UPDATE annals.migrations SET applied_at = now() WHERE number = 1")
    assert (await verified(system))[1]["found"] == {}


async def test_with_a_deadline_lost_or_overdue_are_named_with_it(idle_system: System) -> None:
    system, name = idle_system, "confirmation"
    handling = await system.worker("command")
    _, lost, late = orders = [place_order("somebody", "tea", confirm_within_seconds=3600) for _ in range(3)]
    await placed(system, orders)
    await accepted(system, orders)
    assert await handling.stop() == 0
    following, _ = [await system.worker(role) for role in ("saga", "projection")]

    async def waiting() -> bool:
        return bool(await system.value("SELECT count(*) FROM annals.deadlines") == 3)

    await until(waiting, "all three wait", seconds=60)
    assert await following.stop() == 0
    deadline = "SELECT * FROM annals.deadlines WHERE instance_id = $1"
    gone = await system.database.fetchrow(deadline, lost.stream_id)
    change = system.database.execute
    await change("DELETE FROM annals.deadlines WHERE instance_id = $1", lost.stream_id)
    back = "UPDATE annals.deadlines SET due_at = due_at + $2 * interval '1 second' WHERE instance_id = $1"
    await change(back, late.stream_id, -7200.0)
    orphan = ["nobody" if column == "instance_id" else value for column, value in gone.items()]
    async with system.database.acquire() as connection:
        await connection.copy_records_to_table("deadlines", schema_name="annals", records=[orphan])
    _, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
    assert verdict["found"] == {
        "saga deadline missing": 1,
        "saga deadline differs": 1,
        "saga deadline overdue": 1,
        "saga deadline left over": 1,
        "saga instance that nothing can end": 1,
        "saga step without outcome": 3,
        "command not read": 3,
    }
    assert named(verdict, "saga deadline missing") == [f"fulfilment {lost.stream_id} {name}"]
    assert named(verdict, "saga deadline differs") == [f"fulfilment {late.stream_id} {name}"]
    assert named(verdict, "saga deadline overdue") == [f"fulfilment {late.stream_id} {name}"]
    assert named(verdict, "saga deadline left over") == [f"fulfilment nobody {name}"]
    assert verdict["looked_at"]["saga deadlines compared with the events"] == 3


async def test_that_applied_an_event_twice_or_missed_a_rejection_are_named_with_it(idle_system: System) -> None:
    system = idle_system
    for role in ("command", "saga", "projection"):
        await system.worker(role)
    twice, deaf = place_order("user-0", "tea"), place_order("pauper", "tea")
    await carried_out(system, [twice, deaf])
    again = (
        "INSERT INTO annals.saga_journal (saga, instance_id, version, type, context, partition, sequence, event_id,"
        " recorded_at, status) SELECT saga, instance_id, version + 100, type, context, partition, sequence, event_id,"
        " recorded_at, status FROM annals.saga_journal WHERE saga = 'fulfilment' AND instance_id = $1 AND version = 2"
    )
    async with unguarded(system) as connection:
        await connection.execute(again, twice.stream_id)
    (saga_worker,) = (worker for worker in system.workers if worker.role == "saga")
    assert await saga_worker.stop() == 0
    # As if it had been left there: the step was rejected, and its saga has handled that before.
    unheard = (
        "INSERT INTO annals.step_rejections SELECT topic, partition, position, 'No', now() - interval '2 hours'"
        " FROM annals.saga_outbox WHERE instance_id = $1 AND step = 'reserve_funds'"
    )
    await system.database.execute(unheard, deaf.stream_id)
    code, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
    wrong = ["event applied twice by a saga", "gap in a saga journal", "saga journal differs"]
    wrong += ["saga rejection not handled", "saga rejection left over"]
    assert (code, verdict["found"]) == (1, dict.fromkeys(wrong, 1))
    assert named(verdict, "event applied twice by a saga")[0].startswith("fulfilment payments ")
    assert named(verdict, "saga rejection not handled") == [f"fulfilment {deaf.stream_id} reserve_funds"]
