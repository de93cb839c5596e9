"""Who runs for a home: one small file a process, so that the next run can find what a killed one left behind.

A record is a pid with the time at which that process was created. A pid alone is not trusted: after a reboot or a
wrap-around it may belong to a stranger, and a stranger is never signalled.
"""

import signal
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import psutil

from infra.devstack.home import Home, read_json, write_json

# A process's creation time is derived from the boot time, which shifts a little when the clock is adjusted.
CREATION_TIME_TOLERANCE_SECONDS = 2.0
POLL_INTERVAL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A process started for a home: `kind` is "worker" or "server", `created_at` is in epoch seconds."""

    name: str
    kind: str
    pid: int
    created_at: float
    stop_signal: int = signal.SIGTERM

    def process(self) -> psutil.Process | None:
        """The process, if it still runs and is the very one that was recorded."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created_at) <= CREATION_TIME_TOLERANCE_SECONDS
        except psutil.NoSuchProcess:
            return None
        return process if same and not is_gone(process) else None


def is_gone(process: psutil.Process) -> bool:
    """Whether it has ended. A zombie has: in a container nobody may ever reap an orphan."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def wait_until_gone(processes: Sequence[psutil.Process], timeout_seconds: float) -> list[psutil.Process]:
    """Blocks until all have ended or the time is up; returns those that still run."""
    deadline = time.monotonic() + timeout_seconds
    remaining = [process for process in processes if not is_gone(process)]
    while remaining and time.monotonic() < deadline:
        time.sleep(POLL_INTERVAL_SECONDS)
        remaining = [process for process in remaining if not is_gone(process)]
    return remaining


def write_record(home: Home, name: str, kind: str, pid: int, stop_signal: int) -> ProcessRecord | None:
    """Notes a process that was just started; None when it has ended already."""
    try:
        created_at = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None
    record = ProcessRecord(name, kind, pid, created_at, stop_signal)
    home.folder("run")
    write_json(home.run_file(name), asdict(record))
    return record


def read_record(home: Home, name: str) -> ProcessRecord | None:
    """The record of this name, whether or not its process still runs."""
    found = read_json(home.run_file(name))
    if found is None or set(found) != set(ProcessRecord.__dataclass_fields__):
        return None
    return ProcessRecord(**found)


def read_records(home: Home) -> list[ProcessRecord]:
    """All records of a home."""
    names = sorted(path.stem for path in (home.path / "run").glob("*.json") if not path.name.startswith("."))
    return [record for name in names if (record := read_record(home, name)) is not None]


def erase_record(home: Home, name: str) -> None:
    """Forgets a process; harmless when nothing was noted."""
    home.run_file(name).unlink(missing_ok=True)
