"""A simulated process. It can be paused, resumed and killed between any two steps.

Every task of a process carries `PROCESS` in its context, so the loop knows whose step each one is.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from enum import Enum


class Condition(Enum):
    """`paused` is SIGSTOP: every step waits. `dead` is kill -9: no step runs again, not even those of a `finally`."""

    running = "running"
    paused = "paused"
    dead = "dead"


class Process:
    """A process: its ready steps in the order of asyncio, its clock, its tasks."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.condition = Condition.running
        self.ready: deque[asyncio.Handle] = deque()
        self.listed = False
        self.tasks: list[asyncio.Task[object]] = []
        # `interruption` is called after so many more steps, so a fault may come between any two of them; -1: never.
        self.steps_to_interruption = -1
        self.interruption: Callable[[], None] = lambda: None
        self.suspended = False
        self.suspended_timers: list[asyncio.TimerHandle] = []
        self.jumped_seconds = 0.0
        self.suspended_seconds = 0.0
        self.paused_at = 0.0

    def __repr__(self) -> str:
        return f"<{self.name}: {self.condition.value}>"


PROCESS: ContextVar[Process | None] = ContextVar("PROCESS", default=None)
