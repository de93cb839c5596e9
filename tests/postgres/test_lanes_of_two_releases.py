"""During a deployment, workers of both releases acquire lanes from one another."""

from typing import Any

from infra.postgres.event_store import PostgresEventStore
from infra.postgres.pool import Database
from tests.postgres.batches import LANE, everything


async def test_what_an_older_worker_has_handled_last_is_not_known(database: Database, onlooker: Any) -> None:
    """It moves the lane on and stores nothing of the record; what the batch before stored does not count then."""
    store = PostgresEventStore(database)
    await store.acquire(LANE, "first")
    await store.commit(everything(last_timestamp=1_700_000_000_123))
    await onlooker.execute("UPDATE annals.lanes SET consumed = consumed + 1")
    grant = await store.acquire(LANE, "second")
    assert (grant.consumed, grant.last_timestamp) == (8, 0)
