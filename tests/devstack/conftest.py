"""Fixtures for the tests of the embedded servers."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.settings import Settings


@pytest.fixture
def only_postgres(tmp_path: Path) -> Settings:
    """Settings with a separate home and with addresses for Kafka and Redis, so that only PostgreSQL is started."""
    return Settings(
        home=tmp_path / "home",
        kafka_bootstrap_servers="127.0.0.1:1",
        database_url=None,
        redis_url=SecretStr("redis://127.0.0.1:1/0"),
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port of 127.0.0.1 on which another process listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
