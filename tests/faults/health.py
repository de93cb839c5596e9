"""What a worker says of itself to those who ask over HTTP."""

import socket

import httpx

from tests.waiting import until


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Health:
    """A worker's endpoint; start the worker with `metrics_port=health.port`."""

    def __init__(self) -> None:
        self.port = free_port()

    async def ready(self, seconds: float = 60.0) -> None:
        """Wait until it says that it is ready."""
        await until(lambda: self._says(200), "the worker is ready", seconds=seconds)

    async def not_ready(self, seconds: float) -> None:
        """Wait until it says that it is not ready: alive, and waiting for a server."""
        await until(lambda: self._says(503), "the worker says that it is not ready", seconds=seconds)

    async def _says(self, status: int) -> bool:
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                return (await client.get(f"http://127.0.0.1:{self.port}/readyz")).status_code == status
        except httpx.TransportError:
            return False
