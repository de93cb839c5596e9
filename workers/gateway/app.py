"""The gateway's application: routes on a backend of ports. Who composes it chooses the adapters (infra/gateway.py)."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig

from workers.gateway import commands, correlations, documentation, health, problems
from workers.gateway.backend import Backend
from workers.gateway.exchange import Exchange
from workers.gateway.request_body import BoundedBody
from workers.gateway.routes import ROUTES

# exchange.py tells what happens; the framework's own records would hold the texts of exceptions.
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Any]]


def create_app(
    backend: Backend,
    *,
    routes: Sequence[Callable[[Backend], APIRouter]] = ROUTES,
    lifespan: Lifespan | None = None,
    version: str = "0",
) -> FastAPI:
    """The application. `lifespan` opens and closes what the backend's adapters need."""
    app = FastAPI(
        title="Annals",
        version=version,
        summary="Commands in, outcomes and read models out",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        telemetry=NO_TELEMETRY,
        redirect_slashes=False,
    )
    for context_routes in (*routes, commands.routes, correlations.routes, health.routes):
        app.include_router(context_routes(backend))
    documentation.install(app)
    problems.install(app)
    app.add_middleware(BoundedBody)
    app.add_middleware(Exchange)  # added last, so the outermost
    return app
