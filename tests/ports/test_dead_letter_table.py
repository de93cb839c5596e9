"""Attempts at a dead letter's command form one chain, however many operators ask; claims have holders."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
import pytest_asyncio

from infra.memory.dead_letters import MemoryDeadLetterTable
from infra.memory.event_store import MemoryEventStore
from infra.memory.interventions import InterventionRows, MemoryInterventions
from infra.memory.table import Table
from infra.memory.wire import DirectWire
from infra.postgres.dead_letters import PostgresDeadLetterTable
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.interventions import PostgresInterventions
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.settings import Settings
from tests.postgres.batches import LANE, claim, command_id
from workers.ports.dead_letters import Attempts, DeadLetterTable
from workers.ports.event_store import EventStore, Unstorable
from workers.ports.interventions import Interventions, Reason

WHY = Reason("the bug is fixed")
LETTER = "users.commands/0/7"
ROOT, FIRST, SECOND = command_id(1), command_id(2), command_id(3)


class Desk(NamedTuple):
    """The table, and what else reads and writes the same rows."""

    table: DeadLetterTable
    interventions: Interventions
    store: EventStore


@pytest_asyncio.fixture
async def desk(own: Settings | None) -> AsyncIterator[Desk]:
    if own is None:
        rows, wire = InterventionRows(lambda: datetime.now(UTC)), DirectWire()
        table = Table(lambda: datetime.now(UTC))
        yield Desk(
            MemoryDeadLetterTable(table, rows, wire), MemoryInterventions(rows, wire), MemoryEventStore(table, wire)
        )
        return
    assert own.database_url is not None
    url = own.database_url.get_secret_value()
    await migrate(url)
    database = Database(url, role="annals_writer", connections=4)
    await database.open()
    yield Desk(PostgresDeadLetterTable(database), PostgresInterventions(database), PostgresEventStore(database))
    await database.close()


async def test_a_command_that_was_never_sent_again_is_its_own_root(desk: Desk) -> None:
    assert await desk.table.attempts_of(ROOT) == Attempts(ROOT, ())


async def test_all_attempts_are_found_by_each_of_them(desk: Desk) -> None:
    for number, id_ in enumerate((FIRST, SECOND), start=1):
        details = {"command_id": id_, "root_id": ROOT, "attempt": number}
        assert await desk.table.record_attempt("ada", LETTER, WHY, details) == "dlq-retry"
    for id_ in (ROOT, FIRST, SECOND):
        assert await desk.table.attempts_of(id_) == Attempts(ROOT, (FIRST, SECOND))
    assert await desk.table.attempts_of(command_id(9)) == Attempts(command_id(9), ())


async def test_an_attempt_is_an_intervention_with_its_reason(desk: Desk) -> None:
    details = {"command_id": ROOT, "root_id": ROOT, "attempt": 1, "dlq_reason": "HandlerFailed"}
    await desk.table.record_attempt("ada", LETTER, WHY, details)
    (action,) = await desk.interventions.of([LETTER])
    assert (action.actor, action.action, action.reason, action.details) == ("ada", "dlq-retry", WHY.text, details)


async def test_one_of_several_operators_is_first(desk: Desk) -> None:
    details = {"command_id": FIRST, "root_id": ROOT}
    sendings = await asyncio.gather(
        *(desk.table.record_attempt(f"operator {number}", LETTER, WHY, details) for number in range(4))
    )
    assert sorted(sendings) == ["dlq-resend", "dlq-resend", "dlq-resend", "dlq-retry"]
    assert await desk.table.attempts_of(ROOT) == Attempts(ROOT, (FIRST,))
    assert len(await desk.interventions.of([LETTER])) == 4


async def test_without_a_command_id_each_is_a_first_time(desk: Desk) -> None:
    details = {"command_id": None, "root_id": None}
    for _ in range(2):
        assert await desk.table.record_attempt("ada", LETTER, WHY, details) == "dlq-retry"
    assert await desk.table.attempts_of(ROOT) == Attempts(ROOT, ())


async def test_what_cannot_be_stored_is_refused(desk: Desk) -> None:
    for actor, target, id_ in [("a\0", LETTER, FIRST), ("ada", "\ud800", FIRST), ("ada", LETTER, "\0")]:
        with pytest.raises(Unstorable):
            await desk.table.record_attempt(actor, target, WHY, {"command_id": id_, "root_id": ROOT})
    assert await desk.interventions.since(0, 10) == []


async def test_the_holders_of_claims_are_listed(desk: Desk) -> None:
    await claim(desk.store, LANE, ("ada@example.org", "ada"), ("bob@example.org", "bob"))
    ada, bob, free = ("email", "ada@example.org"), ("email", "bob@example.org"), ("email", "eve@example.org")
    assert await desk.table.claim_holders("users", [ada, free, bob]) == {ada: "ada", bob: "bob"}
    assert await desk.table.claim_holders("orders", [ada]) == {}
    assert await desk.table.claim_holders("users", [("phone", "ada@example.org")]) == {}
    assert await desk.table.claim_holders("users", []) == {}


async def test_the_time_is_the_databases(desk: Desk) -> None:
    assert abs(await desk.table.now() - datetime.now(UTC)) < timedelta(minutes=1)
