"""The published client: made from the settings, and as the gateway's port."""

from contracts.client.command_client import CommandClient
from contracts.client.errors import ClientNotRunning, CommandTooLarge, KafkaUnavailable, TooManyCommands
from contracts.identity import IdentitySource
from contracts.message import Command
from contracts.outcome import Outcome
from contracts.principal import Principal
from contracts.signatures import SignatureSource
from infra.kafka.connection import security_of
from infra.settings import Settings
from workers.ports.commands import CommandMeta, Overloaded, TooLarge
from workers.ports.lanes import Unavailable


def command_client(
    settings: Settings,
    *,
    source: str,
    delivery_timeout_seconds: float,
    max_outstanding: int,
    replies_signed_by: SignatureSource | None = None,
    identities: IdentitySource | None = None,
    principal: Principal | None = None,
) -> CommandClient:
    """A client for located settings."""
    assert settings.kafka_bootstrap_servers is not None, "the settings must be located"
    return CommandClient(
        settings.kafka_bootstrap_servers,
        source=source,
        topic_prefix=settings.topic_prefix,
        security=security_of(settings),
        delivery_timeout_seconds=delivery_timeout_seconds,
        max_outstanding=max_outstanding,
        partitions=settings.partitions,
        replies_signed_by=replies_signed_by,
        identities=identities,
        principal=principal,
    )


class KafkaCommands:
    """`Commands` on the published client."""

    def __init__(self, client: CommandClient) -> None:
        self._client = client

    async def ask(self, command: Command, meta: CommandMeta, wait_seconds: float) -> Outcome | None:
        try:
            return await self._client.ask(
                command,
                wait_seconds=wait_seconds,
                command_id=meta.command_id,
                correlation_id=meta.correlation_id,
                causation_id=meta.causation_id,
                actor=meta.actor,
                principal=meta.principal,
                traceparent=meta.traceparent,
                expected_version=meta.expected_version,
            )
        except (KafkaUnavailable, ClientNotRunning) as error:
            raise Unavailable("Kafka", str(error)) from error
        except TooManyCommands as error:
            raise Overloaded("commands", error.limit) from error
        except CommandTooLarge as error:
            raise TooLarge(error.size_bytes, error.limit_bytes) from error

    async def check(self) -> None:
        try:
            await self._client.check()
        except (KafkaUnavailable, ClientNotRunning) as error:
            raise Unavailable("Kafka", str(error)) from error
