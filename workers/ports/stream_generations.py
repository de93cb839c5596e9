"""The generations of a context's streams, as operators see them: which exist, how far they are copied, which is live.

A generation holds what a function has made of the events of the context (contracts/copying.py). Each event keeps its
place: its stream, version, sequence and id. Generation 0 is what was recorded, and is kept for ever.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import NamedTuple, Protocol

from workers.ports.event_store import EventRow

RECORDED = 0
"""The generation that every context has: what was recorded."""


class StreamGeneration(NamedTuple):
    """A copy of a context. `copied_from` is the generation that its function was given, `fingerprint` that of the
    function's code. `copied_to` is the last copied sequence by partition; `changed` counts the events that are not as
    they were recorded, and `types` are the wire types of those.
    """

    context: str
    number: int
    copied_from: int
    transform: str
    fingerprint: str
    begun_at: datetime
    copied_to: Mapping[int, int]
    changed: int
    types: frozenset[str]


class LiveStreams(NamedTuple):
    """Which generation of a context is live, and which one was before. `log_is_due`: the topic of events still holds
    the events of the one before.
    """

    number: int
    previous: int
    log_is_due: bool


NEVER_SWITCHED = LiveStreams(RECORDED, RECORDED, log_is_due=False)


class CopyConflict(Exception):
    """Somebody else has copied or switched the context meanwhile. Nothing was changed."""

    def __init__(self, context: str) -> None:
        super().__init__(
            f"another one copies or switches the streams of {context} at this moment; look again: annals streams list"
        )
        self.context = context


class StreamCopies(Protocol):
    """Writes a copy. Every method raises Unavailable."""

    async def lane_sequences(self, context: str) -> Mapping[int, int]:
        """The last sequence of each lane of the context, by partition."""
        ...

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        """At most `limit` events of the live generation with higher sequences in a lane, in order."""
        ...

    async def store(
        self, generation: StreamGeneration, partition: int, copied_to: int, events: Sequence[EventRow]
    ) -> StreamGeneration:
        """Add those of the next events of a lane that are not as they were recorded. The copy has come to `copied_to`
        then; before, it must have come to what `generation` says, else CopyConflict. Returns the generation after that.
        """
        ...


class HeldStreams(StreamCopies, Protocol):
    """A context whose lanes commit nothing meanwhile."""

    async def make_live(self, context: str, live: LiveStreams, to: int, types: Collection[str]) -> None:
        """Make another generation live; raises CopyConflict unless `live` is. The lanes have to know these types, their
        owners are fenced, and the snapshots of the context are gone.
        """
        ...


class StreamGenerations(StreamCopies, Protocol):
    """All generations of one installation. Every method raises Unavailable."""

    async def live(self, context: str) -> LiveStreams:
        """The generation that everybody reads."""
        ...

    async def existing(self, context: str) -> Sequence[StreamGeneration]:
        """All copies of a context, the earliest first."""
        ...

    async def begin(self, context: str, copied_from: int, transform: str, fingerprint: str) -> StreamGeneration:
        """Begin a copy of the live generation, which is `copied_from`. Raises CopyConflict."""
        ...

    async def changed_streams_after(
        self, context: str, live: int, other: int, stream_id: str, limit: int
    ) -> Sequence[str]:
        """At most `limit` of the streams of which one of two generations has events that are not as they were
        recorded: those behind this id, in order.
        """
        ...

    async def streams(self, context: str, number: int, stream_ids: Sequence[str]) -> Sequence[EventRow]:
        """The events of these streams in a generation, each stream's together and in order."""
        ...

    def hold(self, context: str) -> AbstractAsyncContextManager[HeldStreams]:
        """Keep the lanes of a context from committing, for as long as a transaction may take. What is done meanwhile is
        done as a whole, or not at all.
        """
        ...

    async def log_is_renewed(self, context: str) -> None:
        """Note that the topic of events was made anew after the last switch."""
        ...
