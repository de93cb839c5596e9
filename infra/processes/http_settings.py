"""From the settings to what the HTTP server enforces: the names that it answers under, and the limits of a process.

A process that has used up its file descriptors accepts nobody, not even a probe. So the number of connections stays
below what the machine lets a process open.
"""

import resource

import structlog

from infra.processes.http_connections import RESERVED, ConnectionLimits
from infra.settings import Settings
from workers.gateway.hosts import AllowedHosts

# For everything but clients: the servers behind it, files, and clients that are accepted while others are being closed.
OTHER_DESCRIPTORS = 512

log = structlog.get_logger(__name__)


def allowed_hosts(settings: Settings) -> AllowedHosts:
    """The names under which the gateway answers."""
    if settings.http_allowed_hosts is not None:
        return AllowedHosts.listed(settings.http_allowed_hosts)
    return AllowedHosts.default_of(settings.http_host)


def connection_limits(settings: Settings) -> ConnectionLimits:
    """The limits, with as many connections as this process may have. It raises its own limit of descriptors first."""
    possible = max(_descriptors(settings.http_max_connections + RESERVED + OTHER_DESCRIPTORS) - OTHER_DESCRIPTORS, 2)
    total = min(settings.http_max_connections, possible - min(RESERVED, possible // 2))
    if total < settings.http_max_connections:
        log.warning(
            "fewer connections than ANNALS_HTTP_MAX_CONNECTIONS: see the limit of open files", connections=total
        )
    return ConnectionLimits(
        total=total,
        of_a_peer=min(settings.http_max_peer_connections, total),
        header_bytes=settings.http_max_header_bytes,
        header_seconds=settings.http_header_seconds,
        idle_seconds=settings.http_idle_seconds,
        reader_seconds=settings.http_reader_seconds,
    )


def _descriptors(wanted: int) -> int:
    """How many descriptors this process may have, once it has asked for so many. Its children inherit that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else soft
