"""The gateway as several processes that accept connections of one listening socket.

uvicorn starts them, replaces one that has died or is stopped, and ends all of them on SIGTERM, SIGHUP and Ctrl-C, each
in good order; what is left after a bound is killed. A thread of a process answers its parent: so a process whose event
loop is stuck is not replaced. While the parent waits for the answer of a stopped process, which is at most
`HEALTH_CHECK_SECONDS` for each, it does nothing else, and a SIGTERM waits too.

Each process is a whole gateway with its own connections and its own place for replies. They keep their counts in files,
so that `/metrics` of any of them has the sums over all.
"""

import multiprocessing
import os
import signal
import tempfile
import threading
import time
from socket import socket

import structlog
from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from infra.processes.http_server import FINISH_SECONDS
from infra.settings import Settings
from workers.gateway.health import OF_SEVERAL_PROCESSES

# Running requests finish, then the adapters close, each within its own bound (gateway.py).
END_SECONDS = FINISH_SECONDS + 15.0

log = structlog.get_logger(__name__)


class NoTemporaryFolder(Exception):
    """Several gateway processes need a folder for their counts, and none can be written to, as on a read-only root."""

    def __init__(self) -> None:
        super().__init__(
            "Several gateway processes add up their metrics in files of a temporary folder, and none can be written "
            "to. Mount one at /tmp (a tmpfs will do; TMPDIR names another place), or set ANNALS_GATEWAY_PROCESSES=1."
        )


class _Supervisor(Multiprocess):
    """Ends within a bound, whatever its processes do. What uvicorn does on other signals waits without a bound for a
    process to end: SIGHUP ends the gateway as it ends one of a single process, and the number of processes stays.
    """

    def handle_hup(self) -> None:
        self.handle_term()

    def handle_ttin(self) -> None:
        """As many processes as were asked for."""

    def handle_ttou(self) -> None:
        """As many processes as were asked for."""

    def join_all(self) -> None:
        """Wait until all processes have ended; kill those that have not after `END_SECONDS`."""
        end = time.monotonic() + END_SECONDS
        for process in self.processes:
            process.process.join(max(end - time.monotonic(), 0.0))
            if process.exitcode is None:
                log.warning("a process of the gateway did not end in time and is killed", process=process.pid)
                process.kill()
            process.join()


def serve_in_processes(config: Config, bound: socket, settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C. `settings` are located. Raises NoTemporaryFolder, and SystemExit if the processes
    cannot start.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        raise NoTemporaryFolder from None
    with tempfile.TemporaryDirectory(prefix="annals-gateway-") as folder:
        os.environ.update(settings.environment() | {OF_SEVERAL_PROCESSES: folder})
        supervisor = _Supervisor(config, [bound])
        supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise SystemExit(STARTUP_FAILURE)


def stop_with_parent() -> None:
    """Have this process end in good order when its parent was killed and cannot tell it to."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_stop_after, args=[parent], name="stop with parent", daemon=True).start()


def _stop_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
