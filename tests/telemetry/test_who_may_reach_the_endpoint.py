"""A worker's endpoint listens on loopback, unless it was said that others may reach it; silent ones starve nobody."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack

import httpx
import pytest

from infra.network_exposure import EndpointOpenToTheNetwork, check_endpoint
from infra.telemetry.endpoint import MAX_CONNECTIONS, serve_endpoint

BEYOND = ["0.0.0.0", "::", "10.0.0.1", "annals.example.org", ""]  # noqa: S104 - refused
NO_SERVERS = {
    "ANNALS_DATABASE_URL": "postgresql://127.0.0.1:9/annals",
    "ANNALS_REDIS_URL": "redis://127.0.0.1:9/0",
    "ANNALS_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_this_machine(host: str) -> None:
    check_endpoint(host, open_to_network=False)


@pytest.mark.parametrize("host", BEYOND)
def test_others_only_where_that_is_said(host: str) -> None:
    with pytest.raises(EndpointOpenToTheNetwork, match="ANNALS_METRICS_OPEN_TO_NETWORK"):
        check_endpoint(host, open_to_network=False)
    check_endpoint(host, open_to_network=True)


@pytest.mark.parametrize("role", ["command", "audit"])
def test_a_worker_that_would_be_open_does_not_start(role: str) -> None:
    exposed = {"ANNALS_METRICS_HOST": "0.0.0.0", "ANNALS_METRICS_PORT": "0"}  # noqa: S104 - refused
    command = [sys.executable, "-m", "infra.cli.main", "worker", role]
    ended = subprocess.run(
        command, env=os.environ | NO_SERVERS | exposed, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 2
    assert "ANNALS_METRICS_HOST is '0.0.0.0'" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_thousands_of_silent_connections_starve_no_probe(host: str) -> None:
    if host == "::1" and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    threads_before = threading.active_count()
    endpoint = serve_endpoint(host, 0, lambda: True, lambda: True)
    port = endpoint.server_address[1]
    name = f"[{host}]" if ":" in host else host
    try:
        with ExitStack() as opened:
            for _ in range(1000):
                opened.enter_context(socket.create_connection((host, port), timeout=10))
            answer = httpx.get(f"http://{name}:{port}/healthz", timeout=10, trust_env=False)
            assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
            # Those that were closed may still be on their way out.
            assert threading.active_count() - threads_before < 4 * MAX_CONNECTIONS
    finally:
        endpoint.shutdown()
        endpoint.server_close()
