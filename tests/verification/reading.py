"""Sources of which a test gives what it needs; what it does not give raises when it is used."""

from typing import Any

from contracts.catalogue import stored_events
from contracts.topics import Topics
from infra.memory.clock import MemoryClock
from infra.sqlite.step_scratch import sqlite_scratch
from workers.domain import contexts
from workers.operations.verification.sources import Sources


class PassingClock(MemoryClock):
    """A clock whose time goes on only by waiting, and that at once."""

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)


async def in_no_hurry(_: int) -> None:
    """A pace that waits for nothing."""


def sources_with(**changes: Any) -> Sources:
    nothing: Any = None
    parts: dict[str, Any] = {
        "contexts": contexts(),
        "models": stored_events(),
        "topics": Topics(),
        "partitions": 1,
        "wanted_topics": (),
        "table": nothing,
        "topic_reader": nothing,
        "documents": nothing,
        "interventions": nothing,
        "scratch_space": sqlite_scratch,
        "clock": PassingClock(),
    }
    return Sources(**parts | changes)
