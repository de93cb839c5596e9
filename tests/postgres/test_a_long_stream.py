"""A stream of 100,000 events: with a snapshot a look-up reads a handful of rows, and nothing else is different."""

import json
from typing import Any, NamedTuple

from contracts.catalogue import stored_events
from contracts.users.commands import UpdateUser
from infra.postgres.lists import listed
from infra.postgres.pool import Database
from infra.postgres.queries import sql
from tests.command.installation import command_id
from tests.postgres.watched import Watched
from workers.command.snapshots import SNAPSHOT_INTERVAL_EVENTS, snapshot_fingerprint
from workers.core.decider import Decider
from workers.domain import contexts

LENGTH = 100_000
DECIDER = contexts()["users"].decider
FINGERPRINT = snapshot_fingerprint("users", DECIDER, stored_events())
# In a partition that the test's lane does not have.
WRITE = """
INSERT INTO annals.events (context, partition, sequence, stream_id, stream_version, event_id, type, schema_version,
                           data, command_id, correlation_id, causation_id, recorded_at)
SELECT 'users', 5, number, 'ada', number, gen_random_uuid(),
       CASE number WHEN 1 THEN 'UserCreated' ELSE 'UserUpdated' END, 1,
       CASE number WHEN 1 THEN '{"user_id": "ada", "first_name": "A", "last_name": "L", "email": "a@x.org"}'::jsonb
            ELSE jsonb_build_object('user_id', 'ada', 'city', 'C' || (number - 1)) END,
       gen_random_uuid(), 'correlation', 'causation', now()
  FROM generate_series(1, $1::bigint) AS number
"""


async def stored(database: Database, onlooker: Any, length: int) -> Watched:
    """The store with a stream of `length` events, in a table that was never analysed."""
    await onlooker.execute(WRITE, length, timeout=60)
    return Watched(database)


class Step(NamedTuple):
    """What became of one command: the stream's version after it, whether it changed anything, and how many events each
    look-up gave.
    """

    version: int
    changed: bool
    events: list[int]


async def moved(store: Watched, city: str, decider: Decider[Any] = DECIDER) -> Step:
    """A user's move, handled by a worker that has just started."""
    outcome, events = await store.handle(UpdateUser(user_id="ada", city=city), decider=decider)
    assert outcome.status == "accepted"
    return Step(outcome.stream_version, bool(outcome.events), events)


async def rows_read(connection: Any, fingerprint: str) -> dict[str, int]:
    """How many rows of each table a look-up for the stream reads."""
    arguments = ["ada", command_id(1), "users", listed(["ada"]), fingerprint]
    explained = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql('look_up')}", *arguments)
    read: dict[str, int] = {}
    waiting = [json.loads(explained)[0]["Plan"]]
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        if "Relation Name" in node:
            removed = [node.get(f"Rows Removed by {step}", 0) for step in ("Filter", "Index Recheck")]
            rows = (node["Actual Rows"] + sum(removed)) * node["Actual Loops"]
            read[node["Relation Name"]] = read.get(node["Relation Name"], 0) + round(rows)
    copies = {table: read.pop(table) for table in ("copied_events", "live_generations")}
    assert set(copies.values()) == {0}, "the context was never copied"
    return read


async def test_is_loaded_from_its_snapshot_with_a_few_rows_read(database: Database, onlooker: Any) -> None:
    store = await stored(database, onlooker, LENGTH)
    assert await moved(store, "Turin") == (LENGTH + 1, True, [LENGTH])
    assert await moved(store, "Rome") == (LENGTH + 2, True, [0])
    assert await moved(store, "Pisa") == (LENGTH + 3, True, [1])
    async with database.connection() as connection:
        for plan in ("force_generic_plan", "force_custom_plan"):
            await connection.execute(f"SET plan_cache_mode = {plan}")
            read = await rows_read(connection, FINGERPRINT)
            assert read == {"commands": 1, "snapshots": 1, "events": 4}, (
                "the one that it stands behind, two after it, and the one that the command led to"
            )
        read = await rows_read(connection, "of other code")
        assert read == {"commands": 1, "snapshots": 1, "events": LENGTH + 4}


def decide_as_ever(state: Any, command: Any) -> Any:
    """What the users decide, in another module."""
    return DECIDER.decide(state, command)


async def test_other_code_and_a_spoilt_snapshot_cost_time_and_nothing_else(database: Database, onlooker: Any) -> None:
    length = 2 * SNAPSHOT_INTERVAL_EVENTS
    store = await stored(database, onlooker, length)
    snapshot = "SELECT stream_version, fingerprint FROM annals.snapshots WHERE stream_id = 'ada'"
    await moved(store, "Turin")
    assert tuple(await onlooker.fetchrow(snapshot)) == (length + 1, FINGERPRINT)
    other = Decider(DECIDER.initial, decide_as_ever, DECIDER.evolve)
    theirs = snapshot_fingerprint("users", other, stored_events())
    assert theirs != FINGERPRINT
    assert await moved(store, "Turin", other) == (length + 1, False, [length + 1])
    assert tuple(await onlooker.fetchrow(snapshot)) == (length + 1, FINGERPRINT), "nothing has changed"
    assert await moved(store, "Rome", other) == (length + 2, True, [length + 1])
    assert tuple(await onlooker.fetchrow(snapshot)) == (length + 2, theirs)
    assert await moved(store, "Rome", other) == (length + 2, False, [0])

    spoil = "UPDATE annals.snapshots SET state = replace(state::text, 'Rome', 'Milan')::json"
    assert await onlooker.execute(spoil) == "UPDATE 1"
    assert await moved(store, "Rome", other) == (length + 2, False, [0, length + 2]), "a second question"
    assert await moved(store, "Milan", other) == (length + 3, True, [0, length + 2])
    assert await moved(store, "Milan", other) == (length + 3, False, [0])
