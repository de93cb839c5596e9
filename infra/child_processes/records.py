"""Who runs for a home: one small file a process, so that the next run can find what a killed one left behind.

A record is a pid with the birth of that process. A pid alone is not trusted: after a reboot or a wrap-around it may
belong to a stranger, and a stranger is never signalled.
"""

import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from infra.home import Home, read_json, write_json

POLL_INTERVAL_SECONDS = 0.02
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Of /proc/<pid>/stat (proc(5)): the 22nd field, counted from behind the name, which may have any character in it.
START_FIELD = 22 - 3


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A process started for a home: `kind` is "worker" or "server"; `birth` as in `birth_of`."""

    name: str
    kind: str
    pid: int
    birth: str
    stop_signal: int = signal.SIGTERM

    def process(self) -> psutil.Process | None:
        """The process, if it still runs and is the very one that was recorded."""
        try:
            process = psutil.Process(self.pid)
            same = birth_of(process) == self.birth
        except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            return None
        return process if same and not is_gone(process) else None


def birth_of(process: psutil.Process) -> str:
    """What no other process of this pid has in common with it: when it was started, in a form that never changes.

    Linux knows that in ticks since the boot. The time of day that is made of it moves whenever somebody sets the clock
    (a network's time that comes late, a virtual machine that was suspended), and nobody would be known again.
    """
    if sys.platform != "linux":
        return str(process.create_time())
    stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8", errors="replace")
    return f"{_boot()}/{stat.rpartition(')')[2].split()[START_FIELD]}"


def _boot() -> str:
    """Which boot of the machine this is; "" where the kernel does not tell."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


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
        birth = birth_of(psutil.Process(pid))
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return None
    record = ProcessRecord(name, kind, pid, birth, stop_signal)
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
