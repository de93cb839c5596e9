"""The gateway's application: routes on a backend of ports. Who composes it chooses the adapters (infra/gateway.py)."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.telemetry import TelemetryConfig

from workers.core.context import scopes_of
from workers.gateway import analytics, commands, correlations, documentation, health, problems
from workers.gateway.authentication import Authentication, described_in
from workers.gateway.backend import Backend
from workers.gateway.declared.addresses import addresses
from workers.gateway.declared.routes import declared_routers
from workers.gateway.direct_reads import DirectReads
from workers.gateway.exchange import Exchange
from workers.gateway.hosts import LOOPBACK_HOSTS, AllowedHosts
from workers.gateway.query_parameters import strict_query
from workers.gateway.request_body import BODY_SECONDS, BoundedBody
from workers.gateway.routes import direct_reads, route_modules
from workers.gateway.safe_methods import SafeMethods
from workers.gateway.site_guard import SiteGuard
from workers.ports.identity import Authenticator

# exchange.py tells what happens; the framework's own records would hold the texts of exceptions.
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}

DESCRIPTION = """
HEAD is answered wherever GET is. Query parameters that an address does not know are refused with 422, and so are those
without a value or given twice.

Preconditions are those of RFC 9110, at every address. If-Match and If-None-Match may name `*`, one ETag or several; a
command's are about the stream that it goes to, hold at the moment at which it is decided, and are answered with 412
when they do not. A stream that is not there is a 404 first, where it would be one without them. There are no dates of
modification and no ranges: If-Modified-Since, If-Unmodified-Since and If-Range are passed over.
"""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Any]]


def create_app(
    backend: Backend,
    *,
    routes: Sequence[Callable[[Backend], APIRouter]] | None = None,
    lifespan: Lifespan | None = None,
    version: str = "0",
    hosts: AllowedHosts = LOOPBACK_HOSTS,
    body_seconds: float = BODY_SECONDS,
    authenticator: Authenticator | None = None,
) -> FastAPI:
    """The application. `lifespan` opens and closes what the backend's adapters need. `hosts` are the names under which
    it answers, `body_seconds` the time within which a body must be complete. Without an `authenticator` everybody is
    the anonymous caller. `routes` take the place of those that the contexts write by hand. Raises RoutesMissing.
    """
    assert backend.guard.is_on == (authenticator is not None), "rules need to know who asks"
    app = FastAPI(
        title="Annals",
        version=version,
        summary="Commands in, outcomes and read models out",
        description=DESCRIPTION,
        docs_url=None,
        openapi_url=None,
        dependencies=[Depends(strict_query)],
        redoc_url=None,
        lifespan=lifespan,
        telemetry=NO_TELEMETRY,
        redirect_slashes=False,
    )
    app.state.scopes = scopes_of(backend.guard.contexts.values())
    modules = route_modules(backend.guard.contexts.values())
    by_hand = [module.routes for module in modules] if routes is None else routes
    documentation.install(app, None if authenticator is None else described_in)
    routers = [
        routes_of(backend)
        for routes_of in (*by_hand, analytics.routes, commands.routes, correlations.routes, health.routes)
    ]
    taken = addresses([*app.routes, *(route for router in routers for route in router.routes)])
    for router in [*routers, *declared_routers(backend, taken)]:
        app.include_router(router)
    problems.install(app)
    app.add_middleware(BoundedBody, seconds=body_seconds)
    app.add_middleware(SafeMethods)
    app.add_middleware(DirectReads, queries=backend.queries, guard=backend.guard, reads=direct_reads(modules))
    if authenticator is not None:
        app.add_middleware(Authentication, authenticator=authenticator)
    app.add_middleware(SiteGuard, hosts=hosts)
    app.add_middleware(Exchange)  # added last, so the outermost
    return app
