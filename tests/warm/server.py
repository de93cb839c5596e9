"""The warm process: `python -m tests.warm.server <fd>`. It answers requests on a socket until the socket closes.

A request is JSON (`module`, `arguments`, `environment`, `folder`) with the two file descriptors of its output. Answers
are JSON: `{"started": pid}` in the order of the requests, and `{"ended": pid, "code": …}` at any time, negative for a
signal. The warm process has one thread and no event loop, so a fork copies no locked lock.
"""

import atexit
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
import traceback
from contextlib import suppress
from importlib import import_module
from typing import Any

MAX_REQUEST_BYTES = 1_048_576
PRELOADED = (
    "infra.processes.worker",
    "infra.processes.gateway",
    "infra.processes.audit",
    "workers.operations.verification.run",
)


def preload() -> None:
    """Imports every module that a process of Annals may need."""
    from infra.cli.main import COMMANDS

    for module in (*(module for _, module, _ in COMMANDS), *PRELOADED):
        import_module(module)
    gc.collect()
    gc.freeze()


def serve(channel: socket.socket) -> None:
    """Forks a process for each request and reports the end of each process."""
    noticed, notice = os.pipe()
    os.set_blocking(noticed, False)
    os.set_blocking(notice, False)
    signal.set_wakeup_fd(notice, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    for source in (channel, noticed):
        selector.register(source, selectors.EVENT_READ)
    while True:
        ready = {key.fileobj for key, _ in selector.select()}
        if noticed in ready:
            os.read(noticed, 512)
            for pid, code in ended():
                channel.send(json.dumps({"ended": pid, "code": code}).encode())
        if channel in ready:
            message, descriptors, *_ = socket.recv_fds(channel, MAX_REQUEST_BYTES, 2)
            if not message:
                return
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                selector.close()
                for inherited in (channel.detach(), noticed, notice):
                    os.close(inherited)
                run(json.loads(message), *descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            channel.send(json.dumps({"started": pid}).encode())


def ended() -> list[tuple[int, int]]:
    """The pids and exit codes of the children that have ended since the last call."""
    exit_codes = []
    with suppress(ChildProcessError):
        while (answer := os.waitpid(-1, os.WNOHANG))[0]:
            exit_codes.append((answer[0], os.waitstatus_to_exitcode(answer[1])))
    return exit_codes


def run(request: dict[str, Any], output: int, errors: int) -> None:
    """In the child: runs the requested module and ends the process."""
    code = 1
    try:
        os.dup2(output, 1)
        os.dup2(errors, 2)
        for descriptor in {output, errors} - {1, 2}:
            os.close(descriptor)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        sys.argv = ["", *request["arguments"]]
        sys.modules.pop(request["module"], None)  # imported here already; runpy would warn of it
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ending:
        code = exit_code(ending)
    except BaseException as error:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        code = -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    finally:
        with suppress(BaseException):
            threading._shutdown()  # type: ignore[attr-defined]  # what the interpreter does before it ends
            atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        if code < 0:
            signal.signal(-code, signal.SIG_DFL)
            os.kill(os.getpid(), -code)
        os._exit(code)


def exit_code(ending: SystemExit) -> int:
    """The exit code that the interpreter derives from a SystemExit."""
    if ending.code is None:
        return 0
    if isinstance(ending.code, int):
        return ending.code
    sys.stderr.write(f"{ending.code}\n")
    return 1


if __name__ == "__main__":
    preload()
    serve(socket.socket(fileno=int(sys.argv[1])))
