"""kill -9 while Postgres runs a batch's transaction: whether that commits or not, the successor continues.

The batch claims an e-mail address that an open transaction of the test has claimed too. So the backend waits, with the
lane's row already updated, while its worker is killed.
"""

import time
from typing import Any

import asyncpg
import pytest

from tests.faults.recovery import Measure, agrees, recovered
from tests.faults.worker_pool import WorkerPool
from tests.sent_commands import Sent, create_user, create_users
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)

COMMANDS = 300
WAITING = """
SELECT pid FROM pg_stat_activity
 WHERE datname = current_database() AND $1 = ANY (pg_blocking_pids(pid)) AND query LIKE '%commit_commands%'
"""
WORKING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'annals'"


async def test_a_successor_continues_after_a_batch_that_commits_without_its_worker(
    pool: WorkerPool, record_property: Measure
) -> None:
    command = await _kill_inside(pool, lambda connection, _: connection.execute("ROLLBACK"))
    assert await _outcomes(pool, command) == 1, "Postgres has committed the batch"
    since = time.monotonic()
    await pool.complete()
    await recovered(pool.system, pool.sent, record_property, since=since)
    await agrees(pool.system, pool.sent)


async def test_a_batch_that_is_rolled_back_is_decided_again(pool: WorkerPool, record_property: Measure) -> None:
    async def end(connection: asyncpg.Connection, backend: int) -> None:
        await connection.execute("SELECT pg_terminate_backend($1)", backend)
        await connection.execute("ROLLBACK")

    command = await _kill_inside(pool, end)
    assert await _outcomes(pool, command) == 0
    since = time.monotonic()
    await pool.complete()
    await recovered(pool.system, pool.sent, record_property, since=since)
    assert await _outcomes(pool, command) == 1
    await agrees(pool.system, pool.sent)


async def _kill_inside(pool: WorkerPool, end: Any) -> Sent:
    """Kill a worker inside a transaction and call `end(connection, backend)`; return a command of that transaction."""
    system = pool.system
    await pool.complete()
    contested = create_user()
    address = f"{contested.stream_id}@example.org"
    async with system.database.acquire() as connection:
        await connection.execute("BEGIN")
        await connection.execute(
            "INSERT INTO annals.unique_claims (context, scope, key, stream_id, claimed_at) "
            "VALUES ('users', 'email', $1, 'another user', now())",
            address,
        )
        pool.send([contested, *create_users(COMMANDS)])

        async def waiting() -> int | None:
            backend: int | None = await system.value(WAITING, connection.get_server_pid())
            return backend

        backend = await until(waiting, "the worker's backend waits inside its transaction", seconds=90)
        await pool.kill("command")
        await end(connection, backend)

    async def all_idle() -> bool:
        return bool(await system.value(f"{WORKING} AND state <> 'idle'") == 0)

    await until(all_idle, "the worker's transactions have ended")
    return contested


async def _outcomes(pool: WorkerPool, command: Sent) -> int:
    outcomes: int = await pool.system.value(
        "SELECT count(*) FROM annals.commands WHERE command_id = $1::uuid", command.command_id
    )
    return outcomes
