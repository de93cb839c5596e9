"""Streams that are parked, because the code of a projection or a saga could not apply their next event: both stores."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from workers.operations.verification.findings import FindingKind, Verdict
from workers.operations.verification.sources import Sources
from workers.ports.parked import ParkedStream
from workers.ports.sections import lane_topic


class ParkedInTopic(NamedTuple):
    """A parked stream, and the topic of its events."""

    topic: str
    stream: ParkedStream


async def parked_streams(sources: Sources) -> AsyncIterator[ParkedInTopic]:
    """All parked streams of the live read models and of the sagas. Raises Unavailable."""
    for context in sources.contexts.values():
        topic = sources.topics.events(context.name)
        for projection in context.projections:
            generation = await sources.documents.live(projection.name)
            for section, followed in projection.fed_by():
                lanes = lane_topic(sources.topics.events(followed), section)
                for partition in range(sources.partitions):
                    for stream in await sources.documents.parked(generation, lanes, partition):
                        yield ParkedInTopic(sources.topics.events(followed), stream)
        for _, stream in await sources.table.streams_parked_by_sagas(topic):
            yield ParkedInTopic(topic, stream)


async def report_parked(sources: Sources, verdict: Verdict) -> None:
    """Report each parked stream: it is behind until the code is corrected. Raises Unavailable."""
    async for _, stream in parked_streams(sources):
        where = f"{stream.follower} {stream.stream_id}@{stream.stream_version}"
        explanation = f"since {stream.recorded_at}, {stream.attempts} attempts at {stream.event_type}: {stream.error}"
        verdict.report(FindingKind.PARKED, where, explanation)
