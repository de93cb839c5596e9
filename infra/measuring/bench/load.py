"""The load: users who sign up and move; and how commands are put on the topics.

Ids are those that the published client and the gateway make, which sort by time: an index keeps them together. E-mail
addresses come in any order, as those of people do.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from contracts.client.identifiers import new_identifier
from contracts.envelope import CommandEnvelope, rfc3339
from contracts.message import Command
from contracts.partitioner import partition_for
from contracts.topics import Topics
from contracts.users.commands import CreateUser, UpdateUser
from infra.kafka.message_sender import KafkaMessageSender
from infra.settings import Settings
from workers.ports.log import OutboundRecord

CONTEXT = "users"
SOURCE = "/annals/bench"
SEND_BATCH = 5000

Sign = Callable[[CommandEnvelope, bytes], CommandEnvelope]
"""The envelope of a command with this value, with the proof of who sends it."""


def sign_up(user_id: str | None = None) -> CreateUser:
    """A new user; with a new id unless one is given."""
    return CreateUser(
        user_id=user_id or new_identifier(),
        first_name="Ada",
        last_name="Lovelace",
        email=f"{secrets.token_hex(16)}@example.org",
        city="London",
    )


def sign_ups(count: int, user_ids: Sequence[str] = ()) -> Iterator[CreateUser]:
    """New users, the first of them with these ids."""
    return (sign_up(user_ids[number] if number < len(user_ids) else None) for number in range(count))


def moves(count: int, user_ids: Sequence[str]) -> Iterator[UpdateUser]:
    """Users who move, each in turn, always to another city."""
    return (
        UpdateUser(user_id=user_ids[number % len(user_ids)], city=f"City {number // len(user_ids)}")
        for number in range(count)
    )


def unsigned(envelope: CommandEnvelope, _value: bytes) -> CommandEnvelope:
    """Without a proof."""
    return envelope


async def put_on_topic(settings: Settings, commands: Iterable[Command], sign: Sign = unsigned) -> None:
    """Put these commands, each with a reply requested, on their contexts' topics as fast as Kafka accepts them."""
    remaining, sender = iter(commands), KafkaMessageSender(settings)
    try:
        while batch := list(islice(remaining, SEND_BATCH)):
            await sender.send(list(_records(settings, batch, sign)))
    finally:
        await sender.stop()


def _records(settings: Settings, commands: Sequence[Command], sign: Sign) -> Iterator[tuple[str, int, OutboundRecord]]:
    now, topics = rfc3339(datetime.now(UTC)), Topics(settings.topic_prefix)
    for number, command in enumerate(commands):
        command_id, value = new_identifier(), command.to_json()
        envelope = CommandEnvelope(
            id=command_id,
            type=command.type,
            source=SOURCE,
            subject=command.stream_id,
            time=now,
            correlation_id=command_id,
            causation_id=command_id,
            reply_to=f"{topics.replies}:{number % settings.partitions}",
        )
        key = command.stream_id.encode()
        record = OutboundRecord(key, value, sign(envelope, value).to_headers())
        yield topics.commands(command.context), partition_for(key, settings.partitions), record
