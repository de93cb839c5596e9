"""A simulated process: what runs in it is its own, and it can be stopped, woken and killed between any two steps.

Everything that a process does carries `PROCESS` in its context, so each step is known to be its.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from enum import Enum


class Condition(Enum):
    """`paused` is SIGSTOP: every step waits. `dead` is kill -9: no step is ever taken again, no `finally` runs."""

    running = "running"
    paused = "paused"
    dead = "dead"


class Process:
    """A process of its own: its ready steps in the order of asyncio, its clock, its tasks."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.condition = Condition.running
        self.ready: deque[asyncio.Handle] = deque()
        self.listed = False
        self.tasks: list[asyncio.Task[object]] = []
        # After so many more steps, `struck` is called: what strikes a process may strike between any two of its steps.
        self.fuse = -1
        self.struck: Callable[[], None] = lambda: None
        self.suspended = False
        self.held: list[asyncio.TimerHandle] = []
        self.jumped_seconds = 0.0
        self.suspended_seconds = 0.0
        self.paused_at = 0.0

    def __repr__(self) -> str:
        return f"<{self.name}: {self.condition.value}>"


PROCESS: ContextVar[Process | None] = ContextVar("PROCESS", default=None)
