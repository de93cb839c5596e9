"""The gateway as several processes that accept connections of one listening socket.

uvicorn starts them, replaces one that dies or hangs, and ends all of them on SIGTERM and Ctrl-C, each in good order.
Each is a whole gateway with its own connections and its own place for replies. They keep their counts in files, so that
`/metrics` of any of them has the sums over all.
"""

import multiprocessing
import os
import signal
import tempfile
import threading
from socket import socket

from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from infra.settings import Settings
from workers.gateway.health import OF_SEVERAL_PROCESSES


def serve_in_processes(config: Config, bound: socket, settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C. `settings` are located. Raises SystemExit if the processes cannot start."""
    with tempfile.TemporaryDirectory(prefix="annals-gateway-") as folder:
        os.environ.update(settings.environment() | {OF_SEVERAL_PROCESSES: folder})
        supervisor = Multiprocess(config, [bound])
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
