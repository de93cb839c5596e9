"""Snapshots that this code would use are compared with their streams, and those that differ can be removed."""

from collections.abc import Sequence
from typing import Any, cast

from contracts.catalogue import stored_events
from contracts.users.commands import UpdateUser
from contracts.users.examples import CREATE_ADA
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.verification.repair import PostgresRepairedTable
from infra.postgres.verification.table import PostgresVerifiedTable
from infra.settings import Settings
from tests.postgres.watched import Watched
from tests.verification.reading import in_no_hurry, sources_with
from workers.command.snapshots import Snapshots
from workers.domain import contexts
from workers.operations.repair.snapshots import remove_snapshot
from workers.operations.repair.tools import RepairReport, RepairTools
from workers.operations.verification.findings import FindingKind, Verdict, WrongSnapshot
from workers.operations.verification.snapshots import compare_snapshots

USERS = contexts()["users"]
COMPARED = "snapshots of users compared with the streams"
OTHERS = "snapshots of users taken by other code, which no worker reads"


async def compared(database: Database) -> Verdict:
    verdict = Verdict()
    sources = sources_with(table=PostgresVerifiedTable(database))
    await compare_snapshots(sources, USERS, verdict, in_no_hurry)
    return verdict


async def streams_with_snapshots(database: Database, names: Sequence[str]) -> None:
    """A stream of six events under each name, with a snapshot after the fifth."""
    store = Watched(database, snapshot_interval_events=5)
    for name in names:
        created = CREATE_ADA.model_copy(update={"user_id": name, "email": f"{name}@example.org"})
        moves = [UpdateUser(user_id=name, city=city) for city in ("Turin", "Milan", "Rome", "Pisa")]
        await store.handle(created, *moves)
        await store.handle(UpdateUser(user_id=name, city="Bari"))


async def test_pass_until_one_is_changed_and_again_when_it_is_gone(settings: Settings) -> None:
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    await migrate(url)
    reader, owner = Database(url, role="annals_reader", connections=1), Database(url, role=None, connections=1)
    writer = Database(url, role="annals_writer", connections=2)
    for database in (reader, owner, writer):
        await database.open()
    try:
        names = ["garbled", "good", "forged", "moved", "beyond", "old"]
        await streams_with_snapshots(writer, names)
        verdict = await compared(reader)
        assert (verdict.counts, verdict.looked_at) == ({}, {COMPARED: 6})

        await spoil(owner)
        verdict = await compared(reader)
        assert verdict.looked_at == {COMPARED: 5, OTHERS: 1}
        assert {(example.what, example.where, example.explanation) for example in verdict.examples} == {
            (FindingKind.SNAPSHOT_DIFFERS, "users garbled@5", "it is not as it was written"),
            (FindingKind.SNAPSHOT_DIFFERS, "users forged@5", "the events lead to another state"),
            (FindingKind.SNAPSHOT_DIFFERS, "users moved@4", "it is not as it was written"),
            (FindingKind.SNAPSHOT_DIFFERS, "users beyond@7", "it stands behind an event that is not there"),
        }
        lines: list[str] = []
        nothing: Any = None
        sources = sources_with(table=PostgresVerifiedTable(reader))
        table, report = PostgresRepairedTable(writer), RepairReport(lines.append)
        tools = RepairTools(sources, table, nothing, nothing, nothing, nothing, report)
        for target in verdict.targets:
            await remove_snapshot(tools, cast(WrongSnapshot, target))
        assert sorted(lines) == sorted(
            f"snapshot removed: of users {name}" for name in names if name not in ("good", "old")
        )
        verdict = await compared(reader)
        assert (verdict.counts, verdict.looked_at) == ({}, {COMPARED: 1, OTHERS: 1})
    finally:
        for database in (reader, owner, writer):
            await database.close()


async def spoil(owner: Database) -> None:
    """Each snapshot in its own way; the forged one by a writer who knows the format."""
    snapshots = Snapshots("users", USERS.decider, stored_events())
    state = b'["alive","Eve","Eve","eve@example.org",null,false]'
    async with owner.connection() as connection:
        event_id = await connection.fetchval(
            "SELECT event_id::text FROM annals.events WHERE stream_id = 'forged' AND stream_version = 5"
        )
        await connection.execute(
            "UPDATE annals.snapshots SET state = $1, digest = $2 WHERE stream_id = 'forged'",
            *(state.decode(), snapshots._digest("forged", 5, event_id, state)),
        )
        for name, change in {
            "garbled": "state = '{}'",
            "moved": "stream_version = 4",
            "beyond": "stream_version = 7",
            "old": "fingerprint = 'of another day'",
        }.items():
            await connection.execute(f"UPDATE annals.snapshots SET {change} WHERE stream_id = $1", name)  # noqa: S608
