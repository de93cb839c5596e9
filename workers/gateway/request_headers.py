"""What requests may say in their headers, read and checked; see README.md, "HTTP".

`Idempotency-Key` makes a command's id a function of method, path and key, so a repeat is the same command; another
command under that id is refused (asking.py). `Prefer:
wait=<s>` is how long the caller waits for the outcome. `If-Match` and `If-None-Match` say what the stream must be like
(preconditions.py).
"""

import hmac
import re
from typing import Annotated, NamedTuple, Self
from uuid import UUID, uuid5

from fastapi import Depends, Header, Request
from uuid_utils.compat import uuid7

from workers.gateway.preconditions import TAGS_PATTERN, Preconditions, preconditions_of
from workers.gateway.problems import invalid_header
from workers.gateway.request_body import refuse_doubled_names
from workers.ports.commands import CommandMeta

DEFAULT_WAIT_SECONDS = 5.0
MAX_WAIT_SECONDS = 30.0
MAX_IDEMPOTENCY_KEY_CHARACTERS = 200
SALT_BYTES = 16

# Chosen once, at random: ids must come out the same on every gateway, for ever.
COMMAND_NAMESPACE = UUID("6f7c2a4e-3f0b-4d0a-9d5e-5b1e0a8c7d21")
STREAM_NAMESPACE = UUID("c3b1f6d2-8a47-4e55-b0c9-2f64d7a91e08")

_PRINTABLE = re.compile(r"[\x20-\x7e]+")
_WAIT = re.compile(r"wait\s*=\s*\"?([0-9]{1,6})\"?", re.IGNORECASE)

# What the functions below check is told to those who read the OpenAPI document, too.
IdempotencyKey = Annotated[
    str | None,
    Header(
        description="A repeat under the same key gets the first answer and changes nothing. With another body it is "
        "refused with 422.",
        json_schema_extra={"pattern": r"^[\x20-\x7e]+$", "maxLength": MAX_IDEMPOTENCY_KEY_CHARACTERS},
    ),
]
Prefer = Annotated[
    str | None, Header(description="`wait=<seconds>`: how long to wait for the outcome (5; at most 30) before a 202.")
]
IfMatch = Annotated[
    str | None,
    Header(
        description='`"<version>"`, several of them, or `*` for any: refused with 412 when there is another version.',
        json_schema_extra={"pattern": TAGS_PATTERN},
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(
        description='`*`, or `"<version>"`s: refused with 412 when there is something already, or that very version.',
        json_schema_extra={"pattern": TAGS_PATTERN},
    ),
]


class Asked(NamedTuple):
    """What a request says about its command. `may_be_repeat`: the caller chose the id, so it may have been handled;
    then `salt` makes a secret's hash the same in each repeat. It follows from the key, which is stored nowhere.
    """

    command_id: str
    correlation_id: str
    traceparent: str | None
    wait_seconds: float
    may_be_repeat: bool
    salt: bytes | None = None

    def meta(self, expected_version: int | None = None, causation_id: str | None = None) -> CommandMeta:
        """What goes with the command. Without a `causation_id` nothing but the request has caused it."""
        return CommandMeta(
            command_id=self.command_id,
            correlation_id=self.correlation_id,
            causation_id=causation_id or self.command_id,
            traceparent=self.traceparent,
            expected_version=expected_version,
        )

    def attempt(self, number: int) -> Self:
        """For sending the command once more, as another: 0 is the first time. A repeat of the request gets the same."""
        if number == 0:
            return self
        return self._replace(command_id=str(uuid5(COMMAND_NAMESPACE, f"{self.command_id} attempt {number}")))

    def new_stream_id(self) -> str:
        """An id for what the command creates; a repeat gets the same."""
        return str(uuid5(STREAM_NAMESPACE, self.command_id)) if self.may_be_repeat else str(uuid7())


async def asked(request: Request, idempotency_key: IdempotencyKey = None, prefer: Prefer = None) -> Asked:
    """The dependency of every route that sends a command."""
    await refuse_doubled_names(request)
    if idempotency_key is None:
        command_id = str(uuid7())
    else:
        if len(idempotency_key) > MAX_IDEMPOTENCY_KEY_CHARACTERS or not _PRINTABLE.fullmatch(idempotency_key):
            raise invalid_header(
                "Idempotency-Key", f"must have 1 to {MAX_IDEMPOTENCY_KEY_CHARACTERS} printable ASCII characters"
            )
        command_id = str(uuid5(COMMAND_NAMESPACE, f"{request.method} {request.url.path} {idempotency_key}"))
    return Asked(
        command_id,
        request.state.correlation_id,
        request.state.traceparent,
        wait_seconds(prefer, DEFAULT_WAIT_SECONDS),
        idempotency_key is not None,
        None if idempotency_key is None else salt_from(idempotency_key, command_id),
    )


def salt_from(key: str, command_id: str) -> bytes:
    """The salt of what is hashed for the command with this id, made under this key."""
    return hmac.digest(key.encode(), f"salt {command_id}".encode(), "sha256")[:SALT_BYTES]


Asking = Annotated[Asked, Depends(asked)]


def wait_seconds(prefer: str | None, otherwise: float) -> float:
    """The wait that a Prefer header (RFC 7240) asks for, within limits. Preferences not understood are passed over."""
    for preference in (prefer or "").split(","):
        name = preference.split(";")[0].strip()
        if found := _WAIT.fullmatch(name):
            return min(float(found[1]), MAX_WAIT_SECONDS)
        if name.lower() == "respond-async":
            return 0.0
    return otherwise


async def conditions(request: Request, if_match: IfMatch = None, if_none_match: IfNoneMatch = None) -> Preconditions:
    """The dependency of every route that sends a command to a stream. The parameters are for the OpenAPI document: the
    framework would read one line of each header.
    """
    return preconditions_of(request.headers)


Conditions = Annotated[Preconditions, Depends(conditions)]
