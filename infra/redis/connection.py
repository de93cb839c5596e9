"""The one door to Redis: a client whose every call has a deadline, and the sorting of what can go wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from infra.settings import Settings
from workers.ports.lanes import Unavailable

CONNECT_TIMEOUT_SECONDS = 3.0
ANSWER_TIMEOUT_SECONDS = 5.0
MAX_CONNECTIONS = 50


def client(settings: Settings) -> Any:
    """A client for the located Redis that answers in bytes (redis-py's types leave open whether it does: hence Any).

    It retries nothing by itself: after a lost answer the lane asks the checkpoint."""
    assert settings.redis_url is not None, "settings must be located first"
    return Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        socket_timeout=ANSWER_TIMEOUT_SECONDS,
        max_connections=MAX_CONNECTIONS,
        retry=None,
        health_check_interval=0,
    )


@contextmanager
def faults_sorted() -> Iterator[None]:
    """Turn the driver's exceptions into Unavailable."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable("Redis", str(error) or type(error).__name__) from error
