"""The database becomes read-only, as after a failover: workers wait, report it, and continue afterwards."""

from tests.audit import audit
from tests.faults.health import Health
from tests.sent_commands import create_users
from tests.system import System
from tests.waiting import until

END_OTHERS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'annals'"
)
READ_ONLY = "ALTER DATABASE {} SET default_transaction_read_only = {}"


async def test_is_waited_for_without_a_traceback_and_every_command_is_handled(system: System) -> None:
    name = await system.value("SELECT current_database()")
    command_health, saga_health = Health(), Health()
    command = await system.worker("command", metrics_port=command_health.port)
    saga = await system.worker("saga", metrics_port=saga_health.port)
    await system.worker("projection")
    await command_health.ready()
    await saga_health.ready()
    sent = [*create_users(300)]
    system.send(sent[:100])
    await system.handled(100)
    async with system.database.acquire() as writer:  # a session opened before, so it may write
        await writer.execute(READ_ONLY.format(name, "on"))
        await writer.execute(END_OTHERS)
        system.send(sent[100:200])
        await command_health.not_ready(seconds=30)
        await saga_health.not_ready(seconds=30)

        async def is_logged() -> bool:
            return all("end its read-only state" in worker.log() for worker in (command, saga))

        await until(is_logged, "both log what an operator can do", seconds=30)
        await writer.execute(READ_ONLY.format(name, "off"))
    system.send(sent[200:])
    await system.handled(300)
    await system.settled()
    await command_health.ready()
    await saga_health.ready()
    for worker in (command, saga):
        assert "Traceback" not in worker.log(), worker.log()
        assert "bug" not in worker.log()
    await audit(system, sent)


async def test_under_open_sessions_is_left_for_the_one_that_writes(system: System) -> None:
    """The sessions stay open but may no longer write: a load balancer has switched, or a primary was demoted."""
    health = Health()
    worker = await system.worker("command", metrics_port=health.port)
    await health.ready()
    name = await system.value("SELECT current_database()")
    async with system.database.acquire() as writer:
        await writer.execute(READ_ONLY.format(name, "on"))
        sent = create_users(50)
        before = await writer.fetchval("SELECT count(*) FROM annals.commands")
        # A trigger replaces the server-wide switch to read-only, which cannot be made for one database.
        await writer.execute(
            "CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
            "'cannot execute UPDATE in a read-only transaction' USING ERRCODE = 'read_only_sql_transaction'; END $$"
        )
        await writer.execute("CREATE TRIGGER refused BEFORE UPDATE ON annals.lanes EXECUTE FUNCTION refused()")
        system.send(sent)
        await health.not_ready(seconds=30)
        assert await writer.fetchval("SELECT count(*) FROM annals.commands") == before
        await writer.execute("DROP TRIGGER refused ON annals.lanes")
        await writer.execute(READ_ONLY.format(name, "off"))
    await system.handled(50)
    assert "Traceback" not in worker.log(), worker.log()
    assert "read-only" in worker.log()


async def test_can_be_verified(system: System) -> None:
    for role in ("command", "saga", "projection"):
        await system.worker(role)
    system.send(create_users(20))
    await system.handled(40)  # with the welcomes
    await system.settled()
    for worker in system.workers:
        assert await worker.stop() == 0
    name = await system.value("SELECT current_database()")
    async with system.database.acquire() as writer:
        await writer.execute(READ_ONLY.format(name, "on"))
        try:
            verified = await system.annals("verify", "--json")
        finally:
            await writer.execute(READ_ONLY.format(name, "off"))
    assert verified.json()["found"] == {}, verified.errors
    assert verified.code == 0
