"""Streams that wait because the code of a projection or a saga cannot take their next event: both stores."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from contracts.envelope import rfc3339
from infra.verify.sources import Sources
from workers.domain import contexts
from workers.ports.parked import ParkedStream
from workers.verification.findings import Verdict, What


class Waiting(NamedTuple):
    """A parked stream, and the topic whose events it waits for."""

    topic: str
    stream: ParkedStream


async def parked_streams(sources: Sources) -> AsyncIterator[Waiting]:
    """All parked streams of the live read models and of the sagas. Raises Unavailable."""
    for context in contexts().values():
        topic = sources.topics.events(context.name)
        for projection in context.projections:
            generation = await sources.documents.live(projection.name)
            for partition in range(sources.partitions):
                for stream in await sources.documents.parked(generation, topic, partition):
                    yield Waiting(topic, stream)
        for row in await sources.database.rows("parked_of_topic", topic):
            yield Waiting(topic, ParkedStream(*(*row[1:8], rfc3339(row[8]))))


async def report_parked(sources: Sources, verdict: Verdict) -> None:
    """Each parked stream is a finding: it is behind until somebody mends the code."""
    async for _, stream in parked_streams(sources):
        where = f"{stream.follower} {stream.stream_id}@{stream.stream_version}"
        explanation = f"since {stream.recorded_at}, {stream.attempts} attempts at {stream.event_type}: {stream.error}"
        verdict.found(What.PARKED, where, explanation)
