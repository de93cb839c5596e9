"""Processor time by process, and how busy the machine was meanwhile."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

import psutil


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


class Meter:
    """Measures from its making until `read`: named processes, each with all its children."""

    def __init__(self, processes: Mapping[str, psutil.Process]) -> None:
        self._processes = processes
        self._used = {name: tree_seconds(process) for name, process in processes.items()}
        self._machine = _machine_seconds()
        self._started = time.perf_counter()

    def read(self) -> Stretch:
        """What was used so far; may be called again."""
        elapsed = time.perf_counter() - self._started
        used = {name: tree_seconds(process) - self._used[name] for name, process in self._processes.items()}
        busy, idle = (now - before for now, before in zip(_machine_seconds(), self._machine, strict=True))
        return Stretch(elapsed, used, busy / (busy + idle) if busy + idle else 0.0)


def tree_seconds(process: psutil.Process) -> float:
    """The processor time of a process and its children so far. Children that have ended count with the process that
    waited for them, so the sum never falls.
    """
    used = 0.0
    with suppress(psutil.NoSuchProcess):
        for member in [process, *process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                times = member.cpu_times()
                used += times.user + times.system + times.children_user + times.children_system
    return used


def _machine_seconds() -> tuple[float, float]:
    """The seconds that all processors together were busy and idle. Time that a hypervisor took counts as neither."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    # A guest's time is part of user and nice already (proc(5)).
    beside = ("idle", "iowait", "steal", "guest", "guest_nice")
    return sum(value for name, value in times._asdict().items() if name not in beside), idle
