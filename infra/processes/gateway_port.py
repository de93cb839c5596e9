"""The gateway's port, checked before anything is started: a port in use is the commonest reason why a start fails."""

import errno
import socket

import psutil

from infra.settings import Settings


class GatewayCannotListen(Exception):
    """The gateway's address cannot be bound."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host = host
        self.port = port
        self.reason = reason
        super().__init__(f"The gateway cannot listen on {host}:{port}: {reason}.")


class PortTaken(Exception):
    """Another process listens where the gateway should."""

    def __init__(self, host: str, port: int, pid: int | None) -> None:
        self.host = host
        self.port = port
        self.pid = pid
        holder = f"by process {pid}" if pid else "by another process"
        super().__init__(
            f"The gateway's port {port} on {host} is taken {holder}. Choose another one with ANNALS_HTTP_PORT "
            "(0 lets the kernel choose), or stop that process."
        )


def check_gateway_port(settings: Settings) -> int:
    """The port that the gateway will get: the configured one if it is free, a free one if it is 0.

    Raises PortTaken or GatewayCannotListen.
    """
    host, port = settings.http_host, settings.http_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(host, port, _listening_process(port)) from None
            raise GatewayCannotListen(host, port, str(error.strerror)) from None
        return int(probe.getsockname()[1])


def _listening_process(port: int) -> int | None:
    """The pid of the process that listens on the port; None when this user may not see it."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return None
    pids = (
        connection.pid
        for connection in connections
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    )
    return next(pids, None)
