"""How far the lanes of the sagas have come at one moment, and which streams are parked there."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from workers.operations.verification.findings import FindingKind, Verdict
from workers.operations.verification.sources import Sources
from workers.ports.sagas import Following
from workers.ports.verification.steps import SagaLane


class LanePositions(NamedTuple):
    """For each lane the last sequence of the log that it has handled (`handled`) and the number of its steps (`steps`);
    for each parked stream, by saga, context and stream id, the first version that waits (`parked`); and behind which
    sequence of a lane a saga began to follow a type of event (`beginnings`).
    """

    handled: Mapping[SagaLane, int]
    steps: Mapping[SagaLane, int]
    parked: Mapping[tuple[str, str, str], int]
    beginnings: Mapping[tuple[SagaLane, Following], int]


async def lane_positions(sources: Sources, contexts: Sequence[str]) -> LanePositions:
    """All of it as of one moment. Raises Unavailable."""
    handled: dict[SagaLane, int] = {}
    steps: dict[SagaLane, int] = {}
    parked: dict[tuple[str, str, str], int] = {}
    beginnings: dict[tuple[SagaLane, Following], int] = {}
    async with sources.table.read_transaction() as transaction:
        for context in contexts:
            topic = sources.topics.events(context)
            for position in await transaction.saga_lane_positions(topic):
                handled[context, position.partition] = position.input_sequence
                steps[context, position.partition] = position.position
            for _, stream in await transaction.streams_parked_by_sagas(topic):
                parked[stream.follower, context, stream.stream_id] = stream.stream_version
            for beginning in await transaction.saga_beginnings(topic):
                beginnings[(context, beginning.partition), beginning.following] = beginning.after_sequence
    return LanePositions(handled, steps, parked, beginnings)


async def lanes_behind(sources: Sources, contexts: Sequence[str], verdict: Verdict) -> frozenset[SagaLane]:
    """Wait, while there is progress, until the sagas have handled every event that there was at the start.

    Returns the lanes that have not come so far, each a finding. Raises Unavailable.
    """
    wanted = {
        (context, partition): last
        for context in contexts
        for partition, last in (await sources.last_sequences(context)).items()
    }
    timer, handled_before = sources.settle_timer(), -1
    while True:
        handled = (await lane_positions(sources, contexts)).handled
        behind = {lane: last for lane, last in wanted.items() if handled.get(lane, 0) < last}
        if sum(handled.values()) > handled_before:
            handled_before = sum(handled.values())
            timer.progress()
        if not behind or not await timer.wait():
            break
    for lane, last in behind.items():
        explanation = f"stands at {handled.get(lane, 0)} of {last}; is a saga worker running?"
        verdict.report(FindingKind.SAGA_BEHIND, f"{sources.topics.events(lane[0])}/{lane[1]}", explanation)
    return frozenset(behind)


async def report_lanes_ahead(sources: Sources, contexts: Sequence[str], verdict: Verdict) -> None:
    """Report the lanes that say that they have handled more than the table has. The table is asked last, so it is never
    behind. Raises Unavailable.
    """
    handled = (await lane_positions(sources, contexts)).handled
    ends = {context: await sources.last_sequences(context) for context in contexts}
    for (context, partition), sequence in handled.items():
        last = ends[context].get(partition, 0)
        if sequence > last:
            explanation = f"stands at {sequence}, the table at {last}: it would pass over new events as repeats"
            verdict.report(FindingKind.SAGA_AHEAD, f"{sources.topics.events(context)}/{partition}", explanation)
