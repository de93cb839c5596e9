"""What clients send in a schedule: few users and fewer e-mail addresses, so that commands conflict often."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

from contracts.catalogue import catalogue
from contracts.envelope import CommandEnvelope
from contracts.message import Command
from contracts.partitioner import partition_for
from contracts.topics import Topics
from contracts.users.commands import ChangePassword, CreateUser, DeleteUser, UpdateUser, WelcomeUser
from contracts.users.examples import PASSWORD_HASH
from workers.command.reading import DeadLetter, Request, read
from workers.ports.log import InboundRecord, OutboundRecord
from workers.ports.outcomes import CommandKey

TOPICS = Topics()
COMMANDS, EVENTS = TOPICS.commands("users"), TOPICS.events("users")
PARTITIONS = 2
CLIENTS = 2
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
"""The database's time when a schedule begins."""

USERS = tuple(f"user-{number}" for number in range(8))
EMAILS = tuple(f"{name}@example.org" for name in ("ada", "bob", "cyd", "dan", "eve"))
CITIES = ("Turin", "London", None)
HASHES = (PASSWORD_HASH, PASSWORD_HASH.replace("t=3", "t=4"))


class Submission(NamedTuple):
    """A record that a client sends at a time, and how often it tries when it gets no answer."""

    at: float
    client: int
    partition: int
    record: OutboundRecord
    tries: int

    def __str__(self) -> str:
        kind = dict(self.record.headers).get("ce_type", b"?").decode()
        key, value = self.record.key or b"", self.record.value or b""
        return f"{self.at:7.3f} s  client-{self.client} to {self.partition}: {kind} {key.decode()} {value.decode()}"


def drawn_submissions(chance: Random) -> list[Submission]:
    """The commands of one schedule, in the order of time; some come in bursts."""
    count = chance.randint(20, 36)
    moments: list[float] = []
    while len(moments) < count:
        moment = chance.uniform(0.2, 8.0)
        apart = chance.choice((0.0007, 0.03))
        moments += [moment + place * apart for place in range(chance.choice((1, 1, 2, 6)))]
    submissions: list[Submission] = []
    for moment in sorted(moments[:count]):
        submissions.append(_submission(chance, round(moment, 4), submissions))
    return submissions


def _submission(chance: Random, at: float, before: list[Submission]) -> Submission:
    client, tries = chance.randrange(CLIENTS), chance.randint(1, 3)
    draw = chance.random()
    if before and draw < 0.12:
        return chance.choice(before)._replace(at=at, client=client)
    command = _command(chance)
    identity = str(UUID(int=chance.getrandbits(128), version=4))
    if before and draw < 0.14:
        # A mistake of the client: the id of another command.
        identity = dict(chance.choice(before).record.headers).get("ce_id", identity.encode()).decode()
    record = OutboundRecord(command.stream_id.encode(), command.to_json(), _headers(chance, command, identity, at))
    partition = partition_for(command.stream_id.encode(), PARTITIONS)
    if draw > 0.93:
        partition = 1 - partition
    elif draw > 0.90:
        record = _spoilt(chance, record)
    return Submission(at, client, partition, record, tries)


def _command(chance: Random) -> Command:
    user, email = chance.choice(USERS), chance.choice(EMAILS)
    draw = chance.random()
    if draw < 0.45:
        secret = chance.choice((None, *HASHES))
        return CreateUser(user_id=user, first_name="Ada", last_name="Lovelace", email=email, password_hash=secret)
    if draw < 0.62:
        return UpdateUser(user_id=user, email=email.upper() if chance.random() < 0.2 else email)
    if draw < 0.74:
        return UpdateUser(user_id=user, city=chance.choice(CITIES))
    if draw < 0.86:
        return DeleteUser(user_id=user)
    if draw < 0.96:
        return ChangePassword(user_id=user, password_hash=chance.choice(HASHES))
    return WelcomeUser(user_id=user)


def _headers(chance: Random, command: Command, identity: str, at: float) -> list[tuple[str, bytes]]:
    expected = chance.randint(0, 3) if chance.random() < 0.1 else None
    expires = BEGIN + timedelta(seconds=at + chance.uniform(-1, 4)) if chance.random() < 0.1 else None
    envelope = CommandEnvelope(
        id=identity,
        type=command.type,
        source="/simulation",
        subject=command.stream_id,
        time="2026-01-01T00:00:00Z",
        correlation_id=f"correlation of {identity}",
        causation_id=identity,
        reply_to=f"replies:{chance.randrange(PARTITIONS)}",
        expected_version=expected,
        expires_at=expires,
    )
    return envelope.to_headers()


def _spoilt(chance: Random, record: OutboundRecord) -> OutboundRecord:
    match chance.randrange(4):
        case 0:
            return record._replace(value=b"{")
        case 1:
            return record._replace(headers=[header for header in record.headers if header[0] != "ce_id"])
        case 2:
            return record._replace(value=b'{"user_id": 7}')
        case _:
            return record._replace(key=None)


def parsed_command(record: InboundRecord) -> Request | DeadLetter:
    """The request or dead letter that a record of the topic of commands is."""
    return read(record, catalogue().commands, "users")


def key_of(request: Request) -> CommandKey:
    """What a command is known by."""
    return CommandKey("users", request.envelope.subject, request.envelope.id)
