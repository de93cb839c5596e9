"""Opens what a repair writes to, beside what a verification reads."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from infra.kafka.event_log import KafkaEventLog
from infra.locating import located
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.interventions import PostgresInterventions
from infra.postgres.pool import Database
from infra.postgres.signing_keys import event_signatures
from infra.postgres.verification.repair import PostgresRepairedTable
from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.settings import Settings
from workers.operations.interventions import Operator
from workers.operations.repair.tools import RepairReport, RepairTools
from workers.operations.verification.sources import Sources
from workers.ports.interventions import Reason


@asynccontextmanager
async def open_repair_tools(
    settings: Settings, sources: Sources, writer: Database, actor: str, reason: Reason, say: Callable[[str], None]
) -> AsyncIterator[RepairTools]:
    """`writer` is an open database in the role `annals_audit`; `say` gets each line of the report. Raises
    StackNotRunning and Unavailable.
    """
    settings = located(settings)
    event_log = KafkaEventLog(settings, signed_by=event_signatures(writer))
    try:
        async with client(settings) as redis:
            yield RepairTools(
                sources=sources,
                table=PostgresRepairedTable(writer),
                event_store=PostgresEventStore(writer),
                event_log=event_log,
                read_models=RedisReadModelWriter(redis, Keys(settings.topic_prefix)),
                operator=Operator(PostgresInterventions(writer), actor, reason),
                report=RepairReport(say),
            )
    finally:
        await event_log.stop()
