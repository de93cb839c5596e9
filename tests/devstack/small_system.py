"""A small `annals up` as a separate program: the real servers, with three toy processes instead of workers.

`python -m tests.devstack.small_system` runs on ANNALS_HOME and prints JSON lines, as `annals up --json` does. The toy
gateway answers `/readyz`; the toy worker and the toy follower say hello and wait to be stopped.
"""

import sys

from infra.cli import exits
from infra.cli.foreground import run_in_foreground
from infra.devstack.fleet import GATEWAY, Fleet, FleetProcess

SETUP = "import os; print('database is known:', 'ANNALS_DATABASE_URL' in os.environ)"

WORKER = """
import signal
# Block SIGTERM first, so that none is lost between the first output and the wait.
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
print("worker says hello", flush=True)
signal.sigwait({signal.SIGTERM})
print("worker says goodbye", flush=True)
"""

GATEWAY_PROGRAM = """
import http.server, os
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
    def log_message(self, *arguments):
        pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["ANNALS_HTTP_PORT"])), Ready).serve_forever()
"""


def toy(name: str, program: str) -> FleetProcess:
    """A process that runs this Python program."""
    return FleetProcess(name, f"plays the {name}", (sys.executable, "-c", program))


SMALL_FLEET = Fleet(
    setup=(toy("setup", SETUP),),
    workers=(toy("command", WORKER), toy(GATEWAY, GATEWAY_PROGRAM)),
    follower=toy("events", WORKER),
)


if __name__ == "__main__":
    try:
        run_in_foreground(with_workers=True, as_json=True, fleet=SMALL_FLEET)
    except Exception as error:
        code = exits.explain(error)
        if code is None:
            raise
        sys.exit(code)
