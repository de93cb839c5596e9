"""If the port of the operators' endpoint is taken, the worker ends with one sentence and an exit code other than 0."""

import os
import socket
import subprocess
import sys

import pytest

from infra.telemetry.endpoint import EndpointRefused, serve_endpoint


def test_is_reported_with_the_variable_to_change() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(EndpointRefused, match=f"127.0.0.1:{port}.*ANNALS_METRICS_PORT"):
            serve_endpoint("127.0.0.1", port, lambda: True, lambda: True)
        ended = subprocess.run(
            [sys.executable, "-m", "infra.cli.main", "worker", "command"],
            env=os.environ
            | {
                "ANNALS_METRICS_PORT": str(port),
                "ANNALS_DATABASE_URL": "postgresql://127.0.0.1:9/annals",
                "ANNALS_REDIS_URL": "redis://127.0.0.1:9/0",
                "ANNALS_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert ended.returncode == 1
    assert "ANNALS_METRICS_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr
