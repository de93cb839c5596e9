"""A worker that lacks a right says which, waits, and loses nothing: once it has the right, it goes on."""

from collections.abc import Sequence
from typing import Any

from contracts.stated_sequence import stated_sequence
from contracts.topics import Topics
from infra.kafka.access import Acl, Installation, Operation, Role, acls_of
from infra.kafka.log_reader import LogReader
from infra.settings import Settings
from tests.access.secured import SecuredSystem
from tests.faults.health import Health
from tests.sent_commands import Sent, create_users
from tests.waiting import until
from tests.worker_process import Worker
from workers.domain import contexts


def without(acls: list[Acl], name: str, operation: Operation) -> list[Acl]:
    return [
        acl._replace(operations=tuple(other for other in acl.operations if (acl.name, other) != (name, operation)))
        for acl in acls
    ]


def rights_of(role: Role, secured: SecuredSystem) -> list[Acl]:
    return acls_of(role, Installation(Topics(secured.owner.topic_prefix), contexts()))


async def says(worker: Worker, words: str, *, times: int = 1) -> None:
    async def is_logged() -> bool:
        assert worker.process.returncode is None, worker.log()
        return worker.log().count(words) >= times

    await until(is_logged, f"the {worker.role} worker logs {words!r}", seconds=60)


async def handled(secured: SecuredSystem, commands: Sequence[Sent]) -> None:
    """Wait until all of these have an outcome in the table, and what they led to is in the log: once, in order."""
    ids = [command.command_id for command in commands]

    async def is_handled() -> bool:
        query = "SELECT count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[]) AND status = 'accepted'"
        return bool(await secured.system.value(query, ids) == len(ids))

    await until(is_handled, "the commands are handled", seconds=60)
    rows = await secured.system.database.fetch(
        "SELECT partition, sequence FROM annals.events WHERE context = 'users' ORDER BY partition, sequence"
    )
    table = [(row["partition"], row["sequence"]) for row in rows]

    async def is_published() -> bool:
        return await logged(secured) == table

    await until(is_published, "the log is the table", seconds=60, every=0.5)


async def logged(secured: SecuredSystem) -> list[tuple[int, int]]:
    """Partition and sequence of each event in the log of users."""
    reader = LogReader(secured.owner)
    try:
        return [
            (partition, stated_sequence(record.headers))
            for partition in range(secured.owner.partitions)
            async for records in reader.records(secured.topic("users.events"), partition, 0)
            for record in records
        ]
    finally:
        await reader.stop()


def login_of(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in ("kafka_sasl_username", "kafka_sasl_password")}


async def test_to_write_the_log_keeps_the_events_and_publishes_them_later(secured: SecuredSystem) -> None:
    events_topic = secured.topic("users.events")
    rights = rights_of(Role.COMMAND, secured)
    health = Health()
    async with secured.user("hampered", without(rights, events_topic, Operation.WRITE)) as settings:
        worker = await secured.process("command", metrics_port=health.port, **login_of(settings))
        await health.ready()
        commands = create_users(20)
        secured.system.send(commands)
        missing = f"the right Write on topic {events_topic} is missing"
        await says(worker, f"{missing}; grant the user what its process needs: `annals topics acls` prints it")
        # It does not spin: each lane waits twice as long after each failure.
        await says(worker, "again_in_seconds=1.6")
        await health.not_ready(10)
        assert not await logged(secured)
        await secured.give("hampered", rights)
        await handled(secured, commands)
        await health.ready()
        await worker.stop()


async def test_that_was_taken_away_while_it_ran(secured: SecuredSystem) -> None:
    """Without any right it sees no topic: it must not take them for deleted."""
    rights, health = rights_of(Role.COMMAND, secured), Health()
    async with secured.user("robbed", rights) as settings:
        worker = await secured.process("command", metrics_port=health.port, **login_of(settings))
        await health.ready()
        before, after = create_users(5), create_users(5)
        secured.system.send(before)
        await handled(secured, before)
        await secured.take("robbed")
        await says(worker, "is missing; grant the user what its process needs")
        secured.system.send(after)
        await health.not_ready(60)
        await secured.give("robbed", rights)
        await handled(secured, after)
        await health.ready()
        assert not await secured.system.value("SELECT count(*) FROM annals.log_interruptions")
        await worker.stop()


async def test_to_see_its_topics_waits_for_it_before_it_begins(secured: SecuredSystem) -> None:
    health = Health()
    async with secured.user("blind", []) as settings:
        worker = await secured.process("projection", metrics_port=health.port, **login_of(settings))
        events = ", ".join(secured.topic(f"{name}.events") for name in sorted(contexts()))
        await says(worker, f"the right Describe on topics {events} is missing", times=2)
        assert "again_in_seconds=2.0" in worker.log()
        await health.not_ready(10)
        await secured.give("blind", rights_of(Role.PROJECTION, secured))
        await health.ready()
        await worker.stop()
