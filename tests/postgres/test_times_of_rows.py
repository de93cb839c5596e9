"""When rows were written, as people see it: the batch's own time where it has one, else the transaction's."""

from typing import Any

from infra.postgres.event_store import PostgresEventStore
from infra.postgres.pool import Database
from infra.postgres.saga_store import PostgresSagaStore
from tests.postgres.batches import LANE, TIME, everything
from workers.ports.lanes import LaneKey
from workers.ports.sagas import InstanceRow, SagaBatch

SAGA_LANE = LaneKey("saga", "users.events", 0)


async def test_the_batchs_time_is_the_time_of_all_that_it_writes(database: Database, onlooker: Any) -> None:
    store = PostgresEventStore(database)
    await store.acquire(LANE, "owner")
    await store.commit(everything())
    for table, column in [("events", "recorded_at"), ("commands", "handled_at"), ("unique_claims", "claimed_at")]:
        assert await onlooker.fetchval(f"SELECT {column} FROM annals.{table} LIMIT 1") == TIME  # noqa: S608


async def test_a_saga_is_updated_after_it_was_started(database: Database, onlooker: Any) -> None:
    store = PostgresSagaStore(database)
    await store.acquire(SAGA_LANE, "owner")
    for version, state in enumerate((b'{"step": "welcome"}', b'{"step": "done"}'), start=1):
        row = InstanceRow("welcome", "ada", "running", state, "correlation", version)
        await store.commit(SagaBatch(SAGA_LANE, 1, 7, 0, 0, 5, [row], []))
    assert await onlooker.fetchval("SELECT updated_at > started_at FROM annals.sagas")
