"""Whether a topic still is the one that a lane has read, and from where the lane reads on when it is not. Pure.

An offset means something in one topic only, as long as the record that it names is there. So the id, the first offset
and the end of a topic are compared with what the lane has stored, when it is taken and while it runs.
"""

from workers.ports.lanes import Interruption
from workers.ports.log import Extent

# Of a log that is not as it was, those who can read the table instead read no more than this from its end.
FOLLOWED_RECORDS = 20_000


def interruption(
    topic_id: str, consumed: int, extent: Extent, *, can_read_the_table: bool = False
) -> Interruption | None:
    """What is not as the lane left it, which stands at the offset `consumed` of the topic with this id (empty: not
    known); None when all is well. Who begins and can read the table misses nothing; commands that were deleted before
    the first worker came were never handled either.
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

    Nobody can tell which records of a topic that is not as it was have been handled, so commands are read again from
    the first: one that was handled is answered with its outcome. What follows events by their sequence has the table
    for what it does not read.
    """
    if not is_interrupted:
        return max(consumed, extent.start)
    if can_read_the_table:
        return max(extent.start, extent.end - FOLLOWED_RECORDS)
    return extent.start
