"""What an operator does with the servers of a schedule: `annals verify` and its repair, on the in-memory adapters.

The workers stand still meanwhile, so what a verification waits for does not come, and its waiting needs no time.
"""

from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from contracts.catalogue import stored_events
from infra.memory.clock import MemoryClock
from infra.memory.event_log import MemoryEventLog
from infra.memory.event_store import MemoryEventStore
from infra.memory.interventions import InterventionRows, MemoryInterventions
from infra.memory.read_models import MemoryReadModelWriter
from infra.memory.verification.documents import MemoryStoredDocuments
from infra.memory.verification.repair import MemoryRepairedTable
from infra.memory.verification.steps import memory_scratch
from infra.memory.verification.table import MemoryVerifiedTable
from infra.memory.verification.topics import MemoryTopicReader
from infra.memory.wire import ImmediateWire
from tests.simulation.commands import COMMANDS, EVENTS, PARTITIONS, TOPICS
from tests.simulation.counting import USERS
from tests.simulation.roles import Servers
from workers.core.context import Context
from workers.operations.interventions import Operator
from workers.operations.repair.run import repair
from workers.operations.repair.tools import RepairReport, RepairTools
from workers.operations.verification.findings import Verdict
from workers.operations.verification.run import verify
from workers.operations.verification.sources import Sources
from workers.ports.interventions import Reason
from workers.ports.verification.topics import WantedTopic

T = TypeVar("T")

CONTEXTS = {USERS.name: USERS}
WANTED_TOPICS = (
    *(WantedTopic(topic, PARTITIONS, {}) for topic in (COMMANDS, EVENTS, TOPICS.replies)),
    WantedTopic(TOPICS.dead_letters(COMMANDS), 1, {}),
)


def sources_of(servers: Servers, contexts: Mapping[str, Context] = CONTEXTS) -> Sources:
    """What a verification of these servers reads."""
    wire = ImmediateWire()
    return Sources(
        contexts=contexts,
        models=stored_events(),
        topics=TOPICS,
        partitions=PARTITIONS,
        wanted_topics=WANTED_TOPICS,
        table=MemoryVerifiedTable(servers.table, wire),
        topic_reader=MemoryTopicReader(servers.broker, wire),
        documents=MemoryStoredDocuments(servers.redis, wire),
        interventions=MemoryInterventions(InterventionRows(servers.table.now), wire),
        scratch_space=memory_scratch,
        clock=MemoryClock(),
    )


def verified(sources: Sources) -> Verdict:
    """The verdict on servers at rest."""
    return _run_at_once(verify(sources, _at_full_speed))


async def _at_full_speed(_: int) -> None:
    """No other process needs the servers."""


def _run_at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits, without an event loop. Raises RuntimeError when it does wait."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError(f"{coroutine} waits for something")


async def repaired(servers: Servers, verdict: Verdict, sources: Sources) -> Verdict:
    """Repair what the verdict names; the verdict of another verification."""
    wire, lines = ImmediateWire(), list[str]()
    event_log = MemoryEventLog(servers.broker, wire)
    tools = RepairTools(
        sources=sources,
        table=MemoryRepairedTable(servers.table, wire),
        event_store=MemoryEventStore(servers.table, wire),
        event_log=event_log,
        read_models=MemoryReadModelWriter(servers.redis, wire),
        operator=Operator(sources.interventions, "operator", Reason("the schedule is over")),
        report=RepairReport(lines.append),
    )
    try:
        return await repair(tools, verdict, lambda: verify(sources, _at_full_speed))
    finally:
        await event_log.stop()
