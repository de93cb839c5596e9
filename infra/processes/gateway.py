"""The composition of the gateway: the adapters behind its ports, and the server in front.

It starts whether or not its servers answer, and connects as they come: until then requests get a 503. SIGTERM and
Ctrl-C end it in order: no new connections, running requests finish within a bound, then the adapters close. With
ANNALS_GATEWAY_PROCESSES it is several processes on one port (gateway_processes.py).
"""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

import structlog
import uvicorn
from fastapi import FastAPI

from contracts.topics import Topics
from infra import output
from infra.accounts import Account
from infra.contexts import chosen_contexts
from infra.kafka.commands import KafkaCommands, command_client
from infra.kafka.windows import KafkaWindows
from infra.locating import located
from infra.passwords import Argon2Passwords
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.history import PostgresHistory
from infra.postgres.identities import PostgresIdentities
from infra.postgres.roles import GATEWAY
from infra.postgres.signing_keys import reply_signatures
from infra.processes.gateway_exposure import check_exposure
from infra.processes.gateway_port import check_gateway_port
from infra.processes.gateway_processes import serve_in_processes, stop_with_parent
from infra.processes.http_server import server_configuration
from infra.processes.http_settings import allowed_hosts, connection_limits
from infra.processes.resources import database_for, opened_at_last
from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_models import RedisReadModels
from infra.settings import Settings
from infra.telemetry.logs import configure_logs
from workers.background import in_background
from workers.gateway.app import create_app
from workers.gateway.archive import Archive
from workers.gateway.backend import Backend
from workers.gateway.command_dispatcher import CommandDispatcher
from workers.gateway.guard import Guard
from workers.gateway.queries import Queries

SOURCE = "/annals/gateway"
WAIT_FOR_SERVERS_SECONDS = 120.0
DELIVERY_TIMEOUT_SECONDS = 3.0
MAX_OUTSTANDING_COMMANDS = 2000
READER_CONNECTIONS = 8
OPEN_SECONDS = 2.0
CLOSE_SECONDS = 5.0
APPLICATION = "infra.processes.gateway:application"

log = structlog.get_logger(__name__)


def bound_socket(settings: Settings) -> socket.socket:
    """A socket at the configured address, not listening yet. Raises PortTaken."""
    check_gateway_port(settings)
    host = settings.http_host
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, settings.http_port))
    bound.setblocking(False)
    return bound


def composed(settings: Settings) -> FastAPI:
    """The application on the real adapters, for located settings. Its lifespan opens and closes them."""
    topics = Topics(settings.topic_prefix)
    database = database_for(settings, role=GATEWAY, connections=READER_CONNECTIONS)
    commands = command_client(
        settings,
        source=SOURCE,
        delivery_timeout_seconds=DELIVERY_TIMEOUT_SECONDS,
        max_outstanding=MAX_OUTSTANDING_COMMANDS,
        replies_signed_by=reply_signatures(database),
        identities=PostgresIdentities(database, knows_services=False),
    )
    redis = client(settings)
    passwords, windows = Argon2Passwords(), KafkaWindows(settings)
    contexts = chosen_contexts(settings)
    projections = [projection for context in contexts.values() for projection in context.projections]
    archive = Archive(PostgresHistory(database))
    backend = Backend(
        CommandDispatcher(KafkaCommands(commands), PostgresEventStore(database)),
        Queries(RedisReadModels(redis, Keys(settings.topic_prefix)), topics, projections, streams=archive),
        passwords,
        archive,
        Guard(contexts, archive, is_on=settings.auth != "none"),
        windows,
    )

    authenticating = None
    if settings.auth == "oidc":
        from infra.processes.identity import Authenticating

        authenticating = Authenticating(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        opening = in_background(
            opened_at_last(database, "the gateway waits for its database", log), "open the database"
        )
        # Before the first request, or a gateway whose servers all answer would say at first that one is away.
        await asyncio.wait({opening}, timeout=OPEN_SECONDS)
        beside = {opening, in_background(backend.servers.watch(), "watch the servers")}
        if authenticating is not None:
            beside |= {in_background(work, name) for name, work in authenticating.beside().items()}
        await commands.start()
        gc.freeze()  # else the framework's many objects are searched for garbage again and again
        try:
            yield
        finally:
            for task in beside:
                task.cancel()
            await asyncio.wait(beside, timeout=CLOSE_SECONDS)
            passwords.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await commands.stop()
            await windows.stop()
            await redis.aclose()
            await database.close()
            if authenticating is not None:
                await authenticating.close()

    return create_app(
        backend,
        lifespan=lifespan,
        version=version("annals"),
        hosts=allowed_hosts(settings),
        body_seconds=settings.http_body_seconds,
        authenticator=None if authenticating is None else authenticating.authenticator,
    )


def run(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises OpenToTheNetwork, PortTaken, the embedded stack's StackNotRunning, and
    what `chosen_contexts` raises.
    """
    check_exposure(settings)
    configure_logs(settings, role="gateway")
    chosen_contexts(settings)
    # The port first: when it is taken, nobody need wait for the servers to learn it.
    bound = bound_socket(settings)
    try:
        settings = located(settings, account=Account.GATEWAY, wait_seconds=WAIT_FOR_SERVERS_SECONDS)
        host, port = bound.getsockname()[:2]
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        log.info("gateway starts", address=address, processes=settings.gateway_processes)
        limits, processes = connection_limits(settings), settings.gateway_processes
        if processes > 1:
            serve_in_processes(server_configuration(APPLICATION, processes=processes, limits=limits), bound, settings)
        else:
            _serve(uvicorn.Server(server_configuration(composed(settings), limits=limits)), bound)
        log.info("gateway stopped")
    finally:
        bound.close()


def application() -> FastAPI:
    """The application of one process of several, which finds its located settings in its environment."""
    output.guard()  # as the command line does for the process of which this one is a child
    settings = Settings()
    configure_logs(settings, role="gateway", process=str(os.getpid()))
    stop_with_parent()
    return composed(settings)


def _serve(server: uvicorn.Server, bound: socket.socket) -> None:
    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn hands a signal on, once it has stopped, to whoever handled it before: by default that ends the process as
    # killed, although everything went in order.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    server.run(sockets=[bound])
