"""kill -9 while Postgres is in the midst of a batch's transaction: whichever way that ends, the successor goes on.

The batch wants an e-mail address that a transaction of the test has claimed and not yet decided on; so the backend
waits, the lane row already moved forward, while its worker dies.
"""

import time
from typing import Any

import asyncpg
import pytest

from tests.faults.crew import Crew
from tests.faults.recovery import Measure, agrees, recovered
from tests.system import Sent, create_user, create_users
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)

COMMANDS = 300
WAITING = """
SELECT pid FROM pg_stat_activity
 WHERE datname = current_database() AND $1 = ANY (pg_blocking_pids(pid)) AND query LIKE '%commit_commands%'
"""
WORKING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'annals'"


async def test_a_batch_that_commits_without_its_worker_is_gone_on_from(crew: Crew, record_property: Measure) -> None:
    command = await _dead_inside(crew, lambda connection, _: connection.execute("ROLLBACK"))
    assert await _outcomes(crew, command) == 1, "Postgres has ended what the worker had begun"
    since = time.monotonic()
    await crew.complete()
    await recovered(crew.system, crew.sent, record_property, since=since)
    await agrees(crew.system, crew.sent)


async def test_a_batch_that_is_rolled_back_is_decided_anew(crew: Crew, record_property: Measure) -> None:
    async def end(connection: asyncpg.Connection, backend: int) -> None:
        await connection.execute("SELECT pg_terminate_backend($1)", backend)
        await connection.execute("ROLLBACK")

    command = await _dead_inside(crew, end)
    assert await _outcomes(crew, command) == 0
    since = time.monotonic()
    await crew.complete()
    await recovered(crew.system, crew.sent, record_property, since=since)
    assert await _outcomes(crew, command) == 1
    await agrees(crew.system, crew.sent)


async def _dead_inside(crew: Crew, end: Any) -> Sent:
    """Kill a worker inside a transaction, end that by `end(connection, its backend)`; a command that was in it."""
    system = crew.system
    await crew.complete()
    contested = create_user()
    address = f"{contested.stream_id}@example.org"
    async with system.database.acquire() as connection:
        await connection.execute("BEGIN")
        await connection.execute(
            "INSERT INTO annals.unique_claims (context, scope, key, stream_id, claimed_at) "
            "VALUES ('users', 'email', $1, 'nobody', now())",
            address,
        )
        crew.send([contested, *create_users(COMMANDS)])

        async def waiting() -> int | None:
            found: int | None = await system.value(WAITING, connection.get_server_pid())
            return found

        backend = await until(waiting, "the worker's backend waits inside its transaction", seconds=90)
        await crew.kill("command")
        await end(connection, backend)

    async def nobody_works() -> bool:
        return bool(await system.value(f"{WORKING} AND state <> 'idle'") == 0)

    await until(nobody_works, "what the worker had begun has come to an end")
    return contested


async def _outcomes(crew: Crew, command: Sent) -> int:
    found: int = await crew.system.value(
        "SELECT count(*) FROM annals.commands WHERE command_id = $1::uuid", command.command_id
    )
    return found
