"""The topics that a command lane writes to: that they are as the installation was laid out, and the same as before."""

import structlog

from workers import telemetry
from workers.ports.lanes import LaneGrant, LaneKey
from workers.ports.log import EventLog, TopicMisfit, TopicState

log = structlog.get_logger(__name__)


class LaneOutputs:
    """The event topic and the topic of replies, which have as many partitions as the commands have: `partitions`."""

    def __init__(self, lane: LaneKey, events: str, replies: str, partitions: int, event_log: EventLog) -> None:
        self._lane = lane
        self._events = events
        self._replies = replies
        self._partitions = partitions
        self._log = event_log

    async def events_topic(self) -> TopicState:
        """The event topic as it is. Raises TopicMisfit when one of the two has another number of partitions."""
        await self._checked(self._replies)
        return await self._checked(self._events)

    async def _checked(self, topic: str) -> TopicState:
        state = await self._log.topic(topic)
        if state.partitions != self._partitions:
            raise TopicMisfit(topic, state.partitions, self._partitions)
        return state

    async def begin_of_tail(self, grant: LaneGrant, events: TopicState) -> int:
        """From which offset on to look for what is published: from the lane's mark, if it is of this topic.

        A topic that was made anew is filled from the table; what an earlier owner has written there before it noticed
        must not stand in front. Raises Unavailable.
        """
        if not (events.id and grant.published_topic_id and events.id != grant.published_topic_id):
            return max(grant.mark.offset, 0)
        telemetry.LOG_INTERRUPTIONS.labels("command", self._events, "recreated").inc()
        facts = {"lane": str(self._lane), "former_topic_id": grant.published_topic_id, "topic_id": events.id}
        log.error("the event topic was made anew; filling it from the table", topic=self._events, **facts)
        await self._log.clear_recreated(self._events, self._lane.partition)
        return 0
