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
from infra.postgres.pool import Database
from infra.redis.documents import StoredDocuments
from workers.core.projection import Document, Projection
from workers.domain import contexts
from workers.lanes.sequenced import recorded_row
from workers.verification.findings import Verdict
from workers.verification.lane import LaneComparison
from workers.verification.read_model import expected_entries, folded, report, wrong_documents

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
    await _table(sources.database, verdict)
    for context in contexts().values():
        commands = sources.topics.commands(context.name)
        wanted = {row["partition"]: row["sequence"] for row in lanes if row["topic"] == commands}
        for projection in context.projections:
            await _read_model(sources, projection, wanted, verdict, advance)
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
                advance(len(ahead))
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(0 if comparison.done else LOOK_AGAIN_SECONDS)
    comparison.end()


async def _table(database: Database, verdict: Verdict) -> None:
    for what, context, place, at in await database.rows("broken_sequences"):
        verdict.found(f"gap before a {what}", f"{context} {place}/{at}", "numbers must follow one another")
    for context, partition, sequence, command_id in await database.rows("events_without_command"):
        verdict.found("event without command", f"{context} {partition}/{sequence}", f"command {command_id}")
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


async def _read_model(
    sources: Sources,
    projection: Projection,
    wanted: Mapping[int, int],
    verdict: Verdict,
    advance: Callable[[int], None],
) -> None:
    topic = sources.topics.events(projection.context)
    await _caught_up(sources.documents, projection.name, topic, wanted, verdict)
    models = catalogue().events
    entry_count = 0
    last = ""
    while found := await sources.database.rows("streams_after", projection.context, last, STREAMS_AT_A_TIME):
        stream_ids = [row["stream_id"] for row in found]
        last = stream_ids[-1]
        entry_count += await _streams(sources, projection, stream_ids, models, verdict)
        advance(len(stream_ids))
    stored_entries = await sources.documents.entry_count(projection)
    if verdict.content and stored_entries != entry_count:
        explanation = f"{stored_entries} entries in the indexes, {entry_count} by the documents"
        verdict.found("index entries too many or too few", projection.name, explanation)


async def _streams(
    sources: Sources, projection: Projection, stream_ids: list[str], models: Mapping[str, type[Event]], verdict: Verdict
) -> int:
    """Compare the documents of some streams; returns how many index entries they must have."""
    deadline = time.monotonic() + SETTLE_SECONDS
    expected: dict[str, Document] = {}
    wrong = stream_ids
    while True:
        rows = await PostgresEventStore(sources.database).streams(projection.context, wrong)
        again = folded(projection, (recorded_row(row, models) for row in rows))
        expected = {each: card for each, card in expected.items() if each not in wrong} | again
        wrong = wrong_documents(wrong, again, await sources.documents.documents(projection.name, wrong))
        if not wrong or time.monotonic() > deadline:
            break
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    verdict.saw(f"streams compared with the documents of {projection.name}", len(stream_ids))
    report(projection, wrong, expected, verdict)
    entries = expected_entries(projection, expected)
    for index, document_id in await sources.documents.missing_entries(projection, entries):
        verdict.found("index entry missing", f"{projection.name} {index.name} {index.key}", f"of {document_id}")
    return len(entries)


async def _caught_up(
    documents: StoredDocuments, projection: str, topic: str, wanted: Mapping[int, int], verdict: Verdict
) -> None:
    """Wait, while there is progress, until the read model has every event that we look at."""
    for partition, sequence in wanted.items():
        deadline, before = time.monotonic() + SETTLE_SECONDS, -1
        while (reached := await documents.reached(projection, topic, partition)) < sequence:
            if reached > before:
                deadline, before = time.monotonic() + SETTLE_SECONDS, reached
            if time.monotonic() > deadline:
                explanation = f"stands at {reached} of {sequence}; is a projection worker running?"
                verdict.found("read model behind", f"{projection} {topic}/{partition}", explanation)
                break
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
