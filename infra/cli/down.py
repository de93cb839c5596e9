"""`annals down`: stops the running `annals up` of this home, and the processes that a killed one left behind."""

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Annotated

import psutil
import typer

from infra.child_processes.orphans import stop_orphans
from infra.cli.exits import CommandRefused
from infra.devstack.errors import HomeInUse
from infra.devstack.home_lock import HomeLock
from infra.home import Home, printable
from infra.locating import withdraw
from infra.settings import Settings

# Longer than the bounded waits of `up` taken together.
STOP_TIMEOUT_SECONDS = 120.0
POLL_INTERVAL_SECONDS = 0.1
REPORT_INTERVAL_SECONDS = 5.0

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def down(as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False) -> None:
    """Stop the running system of ANNALS_HOME. It is no error when nothing runs."""
    home = Home(Settings().home)

    def tell(text: str) -> None:
        typer.echo(text, err=as_json)

    if not home.path.exists():
        _report(home, None, [], as_json)
        return
    lock = HomeLock(home)
    pid = _stop_owner(home, lock, tell)
    try:
        orphans = [f"{record.name} (pid {record.pid})" for record in stop_orphans(home, tell)]
        withdraw(home)
    finally:
        lock.release()
    _report(home, pid, orphans, as_json)


def _stop_owner(home: Home, lock: HomeLock, tell: Callable[[str], None]) -> int | None:
    """Acquires the home's lock, once its present owner has released it. Returns the owner's pid; None without one."""
    pid: int | None = None
    started = reported_at = time.monotonic()
    while time.monotonic() - started < STOP_TIMEOUT_SECONDS:
        try:
            lock.acquire()
            return pid
        except HomeInUse as error:
            if pid is None and error.pid is not None:
                pid = error.pid
                tell(f"asking annals up (pid {pid}) to stop")
                _send(pid, home)
        if time.monotonic() - reported_at >= REPORT_INTERVAL_SECONDS:
            reported_at = time.monotonic()
            tell(f"still stopping after {reported_at - started:.0f} s")
        time.sleep(POLL_INTERVAL_SECONDS)
    raise CommandRefused(
        f"Process {pid} still holds {printable(home.path)} after {STOP_TIMEOUT_SECONDS:.0f} s. Kill it (kill -9 {pid}) "
        "and run `annals down` again: it then stops what is left."
    )


def _send(pid: int, home: Home) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    except PermissionError:
        owner = psutil.Process(pid).username()
        raise CommandRefused(
            f"Process {pid} that runs {printable(home.path)} belongs to {owner}; stop it as that user."
        ) from None


def _report(home: Home, pid: int | None, orphans: list[str], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"home": str(home.path), "stopped_pid": pid, "stopped_orphans": orphans}))
        return
    if pid is not None:
        typer.echo(f"annals up (pid {pid}) has stopped")
    if orphans:
        typer.echo(f"stopped what an earlier run had left: {', '.join(orphans)}")
    if pid is None and not orphans:
        typer.echo(f"nothing runs for {printable(home.path)}")
