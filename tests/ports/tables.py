"""The table as its adapters and an onlooker see it: the real one, and its twin."""

import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from infra.memory.event_store import MemoryEventStore
from infra.memory.saga_store import MemorySagaStore
from infra.memory.table import Table
from infra.memory.verification.repair import MemoryRepairedTable
from infra.memory.verification.table import MemoryVerifiedTable
from infra.memory.waiting_lanes import MemoryWaitingLanes
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.saga_store import PostgresSagaStore
from infra.postgres.verification.repair import PostgresRepairedTable
from infra.postgres.verification.table import PostgresVerifiedTable
from infra.postgres.waiting_lanes import PostgresWaitingLanes
from infra.settings import Settings
from tests.ports.lines import Line, LossyWire, lossy_proxy
from workers.ports.lanes import LaneKey
from workers.ports.sagas import Following
from workers.ports.verification.repair import RepairedTable
from workers.ports.verification.table import VerifiedTable
from workers.ports.waiting_lanes import WaitingLanes

TABLES = (
    "lanes",
    "events",
    "commands",
    "unique_claims",
    "credentials",
    "snapshots",
    "sagas",
    "saga_beginnings",
    "saga_journal",
    "saga_outbox",
    "deadlines",
    "step_rejections",
    "unchanged_steps",
    "parked_streams",
)

EventStores = PostgresEventStore | MemoryEventStore
SagaStores = PostgresSagaStore | MemorySagaStore


@dataclass(frozen=True)
class Tables:
    """The adapters of one process and what an onlooker sees. `request` is what an operator does."""

    store: EventStores
    sagas: SagaStores
    verified: VerifiedTable
    repaired: RepairedTable
    line: Line
    contents: Callable[[], Awaitable[Any]]
    unique_claims: Callable[[], Awaitable[dict[tuple[str, str], str]]]
    secrets: Callable[[], Awaitable[dict[str, str]]]
    owners: Callable[[], Awaitable[dict[str, str | None]]]
    statuses: Callable[[], Awaitable[dict[str, str]]]
    beginnings: Callable[[], Awaitable[dict[tuple[LaneKey, Following], int]]]
    request: Callable[[LaneKey, str, str, Any], Awaitable[None]]
    waiting_lanes: WaitingLanes


def tables_in_memory() -> Tables:
    """The twins on a table of their own."""
    table, wire = Table(lambda: datetime.now(UTC)), LossyWire()

    async def contents() -> Any:
        return copy.deepcopy({name: value for name, value in vars(table).items() if name != "now"})

    async def unique_claims() -> dict[tuple[str, str], str]:
        return {(context, key): stream for (context, _, key), stream in table.unique_claims.items()}

    async def secrets() -> dict[str, str]:
        return {stream_id: secret for (_, stream_id), secret in table.credentials.items()}

    async def owners() -> dict[str, str | None]:
        return {str(lane): row.owner for lane, row in table.lanes.items()}

    async def statuses() -> dict[str, str]:
        return {key.instance_id: row.status for key, row in table.sagas.items()}

    async def beginnings() -> dict[tuple[LaneKey, Following], int]:
        return dict(table.beginnings)

    async def request(lane: LaneKey, saga: str, stream_id: str, action: Any) -> None:
        table.request(lane, saga, stream_id, action)

    store, sagas = MemoryEventStore(table, wire), MemorySagaStore(table, wire)
    verified, repaired = MemoryVerifiedTable(table, wire), MemoryRepairedTable(table, wire)
    return Tables(
        store,
        sagas,
        verified,
        repaired,
        wire,
        contents,
        unique_claims,
        secrets,
        owners,
        statuses,
        beginnings,
        request,
        MemoryWaitingLanes(table, wire),
    )


@asynccontextmanager
async def tables_in_postgres(settings: Settings) -> AsyncIterator[Tables]:
    """The real adapters on a migrated database of their own, over a line that may lose what it carries."""
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    await migrate(url)
    async with AsyncExitStack() as cleanup:
        onlooker: Any = await asyncpg.connect(url, timeout=10)
        cleanup.push_async_callback(onlooker.close, timeout=10)
        parts = urlsplit(url)
        proxy = await cleanup.enter_async_context(lossy_proxy(parts.port or 5432))
        account = parts.netloc.rpartition("@")[0]
        through = urlunsplit(parts._replace(netloc=f"{account}@127.0.0.1:{proxy.port}"))
        database = Database(through, role="annals_writer", connections=4)
        await database.open()
        cleanup.push_async_callback(database.close)

        async def contents() -> Any:
            queries = {name: f"SELECT * FROM annals.{name} ORDER BY 1, 2, 3" for name in TABLES}  # noqa: S608
            return {name: [tuple(row) for row in await onlooker.fetch(query)] for name, query in queries.items()}

        async def pairs(query: str) -> dict[Any, Any]:
            return dict(tuple(row) for row in await onlooker.fetch(query))

        async def unique_claims() -> dict[tuple[str, str], str]:
            rows = await onlooker.fetch("SELECT context, key, stream_id FROM annals.unique_claims")
            return {(row["context"], row["key"]): row["stream_id"] for row in rows}

        async def beginnings() -> dict[tuple[LaneKey, Following], int]:
            rows = await onlooker.fetch(
                "SELECT topic, partition, saga, event_type, after_sequence FROM annals.saga_beginnings"
            )
            return {(LaneKey("saga", *row[:2]), Following(*row[2:4])): row[4] for row in rows}

        async def request(lane: LaneKey, saga: str, stream_id: str, action: Any) -> None:
            await onlooker.execute(
                "UPDATE annals.parked_streams SET requested_action = $1"
                " WHERE topic = $2 AND partition = $3 AND saga = $4 AND stream_id = $5",
                *(action, lane.topic, lane.partition, saga, stream_id),
            )

        yield Tables(
            PostgresEventStore(database),
            PostgresSagaStore(database),
            PostgresVerifiedTable(database),
            PostgresRepairedTable(database),
            proxy,
            contents,
            unique_claims,
            lambda: pairs("SELECT stream_id, secret FROM annals.credentials"),
            lambda: pairs("SELECT role || ':' || topic || '/' || partition, owner FROM annals.lanes"),
            lambda: pairs("SELECT instance_id, status FROM annals.sagas"),
            beginnings,
            request,
            PostgresWaitingLanes(database),
        )


async def held(tables: Tables) -> dict[str, str]:
    """Who holds which key of the users."""
    return {
        key: stream_id for (context, key), stream_id in (await tables.unique_claims()).items() if context == "users"
    }
