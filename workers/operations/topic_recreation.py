"""`annals topics recreate`: recreates a topic that has another number of partitions than the installation, because
Kafka cannot remove partitions.

Events are in the table and replies are short-lived, so their topics are simply created again, and the lanes fill the
log. Unread commands are kept meanwhile in a topic of their own and sent from there to their partitions. Until the new
topic exists, the old one rejects every record, so producers know what has not arrived. An interrupted run is repeated:
a command that is sent twice is handled once.
"""

from workers.operations.interventions import Operator
from workers.ports.lane_listing import ACKNOWLEDGED, CommandLanes, ListedInterruption
from workers.ports.log import TopicState
from workers.ports.topic_recreation import RecreatedTopic


class TopicFits(Exception):
    """The topic is as it should be: there is nothing to recreate."""

    def __init__(self, topic: str, partitions: int) -> None:
        super().__init__(f"{topic} has {partitions} partitions, as it should; nothing was done")
        self.topic = topic
        self.partitions = partitions


async def recreate_topic(topic: RecreatedTopic, lanes: CommandLanes | None, operator: Operator) -> int:
    """Recreate the topic as it should be; returns how many unread records were carried over.

    `lanes` are those of a topic of commands; None: the topic has no commands, and nothing is carried over.
    Raises Unavailable, Unstorable or TopicFits.
    """
    await operator.record("topics-recreate", topic.name)
    present, was_interrupted = await topic.state(), await topic.has_kept_records()
    if present is not None:
        is_right = present.partitions == topic.partitions
        if is_right and not was_interrupted:
            raise TopicFits(topic.name, topic.partitions)
        if not is_right:
            await _remove(topic, present, lanes)
    created = await topic.create()
    if lanes is None:
        return 0
    # A lane that has read a topic from before the removed one may have missed commands that were sent to it.
    former_topic_id = None if was_interrupted else "" if present is None else present.id
    await lanes.restart(topic.name, created.id, former_topic_id)
    if former_topic_id:
        await _acknowledge_own(topic.name, former_topic_id, created.id, lanes, operator)
    if not await topic.has_kept_records():
        return 0
    count = await topic.carry_over()
    await topic.delete_kept_records()
    return count


async def _acknowledge_own(
    topic: str, removed_id: str, created_id: str, lanes: CommandLanes, operator: Operator
) -> None:
    """Acknowledge what a running worker has stored if its lane saw the new topic before `restart`: that the removed
    topic was recreated. Nothing of that one is lost. A lane with another open interruption is left to the operator.
    """
    by_lane: dict[str, list[ListedInterruption]] = {}
    for interruption in await lanes.open_interruptions():
        if (interruption.role, interruption.topic) == ("command", topic):
            by_lane.setdefault(interruption.name, []).append(interruption)
    for name, interruptions in by_lane.items():
        topics = {(interruption.former_topic_id, interruption.topic_id) for interruption in interruptions}
        if topics == {(removed_id, created_id)}:
            await operator.record(ACKNOWLEDGED, name, {"until": interruptions[-1].id})


async def _remove(topic: RecreatedTopic, present: TopicState, lanes: CommandLanes | None) -> None:
    """Delete the topic, once its unread commands are kept."""
    if lanes is not None:
        positions = await lanes.read_positions(topic.name)
        await topic.create_kept_records()
        await topic.close(present.partitions)
        # An offset of a former topic means nothing in this one, of which all is unread then.
        valid = [position for position in positions if position.topic_id in ("", present.id)]
        await topic.keep_unread(present.partitions, valid)
    await topic.delete()
