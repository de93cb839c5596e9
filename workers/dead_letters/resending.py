"""A dead letter on its way back to its topic: under which id, and as which record. Pure.

A command without an outcome goes out under its own id: whoever sends it twice gets one outcome. A command that failed
has an outcome, which a repeat would only be given again; so it goes out as a new command whose id follows from the
first one's and the number of the attempt. Two operators, or one after a crash, come to the same id.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from uuid_utils import UUID, uuid5

from contracts.envelope import CommandEnvelope
from contracts.outcome import Status
from workers.dead_letters.letter import Letter
from workers.ports.log import OutboundRecord


class Attempt(NamedTuple):
    """One sending. `root_id` is the first command's id, `number` counts the attempts at what it wanted, from 1."""

    root_id: str
    number: int
    command_id: str


class Handled(NamedTuple):
    """No sending: the command, or an earlier attempt, has an answer that is not a fault of ours."""

    command_id: str
    status: Status


def next_attempt(root_id: str, earlier: Sequence[str], statuses: Mapping[str, Status]) -> Attempt | Handled:
    """What to do about a command that was sent again under the ids `earlier`, given the outcomes that there are."""
    current = earlier[-1] if earlier else root_id
    status = statuses.get(current)
    if status is None:
        return Attempt(root_id, max(len(earlier), 1), current)
    if status != "failed":
        return Handled(current, status)
    number = len(earlier) + 1
    return Attempt(root_id, number, str(uuid5(UUID(root_id), f"retry/{number}")))


def record_again(letter: Letter, envelope: CommandEnvelope | None, attempt: Attempt | None) -> OutboundRecord:
    """The original bytes, key and headers; as a new command, caused by the first one, when the attempt has a new id."""
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
    return OutboundRecord(original.key, original.value, headers)
