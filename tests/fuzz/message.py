"""Valid commands made from a seed, as any client may send them. Mutations start from these."""

import json
import random
import uuid
from typing import Any, NamedTuple

from contracts.users.examples import PASSWORD_HASH
from tests.sent_commands import user_fields

Header = tuple[str, bytes | None]


class Message(NamedTuple):
    """A record to produce. `partition` -1 leaves the choice to the client's partitioner."""

    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    partition: int = -1

    def header(self, name: str) -> bytes | None:
        """The last header of that name, as Annals reads it."""
        return dict(self.headers).get(name)


def identifier(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def create_user(chance: random.Random) -> Message:
    user_id = identifier(chance)
    return command(chance, "users.CreateUser.v1", user_id, user_fields(user_id))


def any_command(chance: random.Random) -> Message:
    """A command, mostly a CreateUser; the others name users that do not exist."""
    user_id = identifier(chance)
    others: dict[str, dict[str, Any]] = {
        "users.UpdateUser.v1": {"city": "Paris"},
        "users.WelcomeUser.v1": {},
        "users.ChangePassword.v1": {"password_hash": PASSWORD_HASH},
        "users.DeleteUser.v1": {"reason": "asked for"},
    }
    if chance.random() < 0.7:
        return create_user(chance)
    wire_type = chance.choice(sorted(others))
    return command(chance, wire_type, user_id, {"user_id": user_id, **others[wire_type]})


def command(chance: random.Random, wire_type: str, user_id: str, fields: dict[str, Any]) -> Message:
    """A command with all headers that a careful client sends."""
    command_id = identifier(chance)
    texts = {
        "ce_specversion": "1.0",
        "ce_id": command_id,
        "ce_type": wire_type,
        "ce_source": "/tests/fuzz",
        "ce_subject": user_id,
        "ce_time": "2026-01-02T03:04:05Z",
        "content-type": "application/json",
        "ce_correlationid": command_id,
        "ce_causationid": command_id,
        "ce_actor": "fuzz",
        "traceparent": f"00-{chance.getrandbits(128):032x}-{chance.getrandbits(64):016x}-01",
    }
    headers = tuple((name, text.encode()) for name, text in texts.items())
    return Message(user_id.encode(), json.dumps(fields).encode(), headers)
