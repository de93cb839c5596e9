"""The states of a lane's streams: a bounded cache, and the drafts of the batch in hand.

The lane is the only writer of its streams, so what is cached stays true for as long as the lane is held. A batch works
on a draft; only a committed draft reaches the cache.
"""

from collections import OrderedDict
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

MAX_CACHED_STREAMS = 20_000


class Versioned(NamedTuple):
    """A stream's state after its first `version` events. `snapshot_version`: where its last snapshot was taken; 0 when
    there is none that this code can use.
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
        """Those that are not kept. The others are safe from being dropped until a whole capacity of streams came."""
        found = []
        for stream_id in stream_ids:
            if stream_id in self._streams:
                self._streams.move_to_end(stream_id)
            else:
                found.append(stream_id)
        return found

    def get(self, stream_id: str) -> Versioned:
        """The stream, which now is the most recently used one. Raises KeyError when it is not kept."""
        self._streams.move_to_end(stream_id)
        return self._streams[stream_id]

    def keep(self, stream_id: str, versioned: Versioned) -> None:
        self._streams[stream_id] = versioned
        self._streams.move_to_end(stream_id)
        if len(self._streams) > self._capacity:
            self._streams.popitem(last=False)
