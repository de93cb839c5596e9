"""Lanes that say that they have numbered less than there is: whoever takes one over gives those numbers out again.

A commit writes a lane's row together with what it numbers, so the row, which is asked last, is never behind.
"""

from collections.abc import Iterable, Mapping

from workers.operations.verification.findings import FindingKind, Verdict
from workers.operations.verification.sources import Sources


async def report_lanes_set_back(sources: Sources, context: str, verdict: Verdict) -> None:
    """Report the lanes of a context's commands that have events behind their last sequence. Raises Unavailable."""
    recorded = await sources.table.recorded_ends(context)
    _report(sources.topics.commands(context), recorded, await sources.said_sequences(context), "events", verdict)


async def report_saga_lanes_set_back(sources: Sources, contexts: Iterable[str], verdict: Verdict) -> None:
    """Report the lanes of sagas that have steps behind their last position. Raises Unavailable."""
    for topic in map(sources.topics.events, contexts):
        sent = await sources.table.outbox_ends(topic)
        async with sources.table.read_transaction() as transaction:
            said = {lane.partition: lane.position for lane in await transaction.saga_lane_positions(topic)}
        _report(topic, sent, said, "steps", verdict)


def _report(topic: str, ends: Mapping[int, int], said: Mapping[int, int], things: str, verdict: Verdict) -> None:
    for partition, end in sorted(ends.items()):
        sequence = said.get(partition, 0)
        if sequence < end:
            explanation = f"its row says {sequence}, its {things} reach {end}: those numbers would be given out again"
            verdict.report(FindingKind.LANE_SET_BACK, f"{topic}/{partition}", explanation)
