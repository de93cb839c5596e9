"""Where the lanes of the sagas stand at one moment, and what waits there."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from infra.postgres.session import read_transaction
from infra.verify.settling import Patience
from infra.verify.sources import Sources
from workers.ports.sagas import Following
from workers.verification.findings import Verdict, What
from workers.verification.saga_journal import Lane


class Moment(NamedTuple):
    """How far each lane is in the log (`reached`), how many steps it has, the first version that waits of each parked
    stream: (saga, context, stream id), and behind which event of a lane a saga began to follow a type of event.
    """

    reached: Mapping[Lane, int]
    steps: Mapping[Lane, int]
    waiting: Mapping[tuple[str, str, str], int]
    beginnings: Mapping[tuple[Lane, Following], int]


async def moment(sources: Sources, contexts: Sequence[str]) -> Moment:
    """All of it as of one moment. Raises Unavailable."""
    reached: dict[Lane, int] = {}
    steps: dict[Lane, int] = {}
    waiting: dict[tuple[str, str, str], int] = {}
    beginnings: dict[tuple[Lane, Following], int] = {}
    async with read_transaction(sources.database) as session:
        for context in contexts:
            topic = sources.topics.events(context)
            for row in await session.rows("saga_lanes", topic):
                reached[context, row["partition"]] = row["input_sequence"]
                steps[context, row["partition"]] = row["sequence"]
            for row in await session.rows("parked_of_topic", topic):
                waiting[row["saga"], context, row["stream_id"]] = row["stream_version"]
            for row in await session.rows("saga_beginnings", topic):
                following = Following(row["saga"], row["event_type"])
                beginnings[(context, row["partition"]), following] = row["after_sequence"]
    return Moment(reached, steps, waiting, beginnings)


async def caught_up(sources: Sources, contexts: Sequence[str], verdict: Verdict) -> frozenset[Lane]:
    """Wait, while there is progress, until the sagas have every event that there was at the start.

    Returns the lanes that have not come so far, each a finding. Raises Unavailable.
    """
    wanted = {
        (context, partition): last
        for context in contexts
        for partition, last in (await sources.reached(context)).items()
    }
    patience, before = Patience(), -1
    while True:
        reached = (await moment(sources, contexts)).reached
        behind = {lane: last for lane, last in wanted.items() if reached.get(lane, 0) < last}
        if sum(reached.values()) > before:
            before = sum(reached.values())
            patience.moved()
        if not behind or not await patience.waits():
            break
    for lane, last in behind.items():
        explanation = f"stands at {reached.get(lane, 0)} of {last}; is a saga worker running?"
        verdict.found(What.SAGA_BEHIND, f"{sources.topics.events(lane[0])}/{lane[1]}", explanation)
    return frozenset(behind)
