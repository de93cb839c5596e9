"""The workers' HTTP endpoint for operators: /metrics, /healthz (there is progress) and /readyz (owns its lanes and has
caught up).
"""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

REQUEST_TIMEOUT_SECONDS = 5


class EndpointRefused(Exception):
    """The operators' endpoint cannot listen where it should."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"The endpoint for operators cannot listen on {host}:{port}: {reason}. Choose another address with "
            "ANNALS_METRICS_HOST and ANNALS_METRICS_PORT (0 lets the kernel choose)."
        )
        self.host = host
        self.port = port


def serve_endpoint(host: str, port: int, ready: Callable[[], bool], alive: Callable[[], bool]) -> ThreadingHTTPServer:
    """Serve in a thread of its own until `shutdown`; port 0 takes a free one (`server_address`).

    Raises EndpointRefused.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_TIMEOUT_SECONDS

        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/metrics":
                    self._answer(200, CONTENT_TYPE_LATEST, generate_latest())
                case "/healthz":
                    self._say(alive(), "alive", "no progress")
                case "/readyz":
                    self._say(ready(), "ready", "not ready")
                case _:
                    self._answer(404, "text/plain", b"/metrics, /healthz, /readyz")

        def _say(self, good: bool, yes: str, no: str) -> None:
            self._answer(200 if good else 503, "application/json", json.dumps({"status": yes if good else no}).encode())

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the overridden method's name
            """Scrapes are not worth a line."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise EndpointRefused(host, port, error.strerror or str(error)) from error
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
