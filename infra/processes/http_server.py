"""How an application is served over HTTP: by uvicorn, on uvloop and httptools, within limits (http_protocol.py)."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal, cast

import uvicorn

from infra.processes.http_connections import ConnectionLimits
from infra.processes.http_protocol import BoundedProtocols

DEFAULT_LIMITS = ConnectionLimits()
FINISH_SECONDS = 10
# Of several processes, one that does not answer its parent for so long is replaced.
HEALTH_CHECK_SECONDS = 5


def server_configuration(
    application: Callable[..., Any] | str,
    *,
    lifespan: Literal["on", "off"] = "on",
    processes: int | None = None,
    port: int = 0,
    limits: ConnectionLimits = DEFAULT_LIMITS,
) -> uvicorn.Config:
    """A text names a function that makes the application, for `processes` that each make their own. `port` is one of
    this machine, for a server that is given no socket. `limits` are those of each process.
    """
    return uvicorn.Config(
        application,
        factory=isinstance(application, str),
        port=port,
        workers=processes,
        loop="uvloop",
        # A protocol is called for by its class; what makes one does as well.
        http=cast(type[asyncio.Protocol], BoundedProtocols(limits)),
        ws="none",
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=FINISH_SECONDS,
        timeout_worker_healthcheck=HEALTH_CHECK_SECONDS,
    )
