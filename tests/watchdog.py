"""Ends what a run of pytest has started, once that run is gone: killed, its terminal closed, interrupted halfway.

Servers and workers lead sessions of their own, so no signal to pytest reaches them, and a pytest that is killed cannot
stop them. So each pytest process has a watchdog beside it, at the other end of a pipe that pytest alone holds open:
the kernel closes it whichever way pytest ends. Then all that belongs to the run is asked to stop, and killed if it does
not; the run's temporary folders are removed.

What belongs to the run: processes that were seen below pytest, those that carry the run's name in their environment
(also orphans and grandchildren, such as the workers of an `annals up`), those that work in its folders (Redis and
Postgres write their titles over their environment), and all below these. A pytest within a test has the outer run's
name before its own, so the outer watchdog ends it too.
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
    """Begins the watch over this process. The returned function ends it, and what is left of the run."""
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
    """How the name of a temporary folder begins that shall not outlive this run."""
    return f"annals-tests-{os.environ.get(VARIABLE, '').rpartition('/')[2]}-"


class Run:
    """The processes of the run of this name, whose pytest has this pid."""

    def __init__(self, name: str, pytest_pid: int) -> None:
        self._name = name
        self._spared = {os.getpid(), pytest_pid}
        self._pytest_pid = pytest_pid
        self._folder = f"{Path(tempfile.gettempdir()).resolve()}/annals-tests-{name}-"
        self._seen: set[psutil.Process] = set()

    def look(self) -> set[psutil.Process]:
        """Those of its processes that live now. What has been seen once is remembered, as its parents may end."""
        processes = list(psutil.process_iter(["ppid", "status"]))
        children: dict[int, list[psutil.Process]] = {}
        for process in processes:
            children.setdefault(process.info["ppid"], []).append(process)
        found = {process for process in processes if process in self._seen or self._is_marked(process)}
        unread = [self._pytest_pid, *(process.pid for process in found)]
        while unread:
            below = [process for process in children.get(unread.pop(), ()) if process not in found]
            found.update(below)
            unread += [process.pid for process in below]
        self._seen = {process for process in found if process.pid not in self._spared}
        return {process for process in self._seen if process.info["status"] != psutil.STATUS_ZOMBIE}

    def _is_marked(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error, OSError):
            if self._name in process.environ().get(VARIABLE, "").split("/"):
                return True
        with contextlib.suppress(psutil.Error, OSError):
            return bool(process.cwd().startswith(self._folder))
        return False

    def end(self) -> None:
        """Ask all to stop, kill those that do not in time, and those that they have started meanwhile."""
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
    # Readable: the pipe is closed, as nobody writes to it.
    while not select.select([sys.stdin], [], [], LOOK_INTERVAL_SECONDS)[0]:
        run.look()
    run.end()
    remove_folders_of(name)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
