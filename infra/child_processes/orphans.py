"""Stops what an earlier run left behind: workers first, then the servers in their order.

The caller holds the home's lock, so every recorded process that still runs has lost its owner. Each process gets its
own stop signal, a bounded time to end, and then SIGKILL.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

import psutil

from infra.child_processes.records import ProcessRecord, erase_record, read_records, wait_until_gone
from infra.home import Home

STOP_ORDER = ("kafka", "redis", "postgres")
STOP_TIMEOUT_SECONDS = 15.0


def stop_orphans(home: Home, tell: Callable[[str], None]) -> list[ProcessRecord]:
    """Stops every recorded process that still runs and erases all records. Returns the ones that were running."""
    records = read_records(home)
    orphans = [record for record in records if record.process() is not None]
    stop_recorded([record for record in orphans if record.kind != "server"], tell)
    servers = {record.name: record for record in orphans if record.kind == "server"}
    for name in (*STOP_ORDER, *sorted(set(servers) - set(STOP_ORDER))):
        if name in servers:
            stop_recorded([servers[name]], tell)
    for record in records:
        erase_record(home, record.name)
    return orphans


def stop_recorded(records: Sequence[ProcessRecord], tell: Callable[[str], None]) -> None:
    """Stops these processes side by side: each gets its stop signal, and SIGKILL if it outlives the timeout."""
    processes = []
    for record in records:
        process = record.process()
        if process is None:
            continue
        tell(f"stopping {record.name} (pid {record.pid}), left by an earlier run")
        try:
            process.send_signal(record.stop_signal)
        except psutil.NoSuchProcess:
            continue
        processes.append(process)
    survivors = wait_until_gone(processes, STOP_TIMEOUT_SECONDS)
    for process in survivors:
        tell(f"process {process.pid} did not stop within {STOP_TIMEOUT_SECONDS:.0f} s; killing it")
        with suppress(psutil.NoSuchProcess):
            process.kill()
    wait_until_gone(survivors, STOP_TIMEOUT_SECONDS)
