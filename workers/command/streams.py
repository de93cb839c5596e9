"""A bounded cache of the states of a lane's streams.

The lane is the only writer of its streams, so a cached state stays valid while the lane is held. Only the states of a
committed batch are put into the cache.
"""

from collections import OrderedDict
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

MAX_CACHED_STREAMS = 20_000


class Versioned(NamedTuple):
    """The state of a stream after its first `version` events. `snapshot_version` is the version of its last snapshot; 0
    if it has none that this code can use.
    """

    version: int
    state: Any
    snapshot_version: int = 0


class StreamCache:
    """The most recently used streams of one lane."""

    def __init__(self, capacity: int = MAX_CACHED_STREAMS) -> None:
        self._capacity = capacity
        self._streams: OrderedDict[str, Versioned] = OrderedDict()

    def __contains__(self, stream_id: object) -> bool:
        return stream_id in self._streams

    def missing(self, stream_ids: AbstractSet[str]) -> list[str]:
        """The streams that are not cached. The cached ones are marked as used, so that the batch cannot evict them."""
        missing = []
        for stream_id in stream_ids:
            if stream_id in self._streams:
                self._streams.move_to_end(stream_id)
            else:
                missing.append(stream_id)
        return missing

    def get(self, stream_id: str) -> Versioned:
        """The state of the stream, which is marked as used. Raises KeyError if it is not cached."""
        self._streams.move_to_end(stream_id)
        return self._streams[stream_id]

    def keep(self, stream_id: str, versioned: Versioned) -> None:
        """Cache the state of a stream; the least recently used one may be evicted."""
        self._streams[stream_id] = versioned
        self._streams.move_to_end(stream_id)
        if len(self._streams) > self._capacity:
            self._streams.popitem(last=False)
