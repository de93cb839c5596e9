"""A dead letter on its way back to its topic: under which command id, and as which record. Pure.

A command without an outcome is sent again under its own id: however often it arrives, it gets one outcome. A command
that failed has an outcome, and a repeat would only be answered with it; so it is sent as a new command, whose id is
derived from the first command's id and the number of the attempt. Two operators, or one operator before and after a
crash, derive the same id.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from uuid_utils import UUID, uuid5

from contracts.envelope import CommandEnvelope, read_command
from contracts.identity import Identities, IdentityRefused
from contracts.outcome import Status
from contracts.usual_headers import IDENTITY
from workers.operations.dead_letters.letter import Letter
from workers.ports.log import InboundRecord, OutboundRecord


class Attempt(NamedTuple):
    """One sending. `root_id` is the first command's id; `number` counts the attempts to get it handled, from 1."""

    root_id: str
    number: int
    command_id: str


class Handled(NamedTuple):
    """Nothing is to be sent: this command, the first one or an attempt, has an outcome that is not `failed`."""

    command_id: str
    status: Status


def next_attempt(root_id: str, earlier: Sequence[str], statuses: Mapping[str, Status]) -> Attempt | Handled:
    """What to do about a command that was sent again under the ids `earlier`. `statuses` are those of the outcomes that
    exist, by command id.
    """
    current = earlier[-1] if earlier else root_id
    status = statuses.get(current)
    if status is None:
        return Attempt(root_id, max(len(earlier), 1), current)
    if status != "failed":
        return Handled(current, status)
    number = len(earlier) + 1
    return Attempt(root_id, number, str(uuid5(UUID(root_id), f"retry/{number}")))


def record_again(
    letter: Letter, envelope: CommandEnvelope | None, attempt: Attempt | None, identities: Identities | None = None
) -> OutboundRecord:
    """The record to send: the original key, value and headers. An attempt with a new id is a new command, caused by the
    first one; only its ids change. By `identities` it is proven anew who has sent the original; None: it is not.
    """
    original = letter.original
    headers = list(original.headers)
    if envelope is not None and attempt is not None and attempt.command_id != envelope.id:
        changed = {
            "ce_id": attempt.command_id.encode(),
            "ce_causationid": attempt.root_id.encode(),
            "ce_correlationid": envelope.correlation_id.encode(),
        }
        headers = [(name, value) for name, value in headers if name not in changed]
        headers += changed.items()
    if identities is not None and envelope is not None:
        headers = _with_identity(headers, original, envelope, identities)
    return OutboundRecord(original.key, original.value, headers)


def _with_identity(
    headers: list[tuple[str, bytes]], original: InboundRecord, envelope: CommandEnvelope, identities: Identities
) -> list[tuple[str, bytes]]:
    """The headers with the identity of the original's sender, for these headers and from now on. One that proves
    nothing stays as it is.
    """
    value = original.value or b""
    try:
        principal = identities.principal(envelope, value, even_expired=True)
    except IdentityRefused:
        return headers
    if principal is None:
        return headers
    others = [(name, value) for name, value in headers if name != IDENTITY]
    signed = identities.signed(principal, read_command(others, original.key), value)
    return [*others, (IDENTITY, (signed.identity or "").encode())]
