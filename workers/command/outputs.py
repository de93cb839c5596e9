"""Checks the topics that a command lane writes to: their number of partitions, and whether they were recreated."""

from collections.abc import Mapping

import structlog

from workers import telemetry
from workers.ports.lanes import LaneGrant, LaneKey
from workers.ports.log import EventLog, TopicMisfit, TopicState

log = structlog.get_logger(__name__)


class LaneOutputs:
    """The event topic and the replies topic of a lane. Both must have `partitions` partitions, as the commands have."""

    def __init__(self, lane: LaneKey, events: str, replies: str, partitions: int, event_log: EventLog) -> None:
        self._lane = lane
        self._events = events
        self._replies = replies
        self._partitions = partitions
        self._log = event_log

    async def events_topic(self) -> TopicState:
        """The event topic as it is now. Raises TopicMisfit if one of the two has another number of partitions, or
        Unavailable.
        """
        await self._checked(self._replies)
        return await self._checked(self._events)

    def are_unchanged(self, states: Mapping[str, TopicState], events_topic_id: str) -> bool:
        """Whether both topics have the right number of partitions and the event topic has this id, by these states."""
        events, replies = states[self._events], states[self._replies]
        return events == (events_topic_id, self._partitions) and replies.partitions == self._partitions

    async def _checked(self, topic: str) -> TopicState:
        state = await self._log.topic(topic)
        if state.partitions != self._partitions:
            raise TopicMisfit(topic, state.partitions, self._partitions)
        return state

    async def begin_of_tail(self, grant: LaneGrant, events: TopicState) -> int:
        """The offset from which to look for what is published: that of the lane's mark, if the mark is of this topic.

        A recreated topic is filled from the table. Records that an earlier owner wrote to it before noticing are
        deleted first, as they would precede the others. Raises Unavailable.
        """
        if not (events.id and grant.published_topic_id and events.id != grant.published_topic_id):
            return max(grant.mark.offset, 0)
        telemetry.LOG_INTERRUPTIONS.labels("command", self._events, "recreated").inc()
        log.error(
            "the event topic was recreated; filling it from the table",
            lane=str(self._lane),
            topic=self._events,
            former_topic_id=grant.published_topic_id,
            topic_id=events.id,
        )
        await self._log.clear_recreated(self._events, self._lane.partition)
        return 0
