"""Commands as another client than Annals' own sends them."""

import json
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from contracts.partitioner import partition_for
from infra.settings import Settings

LANES: int = Settings.model_fields["partitions"].default


class Sent(NamedTuple):
    """A command as it was produced."""

    command_id: str
    stream_id: str
    value: bytes
    headers: list[tuple[str, str | bytes | None]]


def create_user(**replaced: Any) -> Sent:
    """A CreateUser command with its own ids; `replaced` are values for some of its fields."""
    fields = {**user_fields(replaced.get("user_id") or str(uuid.uuid4())), **replaced}
    return command("users.CreateUser.v1", fields["user_id"], fields)


def user_fields(user_id: str) -> dict[str, Any]:
    """Those of a CreateUser command."""
    return {
        "user_id": user_id,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": f"{user_id}@example.org",
        "city": "London",
    }


def command(wire_type: str, stream_id: str, fields: dict[str, Any] | bytes, **headers: str) -> Sent:
    """A command with only the headers that the contract requires, and `headers`."""
    command_id = headers.pop("ce_id", str(uuid.uuid4()))
    texts = {"ce_id": command_id, "ce_type": wire_type, "ce_source": "/tests", **headers}
    value = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return Sent(command_id, stream_id, value, [(name, text.encode()) for name, text in texts.items()])


def create_users(count: int) -> Sequence[Sent]:
    """CreateUser commands spread evenly over the lanes of an installation: none of them has too few by chance."""
    return [_create_user_in(number % LANES) for number in range(count)]


def _create_user_in(lane: int) -> Sent:
    while partition_for((user_id := str(uuid.uuid4())).encode(), LANES) != lane:
        pass
    return create_user(user_id=user_id)
