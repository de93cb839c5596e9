"""Ends all processes that a run of pytest has started, when the run ends: also when it is killed or interrupted.

Servers and workers have their own sessions, so no signal to pytest reaches them, and a killed pytest cannot stop them.
So each pytest process starts a watchdog, which reads from a pipe that only pytest holds open. The kernel closes the
pipe however pytest ends. Then the watchdog stops all processes of the run, kills those that do not stop in time, and
removes the run's temporary folders.

These processes belong to the run: those seen below pytest; those with the run's name in their environment (also orphans
and grandchildren, such as the workers of an `annals up`); those that work in its folders (Redis and Postgres overwrite
their environment with their titles); and all below these. A pytest within a test has the outer run's name before its
own, so the outer watchdog ends it too.
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil

VARIABLE = "ANNALS_TEST_RUN"
LOOK_INTERVAL_SECONDS = 2.0
STOP_TIMEOUT_SECONDS = 5.0
KILL_TIMEOUT_SECONDS = 20.0
POLL_INTERVAL_SECONDS = 0.2
IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def start() -> Callable[[], None]:
    """Starts a watchdog for this process. The returned function ends it and the processes left of the run."""
    run = uuid.uuid4().hex[:12]
    outer = os.environ.get(VARIABLE, "")
    watchdog = subprocess.Popen(
        [sys.executable, __file__, run, str(os.getpid())], stdin=subprocess.PIPE, start_new_session=True
    )
    os.environ[VARIABLE] = f"{outer}/{run}"

    def end() -> None:
        watchdog.communicate(timeout=STOP_TIMEOUT_SECONDS + 2 * KILL_TIMEOUT_SECONDS)

    return end


def folder_prefix() -> str:
    """The prefix for the name of a temporary folder that the watchdog must remove at the end of this run."""
    return f"annals-tests-{os.environ.get(VARIABLE, '').rpartition('/')[2]}-"


class Run:
    """The processes of a run, by its name and the pid of its pytest."""

    def __init__(self, name: str, pytest_pid: int) -> None:
        self._name = name
        self._spared = {os.getpid(), pytest_pid}
        self._pytest_pid = pytest_pid
        self._folder = f"{Path(tempfile.gettempdir()).resolve()}/annals-tests-{name}-"
        self._seen: set[psutil.Process] = set()

    def look(self) -> set[psutil.Process]:
        """The living processes of the run. A process once seen is remembered, because its parents may end."""
        processes = list(psutil.process_iter(["ppid", "status"]))
        children: dict[int, list[psutil.Process]] = {}
        for process in processes:
            children.setdefault(process.info["ppid"], []).append(process)
        members = {process for process in processes if process in self._seen or self._is_marked(process)}
        unread = [self._pytest_pid, *(process.pid for process in members)]
        while unread:
            below = [process for process in children.get(unread.pop(), ()) if process not in members]
            members.update(below)
            unread += [process.pid for process in below]
        self._seen = {process for process in members if process.pid not in self._spared}
        return {process for process in self._seen if process.info["status"] != psutil.STATUS_ZOMBIE}

    def _is_marked(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error, OSError):
            if self._name in process.environ().get(VARIABLE, "").split("/"):
                return True
        with contextlib.suppress(psutil.Error, OSError):
            return bool(process.cwd().startswith(self._folder))
        return False

    def end(self) -> None:
        """Terminate all processes, and kill those that do not end in time or were started later."""
        started = time.monotonic()
        asked: set[psutil.Process] = set()
        while time.monotonic() - started < STOP_TIMEOUT_SECONDS + KILL_TIMEOUT_SECONDS:
            left = self.look()
            if not left:
                return
            kills = time.monotonic() - started >= STOP_TIMEOUT_SECONDS
            for process in left if kills else left - asked:
                with contextlib.suppress(psutil.Error):
                    if kills:
                        process.kill()
                    else:
                        process.terminate()
                        process.resume()
            asked |= left
            time.sleep(POLL_INTERVAL_SECONDS)


def remove_folders_of(run: str) -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"annals-tests-{run}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def main(name: str, pytest_pid: int) -> None:
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    run = Run(name, pytest_pid)
    # Readable means closed: no process writes to the pipe.
    while not select.select([sys.stdin], [], [], LOOK_INTERVAL_SECONDS)[0]:
        run.look()
    run.end()
    remove_folders_of(name)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
