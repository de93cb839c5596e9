"""Processor time by process, and how busy the machine was meanwhile."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

import psutil

CLOCK_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
LEAST_TICKS = 10
"""Processor time comes in clock ticks: of fewer than these, one more or less is above a tenth."""
READINGS = 5


class Stretch(NamedTuple):
    """What was used in a stretch of time: seconds of the clock, seconds of processor time by name of the process, and
    the share of all processors that anything at all kept busy (1: all of them, all the time).
    """

    seconds: float
    cpu_seconds: dict[str, float]
    busy: float

    @property
    def used(self) -> float:
        """The share of all processors that the named processes used."""
        return sum(self.cpu_seconds.values()) / self.seconds / (psutil.cpu_count() or 1)

    def microseconds_each(self, count: int) -> dict[str, float]:
        """The processor time of each process for each of `count` units of work."""
        return {name: seconds / count * 1e6 for name, seconds in self.cpu_seconds.items()}


class ProcessEnded(Exception):
    """A process has ended while it was measured; its log lines say why."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has ended while it was measured; see the log lines above")
        self.name = name


class Meter:
    """Measures from its making until `read`: named processes, each with all its children; those in `alone` without.
    Both raise ProcessEnded.
    """

    def __init__(
        self, processes: Mapping[str, psutil.Process], alone: Mapping[str, psutil.Process] | None = None
    ) -> None:
        self._processes = processes
        self._alone = alone or {}
        self._used = self._seconds()
        self._machine = _machine_seconds()
        self._started = time.perf_counter()

    def read(self) -> Stretch:
        """What was used so far; may be called again."""
        elapsed = time.perf_counter() - self._started
        used = {name: seconds - self._used[name] for name, seconds in self._seconds().items()}
        busy, idle = (now - before for now, before in zip(_machine_seconds(), self._machine, strict=True))
        return Stretch(elapsed, used, busy / (busy + idle) if busy + idle else 0.0)

    def _seconds(self) -> dict[str, float]:
        ways = ((self._alone, own_seconds), (self._processes, tree_seconds))
        return {name: _read(name, process, way) for named, way in ways for name, process in named.items()}


def _read(name: str, process: psutil.Process, seconds: Callable[[psutil.Process], float]) -> float:
    try:
        return seconds(process)
    except psutil.NoSuchProcess as error:
        raise ProcessEnded(name) from error


def own_seconds(process: psutil.Process) -> float:
    """The processor time of a process so far, without its children. Raises psutil.NoSuchProcess."""
    times = process.cpu_times()
    return float(times.user + times.system)


def tree_seconds(process: psutil.Process) -> float:
    """The processor time of a process and its children so far; raises psutil.NoSuchProcess when it has ended.

    A child that has ended counts with the process that waited for it. One that ends between the two readings is in
    neither, so they are repeated when the process has waited for a child meanwhile. No reading is ever too high.
    """
    highest = 0.0
    for _ in range(READINGS):
        ended = _ended_seconds(process)
        used = own_seconds(process) + ended
        for child in process.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                used += own_seconds(child) + _ended_seconds(child)
        highest = max(highest, used)
        if _ended_seconds(process) == ended:
            break
    return highest


def _ended_seconds(process: psutil.Process) -> float:
    """The processor time of the children for which a process has waited."""
    times = process.cpu_times()
    return float(times.children_user + times.children_system)


def measurable(cpu_seconds: Mapping[str, float]) -> frozenset[str]:
    """The names of what has used so many clock ticks that it can be compared."""
    return frozenset(name for name, seconds in cpu_seconds.items() if seconds >= LEAST_TICKS * CLOCK_TICK_SECONDS)


def _machine_seconds() -> tuple[float, float]:
    """The seconds that all processors together were busy and idle. Time that a hypervisor took counts as neither."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    # A guest's time is part of user and nice already (proc(5)).
    beside = ("idle", "iowait", "steal", "guest", "guest_nice")
    return sum(value for name, value in times._asdict().items() if name not in beside), idle
