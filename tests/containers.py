"""The test servers as Docker containers (testcontainers), for machines where Docker answers.

Only servers that no `ANNALS_*` variable names are started. When a container cannot start (no image, no network), a
warning says so and the embedded servers are used, unless the caller requires Docker.
"""

import warnings
from contextlib import AsyncExitStack
from typing import TypeVar

import docker
from docker.errors import DockerException
from testcontainers.community.kafka import KafkaContainer
from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.redis import RedisContainer
from testcontainers.core.container import DockerContainer

from infra.locating import configured_addresses
from infra.settings import Settings

DOCKER_TIMEOUT_SECONDS = 5

Container = TypeVar("Container", bound=DockerContainer)

KAFKA_IMAGE = "confluentinc/cp-kafka:7.9.2"  # the newest version that testcontainers can start
POSTGRES_IMAGE = "postgres:18"
REDIS_IMAGE = "redis:7.4"

KAFKA_SETTINGS = {
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
    "KAFKA_LOG_RETENTION_MS": "-1",
}


def docker_answers() -> bool:
    """Return whether a Docker daemon answers a ping."""
    try:
        client = docker.from_env(timeout=DOCKER_TIMEOUT_SECONDS)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except (DockerException, OSError):
        return False


def start(settings: Settings, cleanup: AsyncExitStack, *, insist: bool) -> dict[str, str] | None:
    """Starts the servers that the settings do not name. Returns all addresses by field, or None if Docker fails."""
    urls = configured_addresses(settings)
    try:
        if "kafka_bootstrap_servers" not in urls:
            kafka = KafkaContainer(KAFKA_IMAGE).with_kraft().with_envs(**KAFKA_SETTINGS)
            urls["kafka_bootstrap_servers"] = _started(kafka, cleanup).get_bootstrap_server()
        if "database_url" not in urls:
            postgres = PostgresContainer(
                POSTGRES_IMAGE, username="annals", password="annals", dbname="annals", driver=None
            )
            urls["database_url"] = _started(postgres, cleanup).get_connection_url()
        if "redis_url" not in urls:
            redis = _started(RedisContainer(REDIS_IMAGE), cleanup)
            urls["redis_url"] = f"redis://{redis.get_container_host_ip()}:{redis.get_exposed_port(redis.port)}/0"
    except (DockerException, OSError, RuntimeError, TimeoutError) as error:
        if insist:
            raise
        warnings.warn(
            f"Docker answers, but its containers do not start ({error}); embedded servers instead.", stacklevel=2
        )
        return None
    return urls


def _started(container: Container, cleanup: AsyncExitStack) -> Container:
    container.start()
    cleanup.callback(container.stop)
    return container
