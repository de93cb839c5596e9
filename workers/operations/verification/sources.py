"""What a verification reads, and how it is slowed down."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from contracts.stored_events import StoredEvents
from contracts.topics import Topics
from workers.core.context import Context
from workers.operations.verification.settle_timer import SETTLE_SECONDS, SettleTimer
from workers.ports.clock import WaitingClock
from workers.ports.interventions import Interventions
from workers.ports.verification.documents import StoredDocuments
from workers.ports.verification.steps import ScratchSpace
from workers.ports.verification.table import VerifiedTable
from workers.ports.verification.topics import TopicReader, WantedTopic

Pace = Callable[[int], Awaitable[None]]
"""Called after each chunk with the number of events or streams in it: shows progress, or slows down by waiting."""


class Sources(NamedTuple):
    """What a verification reads: the installation's contexts, by name, and its servers.

    `models` are the installation's events by their type on the wire; `partitions` is its number of partitions;
    `wanted_topics` are its topics as they should be. `settle_seconds`: how long what is on its way may take.
    """

    contexts: Mapping[str, Context]
    models: StoredEvents
    topics: Topics
    partitions: int
    wanted_topics: Sequence[WantedTopic]
    table: VerifiedTable
    topic_reader: TopicReader
    documents: StoredDocuments
    interventions: Interventions
    scratch_space: ScratchSpace
    clock: WaitingClock
    settle_seconds: float = SETTLE_SECONDS

    def settle_timer(self) -> SettleTimer:
        """A timer for one comparison."""
        return SettleTimer(self.clock, self.settle_seconds)

    async def last_sequences(self, context: str) -> dict[int, int]:
        """The last sequence of each of a context's lanes, now, by partition: what its row says, or more if it has later
        events. Raises Unavailable.
        """
        ends = dict(await self.table.recorded_ends(context))
        for partition, sequence in (await self.said_sequences(context)).items():
            ends[partition] = max(sequence, ends.get(partition, 0))
        return ends

    async def said_sequences(self, context: str) -> dict[int, int]:
        """The last sequence of each of a context's lanes as its row says, now, by partition. Raises Unavailable."""
        topic = self.topics.commands(context)
        return {lane.partition: lane.sequence for lane in await self.table.lane_sequences() if lane.topic == topic}
