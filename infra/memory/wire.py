"""The way from a process to a server: the one thing between an adapter and its twin of a server.

Whatever a network does to the real adapters, a wire can do to those in memory: refuse, lose an answer, deliver late.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from workers.ports.lanes import Unavailable

T = TypeVar("T")


class Wire(Protocol):
    """One process's way to the servers, which are called Kafka, Postgres and Redis."""

    async def call(self, server: str, operation: Callable[[], T]) -> T:
        """What `operation` returned or raised at the server, where it ran at once, undivided.

        Raises Unavailable: then it ran, or never will, or will run later, and the caller can't know which.
        """
        ...


class DirectWire:
    """A network without faults; the servers named in `away` do not answer. Other tasks run during a call."""

    def __init__(self) -> None:
        self.away: set[str] = set()

    async def call(self, server: str, operation: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        if server in self.away:
            raise Unavailable(server, "it is away")
        return operation()
