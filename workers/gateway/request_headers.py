"""What requests may say in their headers, read and checked; see README.md, "HTTP".

`Idempotency-Key` makes a command's id a function of method, path and key, so a repeat is the same command. `Prefer:
wait=<s>` is how long the caller waits for the outcome. `If-Match: "<version>"` is the version that the caller saw.
"""

import re
from typing import Annotated, NamedTuple
from uuid import UUID, uuid5

from fastapi import Depends, Header, Request
from uuid_utils.compat import uuid7

from workers.gateway.problems import Problem, invalid_header
from workers.ports.commands import CommandMeta

DEFAULT_WAIT_SECONDS = 5.0
MAX_WAIT_SECONDS = 30.0
MAX_IDEMPOTENCY_KEY_CHARACTERS = 200

# Chosen once, at random: ids must come out the same on every gateway, for ever.
COMMAND_NAMESPACE = UUID("6f7c2a4e-3f0b-4d0a-9d5e-5b1e0a8c7d21")
STREAM_NAMESPACE = UUID("c3b1f6d2-8a47-4e55-b0c9-2f64d7a91e08")

_PRINTABLE = re.compile(r"[\x20-\x7e]+")
# The tag of a card that other streams have a share in says more after a point: that is no version of anything.
_VERSION_TAG = re.compile(r'"([0-9]{1,18})(?:\.[0-9a-f]{1,64})?"')
_ENTITY_TAG = re.compile(r'"[\x21\x23-\x7e]*"')
_ENTITY_TAGS = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"(?:\s*,\s*(?:W/)?"[\x21\x23-\x7e]*")*')
_WAIT = re.compile(r"wait\s*=\s*\"?([0-9]{1,6})\"?", re.IGNORECASE)

# What the functions below check is told to those who read the OpenAPI document, too.
IdempotencyKey = Annotated[
    str | None,
    Header(
        description="A repeat under the same key gets the first answer and changes nothing.",
        json_schema_extra={"pattern": r"^[\x20-\x7e]+$", "maxLength": MAX_IDEMPOTENCY_KEY_CHARACTERS},
    ),
]
Prefer = Annotated[
    str | None, Header(description="`wait=<seconds>`: how long to wait for the outcome (5; at most 30) before a 202.")
]
IfMatch = Annotated[
    str | None,
    Header(
        description='`"<version>"`: refused with 412 when there is another version.',
        json_schema_extra={"pattern": rf"^(\*|{_ENTITY_TAGS.pattern})$"},
    ),
]


class Asked(NamedTuple):
    """What a request says about its command. `may_be_repeat`: the caller chose the id, so it may have been handled."""

    command_id: str
    correlation_id: str
    traceparent: str | None
    wait_seconds: float
    may_be_repeat: bool

    def meta(self, expected_version: int | None = None, causation_id: str | None = None) -> CommandMeta:
        """What goes with the command. Without a `causation_id` nothing but the request has caused it."""
        return CommandMeta(
            command_id=self.command_id,
            correlation_id=self.correlation_id,
            causation_id=causation_id or self.command_id,
            traceparent=self.traceparent,
            expected_version=expected_version,
        )

    def new_stream_id(self) -> str:
        """An id for what the command creates; a repeat gets the same."""
        return str(uuid5(STREAM_NAMESPACE, self.command_id)) if self.may_be_repeat else str(uuid7())


async def asked(request: Request, idempotency_key: IdempotencyKey = None, prefer: Prefer = None) -> Asked:
    """The dependency of every route that sends a command."""
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
    )


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


async def expected_version(if_match: IfMatch = None) -> int | None:
    """The version that the caller saw; None when any will do. RFC 9110, section 13.1.1."""
    if if_match is None or if_match.strip() == "*":
        return None
    if found := _VERSION_TAG.fullmatch(if_match.strip()):
        return int(found[1])
    if _ENTITY_TAGS.fullmatch(if_match.strip()):
        detail = 'If-Match names no version: send the ETag of the latest answer, such as "3".'
        raise Problem(412, "VersionConflict", detail)
    raise invalid_header("If-Match", 'must be the ETag of an earlier answer in its quotes, such as "3"')


ExpectedVersion = Annotated[int | None, Depends(expected_version)]


def seen_version(*headers: str | None) -> int | None:
    """The latest version among the ETags that a query carries back in these headers; None when there is none."""
    versions = [int(found[1]) for header in headers for found in _VERSION_TAG.finditer(header or "")]
    return max(versions, default=None)


def seen_tags(tags: str | None) -> frozenset[str]:
    """The ETags that a query carries back, compared as RFC 9110, section 13.1.2, says: whether weak or not."""
    return frozenset(_ENTITY_TAG.findall(tags or ""))
