"""The audit role: verifies again and again, and counts what waits for a person.

Only the audit process imports this module, because its metrics belong to no other role.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from contracts.topics import Topics
from infra.contexts import chosen_contexts
from infra.kafka.log_reader import LogReader
from infra.monotonic_clock import MonotonicClock
from infra.postgres.address import database_url
from infra.postgres.dead_letters import PostgresDeadLetterTable
from infra.postgres.interventions import PostgresInterventions
from infra.postgres.roles import AUDIT
from infra.postgres.standing_by import Turn
from infra.processes.parked_streams import open_parked_streams
from infra.processes.resources import database_for
from infra.processes.verification import open_sources
from infra.settings import Settings
from workers.operations.audit.host import AuditHost
from workers.operations.audit.ports import AuditPorts, Pace, VerificationResult
from workers.operations.dead_letters.open_letters import OpenLetters
from workers.operations.verification.findings import FindingKind
from workers.operations.verification.run import verify
from workers.operations.verification.sources import Sources

READER_CONNECTIONS = 3
TURN_NUMBER = 0x6175646974
"""The number of the advisory lock: "audit"."""


@asynccontextmanager
async def audit_hosts(settings: Settings) -> AsyncIterator[list[AuditHost]]:
    """The host of the audit, for located settings. It connects as it runs: no server need be there yet."""
    database = database_for(settings, role=AUDIT, connections=READER_CONNECTIONS, writes=False)
    # A reader of its own: dead letters are read while a verification reads the log.
    log = LogReader(settings)
    topics = Topics(settings.topic_prefix)
    table, interventions = PostgresDeadLetterTable(database), PostgresInterventions(database)
    letters = OpenLetters(log, table, interventions, [topics.commands(name) for name in chosen_contexts(settings)])
    try:
        async with open_sources(settings, database) as sources, open_parked_streams(settings, database) as parked:
            ports = AuditPorts(
                connect=database.open,
                now=database.now,
                turn=Turn(database_url(settings), TURN_NUMBER),
                verify=partial(_verify, sources),
                parked=parked,
                letters=letters,
            )
            yield [AuditHost(ports, MonotonicClock(), settings.audit_interval_seconds)]
    finally:
        await log.stop()
        await database.close()


async def _verify(sources: Sources, pace: Pace) -> VerificationResult:
    verdict = await verify(sources, pace)
    return VerificationResult(verdict.passes, {kind.value: verdict.counts.get(kind.value, 0) for kind in FindingKind})
