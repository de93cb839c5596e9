"""Servers that the bench starts for itself."""

from infra.devstack.kafka import QUICK_COMPILER_ONLY
from infra.measuring.bench.servers import local_processes, own_servers
from tests.servers import Servers


async def test_the_broker_is_compiled_as_in_production(servers: Servers) -> None:
    async with own_servers(servers.settings.model_copy(update={"kafka_bootstrap_servers": None})) as own:
        assert own.kafka_bootstrap_servers != servers.settings.kafka_bootstrap_servers
        arguments = local_processes(own)["kafka"].cmdline()
    assert "kafka.Kafka" in arguments
    assert QUICK_COMPILER_ONLY not in arguments
