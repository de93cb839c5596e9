"""What the audit role speaks to: everything that a verification reads, and the dead letters."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.topics import Topics
from infra.audit.host import TURN_NUMBER, AuditHost
from infra.kafka.log_reader import LogReader
from infra.postgres.dead_letters import PostgresDeadLetterTable
from infra.postgres.interventions import PostgresInterventions
from infra.postgres.pool import Database
from infra.postgres.standing_by import Turn
from infra.settings import Settings
from infra.verify.opening import open_sources
from workers.domain import contexts
from workers.operations.dead_letters.open_letters import OpenLetters

READER_CONNECTIONS = 3


@asynccontextmanager
async def audit_hosts(settings: Settings) -> AsyncIterator[list[AuditHost]]:
    """The audit role, for located settings. It connects as it runs: no server need be there yet."""
    assert settings.database_url is not None, "settings must be located first"
    url, topics = settings.database_url.get_secret_value(), Topics(settings.topic_prefix)
    database = Database(url, role="annals_reader", connections=READER_CONNECTIONS)
    # A reader of its own: letters are looked at while a run reads the log.
    log = LogReader(settings)
    letters = OpenLetters(
        log,
        PostgresDeadLetterTable(database),
        PostgresInterventions(database),
        [topics.commands(name) for name in contexts()],
    )
    try:
        async with open_sources(settings, database) as sources:
            turn = Turn(url, TURN_NUMBER)
            yield [AuditHost(database, turn, sources, letters, settings.audit_interval_seconds)]
    finally:
        await log.stop()
        await database.close()
