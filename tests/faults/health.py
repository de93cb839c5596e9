"""A worker's health as its HTTP endpoint reports it."""

import httpx

from infra.devstack.ports import free_port
from tests.waiting import until


class Health:
    """A worker's endpoint; start the worker with `metrics_port=health.port`."""

    def __init__(self) -> None:
        self.port = free_port()

    async def ready(self, seconds: float = 60.0) -> None:
        """Wait until the worker reports that it is ready."""
        await until(lambda: self._answers_with(200), "the worker is ready", seconds=seconds)

    async def not_ready(self, seconds: float) -> None:
        """Wait until the worker reports that it is not ready: it runs and waits for a server."""
        await until(lambda: self._answers_with(503), "the worker reports that it is not ready", seconds=seconds)

    async def _answers_with(self, status: int) -> bool:
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                return (await client.get(f"http://127.0.0.1:{self.port}/readyz")).status_code == status
        except httpx.TransportError:
            return False
