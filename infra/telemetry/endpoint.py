"""The workers' HTTP endpoint for operators: /metrics, /healthz (there is progress) and /readyz (holds its lanes and
serves them, however far behind).

It tells numbers and nothing about a person, so it answers under any Host; who may reach it, network_exposure.py guards.
However many connections are silent, the next one is answered: the oldest makes room for it.
"""

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

REQUEST_TIMEOUT_SECONDS = 5
# Each has a thread while it lasts.
MAX_CONNECTIONS = 32


class EndpointRefused(Exception):
    """The operators' endpoint cannot listen where it should."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"The endpoint for operators cannot listen on {host}:{port}: {reason}. Choose another address with "
            "ANNALS_METRICS_HOST and ANNALS_METRICS_PORT (0 lets the kernel choose)."
        )
        self.host = host
        self.port = port


class _Server(ThreadingHTTPServer):
    """A thread for each connection, of which there are at most so many."""

    daemon_threads = True
    request_queue_size = 128  # of connections not yet taken; beyond it a probe waits for a second try of TCP

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._connections: dict[socket.socket, None] = {}
        self._lock = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            if len(self._connections) >= MAX_CONNECTIONS:
                oldest = next(iter(self._connections))
                del self._connections[oldest]
                with suppress(OSError):  # it has just ended
                    oldest.shutdown(socket.SHUT_RDWR)
            self._connections[request] = None
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.pop(request, None)
        super().shutdown_request(request)


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
        server = _Server((host, port), Handler)
    except OSError as error:
        raise EndpointRefused(host, port, error.strerror or str(error)) from error
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
