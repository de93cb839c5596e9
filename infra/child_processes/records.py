"""The processes of a home: one small file for each, so that the next run can find what a killed run left behind.

A record holds a pid and the birth of that process. A pid alone proves nothing: after a reboot or a wrap-around it may
belong to another process, and no process but ours is ever signalled.
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
    """When the process was started, in a form that never changes: it tells this process from any other with its pid.

    Linux counts ticks since the boot. The time of day that is computed from them moves whenever the clock is set (time
    from the network after the boot, a virtual machine that was suspended), so a record of it would no longer match.
    """
    if sys.platform != "linux":
        return str(process.create_time())
    stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8", errors="replace")
    return f"{_boot()}/{stat.rpartition(')')[2].split()[START_FIELD]}"


def _boot() -> str:
    """The id of the machine's present boot; "" where the kernel has none."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def is_gone(process: psutil.Process) -> bool:
    """Whether it has ended. A zombie counts as ended: in a container an orphan may never be reaped."""
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
    """Records a process that was just started; None when it has ended already."""
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
    fields = read_json(home.run_file(name))
    if fields is None or set(fields) != set(ProcessRecord.__dataclass_fields__):
        return None
    return ProcessRecord(**fields)


def read_records(home: Home) -> list[ProcessRecord]:
    """All records of a home."""
    names = sorted(path.stem for path in (home.path / "run").glob("*.json") if not path.name.startswith("."))
    return [record for name in names if (record := read_record(home, name)) is not None]


def erase_record(home: Home, name: str) -> None:
    """Removes the record of a process; harmless when there is none."""
    home.run_file(name).unlink(missing_ok=True)
