"""How many streams are parked, by whom they are followed, and since when."""

from datetime import datetime
from typing import NamedTuple

from workers.operations.verification.parked_streams import parked_streams
from workers.operations.verification.sources import Sources


class Waiting(NamedTuple):
    """The parked streams of one follower and topic; `oldest_at` is when the oldest waiting event was recorded."""

    streams: int
    oldest_at: datetime


async def waiting_streams(sources: Sources) -> dict[tuple[str, str], Waiting]:
    """By (follower, topic). Raises Unavailable."""
    found: dict[tuple[str, str], Waiting] = {}
    async for topic, stream in parked_streams(sources):
        at = datetime.fromisoformat(stream.recorded_at)
        before = found.get((stream.follower, topic), Waiting(0, at))
        found[stream.follower, topic] = Waiting(before.streams + 1, min(before.oldest_at, at))
    return found
