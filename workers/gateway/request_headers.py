"""The headers of a request to send a command, read and checked.

`Idempotency-Key` makes the id of a command a function of caller, method, path and key, so a repeat is the same
command; another command with that id is rejected (command_dispatcher.py). `Prefer: wait=<s>` is how long the caller
waits for the outcome. `If-Match` and `If-None-Match` are preconditions on the stream (preconditions.py).
"""

import hmac
import re
from typing import Annotated, NamedTuple, Self
from uuid import UUID, uuid5

from fastapi import Depends, Header, Request
from uuid_utils.compat import uuid7

from contracts.principal import Principal
from workers.gateway.callers import ANONYMOUS, caller_of, principal_of
from workers.gateway.preconditions import TAGS_PATTERN, Preconditions, preconditions_of
from workers.gateway.problems import invalid_header
from workers.gateway.request_body import refuse_doubled_names
from workers.ports.commands import CommandMeta

DEFAULT_WAIT_SECONDS = 5.0
MAX_WAIT_SECONDS = 30.0
MAX_IDEMPOTENCY_KEY_CHARACTERS = 200
SALT_BYTES = 16

# Random, and fixed for ever: every gateway must derive the same ids.
COMMAND_NAMESPACE = UUID("6f7c2a4e-3f0b-4d0a-9d5e-5b1e0a8c7d21")
STREAM_NAMESPACE = UUID("c3b1f6d2-8a47-4e55-b0c9-2f64d7a91e08")

_PRINTABLE = re.compile(r"[\x20-\x7e]+")
_WAIT = re.compile(r"wait\s*=\s*\"?([0-9]{1,6})\"?", re.IGNORECASE)

# What the functions below check is also part of the OpenAPI document.
IdempotencyKey = Annotated[
    str | None,
    Header(
        description="A repeat under the same key gets the first answer and changes nothing. With another body it is "
        "refused with 422. A key belongs to its caller, method and path.",
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


class RequestMetadata(NamedTuple):
    """What a request tells about its command. `may_be_repeat`: the caller chose the id, so the command may have been
    handled before; then `salt` makes the hash of a secret the same in each repeat. The salt is derived from the key,
    which is stored nowhere. `principal` is the caller, with those of its scopes that rules name (a token may have many
    others, and a command has little room), None for the anonymous one.
    """

    command_id: str
    correlation_id: str
    traceparent: str | None
    wait_seconds: float
    may_be_repeat: bool
    salt: bytes | None = None
    principal: Principal | None = None

    def meta(self, expected_version: int | None = None, causation_id: str | None = None) -> CommandMeta:
        """What goes with the command. Without a `causation_id` the request itself is the cause."""
        return CommandMeta(
            command_id=self.command_id,
            correlation_id=self.correlation_id,
            causation_id=causation_id or self.command_id,
            principal=self.principal,
            traceparent=self.traceparent,
            expected_version=expected_version,
        )

    def attempt(self, number: int) -> Self:
        """The metadata for sending the command again under another id; 0 is the first attempt. A repeat of the request
        gets the same ids.
        """
        if number == 0:
            return self
        return self._replace(command_id=str(uuid5(COMMAND_NAMESPACE, f"{self.command_id} attempt {number}")))

    def new_stream_id(self) -> str:
        """An id for the stream that the command creates; a repeat of the request gets the same."""
        return str(uuid5(STREAM_NAMESPACE, self.command_id)) if self.may_be_repeat else str(uuid7())


async def request_metadata(
    request: Request, idempotency_key: IdempotencyKey = None, prefer: Prefer = None
) -> RequestMetadata:
    """The dependency of every route that sends a command."""
    await refuse_doubled_names(request)
    principal = principal_of(request)
    if idempotency_key is None:
        command_id = str(uuid7())
    else:
        if len(idempotency_key) > MAX_IDEMPOTENCY_KEY_CHARACTERS or not _PRINTABLE.fullmatch(idempotency_key):
            raise invalid_header(
                "Idempotency-Key", f"must have 1 to {MAX_IDEMPOTENCY_KEY_CHARACTERS} printable ASCII characters"
            )
        command_id = command_id_from(idempotency_key, request.method, request.url.path, caller_of(request))
    return RequestMetadata(
        command_id,
        request.state.correlation_id,
        request.state.traceparent,
        wait_seconds(prefer, DEFAULT_WAIT_SECONDS),
        idempotency_key is not None,
        None if idempotency_key is None else salt_from(idempotency_key, command_id),
        None if principal is None else principal._replace(scopes=principal.scopes & request.app.state.scopes),
    )


def command_id_from(key: str, method: str, path: str, caller: str) -> str:
    """The id of the command that a caller's Idempotency-Key stands for at this method and path.

    It must stay as it is: under another id, a repeat that is sent after an upgrade would be a second command.
    """
    request = f"{method} {path} {key}"
    # The length says where the name ends; no method is in lower case.
    name = request if caller == ANONYMOUS else f"caller {len(caller)} {caller} {request}"
    return str(uuid5(COMMAND_NAMESPACE, name))


def salt_from(key: str, command_id: str) -> bytes:
    """The salt for secrets of the command with this id, derived from the Idempotency-Key."""
    return hmac.digest(key.encode(), f"salt {command_id}".encode(), "sha256")[:SALT_BYTES]


Metadata = Annotated[RequestMetadata, Depends(request_metadata)]


def wait_seconds(prefer: str | None, otherwise: float) -> float:
    """The wait that a Prefer header (RFC 7240) requests, within limits. Unknown preferences are ignored."""
    for preference in (prefer or "").split(","):
        name = preference.split(";")[0].strip()
        if match := _WAIT.fullmatch(name):
            return min(float(match[1]), MAX_WAIT_SECONDS)
        if name.lower() == "respond-async":
            return 0.0
    return otherwise


async def conditions(request: Request, if_match: IfMatch = None, if_none_match: IfNoneMatch = None) -> Preconditions:
    """The dependency of every route that sends a command to a stream. The parameters are for the OpenAPI document: the
    framework would read one line of each header.
    """
    return preconditions_of(request.headers)


Conditions = Annotated[Preconditions, Depends(conditions)]
