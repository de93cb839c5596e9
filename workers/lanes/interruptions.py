"""Whether a topic still is the one that a lane has read, and from where the lane reads on if it is not. Pure.

An offset is valid in one topic only, and only while the record at it exists. So the id, the first offset and the end of
the topic are compared with what the lane has stored: when the lane is acquired, and while it is held.
"""

from workers.ports.lanes import Interruption
from workers.ports.log import Extent

# A lane that can read the table instead reads at most so many records from the end of a log that has changed.
FOLLOWED_RECORDS = 20_000


def interruption(
    topic_id: str, consumed: int, extent: Extent, *, can_read_the_table: bool = False
) -> Interruption | None:
    """The interruption of a lane that stands at the offset `consumed` of the topic with this id (empty: unknown); None
    if there is none.

    A new lane that can read the table misses nothing. A new lane of commands does: commands that were deleted before
    the first worker started were never handled.
    """
    topic, start, end, _ = extent
    about = (topic_id, topic.id, consumed, start, end)
    if topic_id and topic.id and topic_id != topic.id:
        return Interruption("recreated", *about, missing=None)
    if consumed > end:
        return Interruption("truncated", *about, missing=None)
    is_new = can_read_the_table and not topic_id and not consumed
    if consumed < start and not is_new:
        return Interruption("deleted", *about, missing=start - consumed)
    return None


def resumption(consumed: int, extent: Extent, *, is_interrupted: bool, can_read_the_table: bool) -> int:
    """The offset from which a lane reads on.

    In a topic that has changed it is unknown which records have been handled. So a lane of commands reads them all
    again: a command that was handled is answered with its stored outcome. A lane of events reads a part and gets the
    rest from the table, as events are identified by their sequence.
    """
    if not is_interrupted:
        return max(consumed, extent.start)
    if can_read_the_table:
        return max(extent.start, extent.end - FOLLOWED_RECORDS)
    return extent.start
