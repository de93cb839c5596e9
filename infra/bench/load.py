"""The load: users who sign up, each with names and an e-mail address of their own."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from contracts.envelope import CommandEnvelope, rfc3339
from contracts.partitioner import partition_for
from contracts.users.commands import CreateUser
from infra.kafka.courier import KafkaCourier
from infra.settings import Settings
from workers.ports.log import OutboundRecord

CONTEXT = "users"
PROJECTION = "users"
SEND_BATCH = 5000


def sign_up() -> CreateUser:
    """A new user."""
    user_id = str(uuid.uuid4())
    return CreateUser(
        user_id=user_id, first_name="Ada", last_name="Lovelace", email=f"{user_id}@example.org", city="London"
    )


async def preload(settings: Settings, count: int) -> None:
    """Put so many commands, each asking for a reply, on the topic before anybody reads it."""
    topic = f"{settings.topic_prefix}{CONTEXT}.commands"
    courier = KafkaCourier(settings)
    try:
        for start in range(0, count, SEND_BATCH):
            records = _records(settings, min(SEND_BATCH, count - start))
            await courier.deliver([(topic, partition, record) for partition, record in records])
    finally:
        await courier.stop()


def _records(settings: Settings, count: int) -> Iterator[tuple[int, OutboundRecord]]:
    now = rfc3339(datetime.now(UTC))
    for number in range(count):
        command = sign_up()
        command_id = str(uuid.uuid4())
        envelope = CommandEnvelope(
            id=command_id,
            type=command.type,
            source="/annals/bench",
            subject=command.user_id,
            time=now,
            correlation_id=command_id,
            causation_id=command_id,
            reply_to=f"{settings.topic_prefix}replies:{number % settings.partitions}",
        )
        key = command.user_id.encode()
        yield partition_for(key, settings.partitions), OutboundRecord(key, command.to_json(), envelope.to_headers())
