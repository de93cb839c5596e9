"""What the analytics of a lane are kept in, and what is published of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from workers.ports.log import OutboundRecord


class AnalyticsTable(Protocol):
    """The table of one partition: entries that survive a crash, in memory while the partition is held."""

    def entries(self, prefix: str) -> Mapping[str, bytes]:
        """The entries whose keys begin with `prefix`."""
        ...

    async def write(self, entries: Sequence[tuple[str, bytes | None]]) -> None:
        """Write these entries (None: remove), in their order; when it returns they survive a crash. Raises
        PublishFailed: then nobody knows which of them do.
        """
        ...


class WindowTopic(Protocol):
    """Where the windows of one partition are published: a compacted topic."""

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        """Write these records in their order. Raises PublishFailed."""
        ...


class DatabaseTime(Protocol):
    """The one clock that all times of events come from."""

    async def now(self) -> datetime:
        """The database's time. Raises Unavailable."""
        ...


class WindowBuilds(Protocol):
    """What the analytics workers have built, from outside of them."""

    async def hosts(self) -> Sequence[str]:
        """The host of each analytics worker in their group: also of one that was killed, until its session has ended.
        Raises Unavailable.
        """
        ...

    async def remove_positions(self, contexts: Collection[str]) -> None:
        """Remove the position of every lane of these contexts from the table: who acquires it builds its windows from
        the first event. Raises Unavailable: then nobody knows of which lanes it was removed.
        """
        ...
