"""What a repair changes in the database, beside what it does as a worker would (`EventStore`, `ReadModelWriter`)."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from workers.ports.lanes import LaneKey
from workers.ports.verification.table import StreamReader


class LanesHeld(StreamReader, Protocol):
    """A transaction that writes, during which some lanes commit nothing. Each answer is of the moment of its
    question and has what this transaction has written; as the lanes hold still, their streams do too. It must be short.
    Its changes are stored when its context ends without an error; else none of them is.
    """

    async def release_claim(self, context: str, scope: str, key: str, stream_id: str) -> None:
        """Release a unique claim if this stream holds it; quiet if not."""
        ...

    async def grant_claim(self, context: str, scope: str, key: str, stream_id: str) -> None:
        """Make the stream the holder of a unique claim that nobody holds."""
        ...

    async def remove_credential(self, context: str, stream_id: str) -> None:
        """Remove the stream's credential; quiet if there is none."""
        ...


class RepairedTable(Protocol):
    """The tables, opened for a repair."""

    def lanes_held(self, lanes: Sequence[LaneKey]) -> AbstractAsyncContextManager[LanesHeld]:
        """A transaction during which these lanes commit nothing: their owners wait, and stay their owners. A lane that
        was never acquired is not held. Raises Unavailable, also when an owner does not let go in time.
        """
        ...

    async def remove_snapshot(self, context: str, stream_id: str) -> None:
        """Remove the stream's snapshot; quiet if there is none."""
        ...
