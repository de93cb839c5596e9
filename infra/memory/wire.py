"""The connection of a process to the servers in memory.

What a network does to the real adapters, a wire can do to these: refuse a request, lose an answer, deliver late.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from workers.ports.lanes import Unavailable

T = TypeVar("T")


class Wire(Protocol):
    """A process's connection to the servers, which are called Kafka, Postgres and Redis."""

    async def call(self, server: str, operation: Callable[[], T]) -> T:
        """Run `operation` at the server, as one step, and return or raise what it does.

        Raises Unavailable: the operation ran, or never will, or will run later, and the caller can't know which.
        """
        ...


class DirectWire:
    """A network without faults, but the servers named in `away` do not answer. Other tasks run during a call."""

    def __init__(self) -> None:
        self.away: set[str] = set()

    async def call(self, server: str, operation: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        if server in self.away:
            raise Unavailable(server, "it is away")
        return operation()
