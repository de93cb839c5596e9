"""Liveness (`/healthz`), readiness (`/readyz`) and metrics (`/metrics`) of the process."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from workers.gateway.backend import Backend
from workers.gateway.problems import RETRY_AFTER_SECONDS, Problem, described


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
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
