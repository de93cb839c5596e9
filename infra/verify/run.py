"""One verification, while the system goes on or at rest.

What counts is what each lane's row said at the start: what comes later is not looked at, and what is still on its way
(an event not yet in the log, a document not yet written, a step not yet handled) gets a bounded time to arrive. Memory
does not grow with the length of the log: it is read in chunks, lane by lane and stream by stream.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from contracts.catalogue import catalogue
from contracts.message import Event
from contracts.topics import Topics
from infra.kafka.log_reader import LogReader
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.lists import listed
from infra.postgres.pool import Database
from infra.redis.documents import StoredDocuments
from workers.core.projection import Document, Projection
from workers.domain import contexts
from workers.lanes.sequenced import recorded_row
from workers.ports.read_models import Generation
from workers.verification.findings import Verdict
from workers.verification.lane import LaneComparison
from workers.verification.read_model import expected_entries, folded, report, version_gaps, wrong_documents

SETTLE_SECONDS = 15.0
LOOK_AGAIN_SECONDS = 0.5
STREAMS_AT_A_TIME = 500


class Sources(NamedTuple):
    """Where a verification reads."""

    database: Database
    log: LogReader
    documents: StoredDocuments
    topics: Topics


async def verify(sources: Sources, advance: Callable[[int], None]) -> Verdict:
    """Compare everything; `advance` hears of each chunk how many events it had. Raises Unavailable."""
    verdict = Verdict()
    lanes = await sources.database.rows("lane_sequences")
    for topic, partition, sequence in lanes:
        await _lane(sources, sources.topics.context_of(topic), partition, sequence, verdict, advance)
    await _steps(sources.database, verdict)
    for context in contexts().values():
        for projection in context.projections:
            await _read_model(sources, projection, verdict, advance)
    return verdict


async def _lane(
    sources: Sources, context: str, partition: int, until: int, verdict: Verdict, advance: Callable[[int], None]
) -> None:
    table = PostgresEventStore(sources.database)
    comparison = LaneComparison(context, partition, until, verdict)
    verdict.saw("lanes")
    next_offset, deadline = 0, time.monotonic() + SETTLE_SECONDS
    while not comparison.done:
        async for records in sources.log.records(sources.topics.events(context), partition, next_offset):
            next_offset = records[-1].offset + 1
            deadline = time.monotonic() + SETTLE_SECONDS
            ahead = comparison.following(records)
            if ahead:
                reach = ahead[-1][1].sequence - comparison.position
                rows = await table.events_after(context, partition, comparison.position, reach)
                comparison.compare(ahead, {row.sequence: row for row in rows})
                for row in await sources.database.rows("not_accepted", listed([row.command_id for row in rows])):
                    verdict.found("event without command", f"{context} {partition}", f"command {row['command_id']}")
                advance(len(ahead))
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(0 if comparison.done else LOOK_AGAIN_SECONDS)
    comparison.end()


async def _steps(database: Database, verdict: Verdict) -> None:
    for saga, instance_id, step, command_id in await _settled_steps(database):
        verdict.found("saga step without outcome", f"{saga} {instance_id} {step}", f"command {command_id}")


async def _settled_steps(database: Database) -> list[tuple[str, str, str, str]]:
    """The steps that have no outcome even after the time that they get."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while rows := await database.rows("steps_without_outcome"):
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    return [tuple(row) for row in rows]


async def _positions(sources: Sources, context: str) -> dict[int, int]:
    """The last sequence of each of a context's lanes, now."""
    topic = sources.topics.commands(context)
    rows = await sources.database.rows("lane_sequences")
    return {row["partition"]: row["sequence"] for row in rows if row["topic"] == topic}


async def _read_model(
    sources: Sources, projection: Projection, verdict: Verdict, advance: Callable[[int], None]
) -> None:
    context, models = projection.context, catalogue().events
    at_start = await _positions(sources, context)
    generation = await sources.documents.live(projection.name)
    await _caught_up(sources.documents, generation, sources.topics.events(context), at_start, verdict)
    entry_count = 0
    last = ""
    while found := await sources.database.rows("streams_after", context, last, STREAMS_AT_A_TIME):
        stream_ids = [row["stream_id"] for row in found]
        last = stream_ids[-1]
        entry_count += await _streams(sources, projection, generation, stream_ids, models, verdict)
        advance(len(stream_ids))
    stored_entries = await sources.documents.entry_count(generation, projection)
    if await _positions(sources, context) != at_start:
        return  # streams that came meanwhile have entries too: the sums say nothing
    if verdict.content and stored_entries != entry_count:
        explanation = f"{stored_entries} entries in the indexes, {entry_count} by the documents"
        verdict.found("index entries too many or too few", projection.name, explanation)


async def _streams(
    sources: Sources,
    projection: Projection,
    generation: Generation,
    stream_ids: list[str],
    models: Mapping[str, type[Event]],
    verdict: Verdict,
) -> int:
    """Compare the documents of some streams and their index entries; returns how many entries they must have.

    What differs is looked at again, events and document anew, until it agrees or has had its time.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    expected: dict[str, Document] = {}
    gaps: set[str] = set()
    looking = stream_ids
    while True:
        rows = await PostgresEventStore(sources.database).streams(projection.context, looking)
        gaps.update(version_gaps(rows))
        again = folded(projection, (recorded_row(row, models) for row in rows))
        expected = {each: document for each, document in expected.items() if each not in looking} | again
        wrong = wrong_documents(looking, again, await sources.documents.documents(generation, looking))
        right = {each: document for each, document in again.items() if each not in wrong}
        missing = await sources.documents.missing_entries(generation, expected_entries(projection, right))
        looking = sorted({*wrong, *(document_id for _, document_id in missing)})
        if not looking or time.monotonic() > deadline:
            break
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    verdict.saw(f"streams compared with the documents of {projection.name}", len(stream_ids))
    report(projection, wrong, expected, verdict)
    for index, document_id in missing:
        verdict.found("index entry missing", f"{projection.name} {index.name} {index.key}", f"of {document_id}")
    for place in sorted(gaps):
        verdict.found("gap before a stream version", place, "versions must follow one another")
    return len(expected_entries(projection, expected))


async def _caught_up(
    documents: StoredDocuments, generation: Generation, topic: str, wanted: Mapping[int, int], verdict: Verdict
) -> None:
    """Wait, while there is progress, until the read model has every event that we look at."""
    for partition, sequence in wanted.items():
        deadline, before = time.monotonic() + SETTLE_SECONDS, -1
        while (reached := await documents.reached(generation, topic, partition)) < sequence:
            if reached > before:
                deadline, before = time.monotonic() + SETTLE_SECONDS, reached
            if time.monotonic() > deadline:
                explanation = f"stands at {reached} of {sequence}; is a projection worker running?"
                verdict.found("read model behind", f"{generation.projection} {topic}/{partition}", explanation)
                break
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
