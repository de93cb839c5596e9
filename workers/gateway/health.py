"""Whether the process lives (`/healthz`), whether it can do its work (`/readyz`), and its numbers (`/metrics`)."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from workers.gateway.backend import Backend
from workers.gateway.problems import RETRY_AFTER_SECONDS, Problem, described
from workers.ports.lanes import Unavailable

CHECK_SECONDS = 2.0


def routes(backend: Backend) -> APIRouter:
    """The routes for whoever runs the process."""
    router = APIRouter(tags=["health"])
    checks: dict[str, Callable[[], Awaitable[None]]] = {
        "kafka": backend.asking.check_commands,
        "postgres": backend.asking.check_outcomes,
        "redis": backend.queries.check,
    }

    @router.get("/healthz", summary="The process lives")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz", summary="The servers behind it answer", responses=described(503))
    async def readyz() -> dict[str, object]:
        answers = await asyncio.gather(*(_answers(check) for check in checks.values()))
        servers = {name: "ok" if answered else "away" for name, answered in zip(checks, answers, strict=True)}
        missing = [name for name, state in servers.items() if state != "ok"]
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


async def _answers(check: Callable[[], Awaitable[None]]) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except (Unavailable, TimeoutError):
        return False
    return True
