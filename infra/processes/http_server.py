"""How an application is served over HTTP: by uvicorn, on uvloop and httptools."""

from collections.abc import Callable
from typing import Any, Literal

import uvicorn

MAX_CONNECTIONS = 4000
FINISH_SECONDS = 10
# Of several processes, one that does not answer its parent for so long is replaced.
HEALTH_CHECK_SECONDS = 5


def server_configuration(
    application: Callable[..., Any] | str,
    *,
    lifespan: Literal["on", "off"] = "on",
    processes: int | None = None,
    port: int = 0,
) -> uvicorn.Config:
    """A text names a function that makes the application, for `processes` that each make their own. `port` is one of
    this machine, for a server that is given no socket.
    """
    return uvicorn.Config(
        application,
        factory=isinstance(application, str),
        port=port,
        workers=processes,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=FINISH_SECONDS,
        timeout_worker_healthcheck=HEALTH_CHECK_SECONDS,
    )
