"""Liveness (`/healthz`), readiness (`/readyz`) and metrics (`/metrics`) of the process."""

import os

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from workers.gateway.backend import Backend
from workers.gateway.problems import RETRY_AFTER_SECONDS, Problem, described

OF_SEVERAL_PROCESSES = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus_client knows where several processes keep their counts."""

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""The addresses below: what watches the process asks them, often and under whatever name it has for it."""


def routes(backend: Backend) -> APIRouter:
    """The routes for operators and for what supervises the process."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="The process lives")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz", summary="The servers behind it answer", responses=described(503))
    async def readyz() -> dict[str, object]:
        missing = await backend.servers.missing()
        servers = {name: "away" if name in missing else "ok" for name in backend.servers.names}
        if missing:
            raise Problem(
                503,
                "NotReady",
                f"Not available: {', '.join(missing)}.",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
                extensions={"servers": servers, "missing": missing},
            )
        return {"status": "ready", "servers": servers}

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        return Response(generate_latest(_registry()), media_type=CONTENT_TYPE_LATEST)

    return router


def _registry() -> CollectorRegistry:
    """What this process counts; where the gateway is several processes, the sums over all of them."""
    if OF_SEVERAL_PROCESSES not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types there
    return registry
