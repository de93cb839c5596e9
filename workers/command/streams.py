"""The states of a lane's streams: a bounded cache, and the drafts of the batch in hand.

The lane is the only writer of its streams, so what is cached stays true for as long as the lane is held. A batch works
on a draft; only a committed draft reaches the cache.
"""

from collections import OrderedDict
from typing import Any, NamedTuple

MAX_CACHED_STREAMS = 20_000


class Versioned(NamedTuple):
    """A stream's state after its first `version` events."""

    version: int
    state: Any


class StreamCache:
    """The most recently used streams of one lane."""

    def __init__(self, capacity: int = MAX_CACHED_STREAMS) -> None:
        self._capacity = capacity
        self._streams: OrderedDict[str, Versioned] = OrderedDict()

    def __contains__(self, stream_id: str) -> bool:
        return stream_id in self._streams

    def get(self, stream_id: str) -> Versioned | None:
        found = self._streams.get(stream_id)
        if found is not None:
            self._streams.move_to_end(stream_id)
        return found

    def keep(self, stream_id: str, versioned: Versioned) -> None:
        self._streams[stream_id] = versioned
        self._streams.move_to_end(stream_id)
        if len(self._streams) > self._capacity:
            self._streams.popitem(last=False)
