"""The rules for a version of a message that was published: what may change about it, and what may not.

An event must stay compatible both ways. The events that are stored are read by the new code; and what the new code
writes is read by workers and services of the release before, and by the code that an operator goes back to. Events are
read tolerantly: fields that the reader does not know are passed over.

A command must be accepted as it was: old clients go on sending it, and it may wait in Kafka. Commands are read
strictly.
"""

from contracts.compatibility.containment import Unknown, misfits
from contracts.compatibility.misfit import Sides
from contracts.compatibility.variants import Schema

_STORED = Sides("stored events", "is", "now")
_EMITTED = Sides("new events", "was", "before")
_SENT = Sides("old clients", "is", "now")


def event_breaks(before: Schema, now: Schema) -> list[str]:
    """Why an event with the schema `now` does not fit the one that was published with the schema `before`."""
    backward = [_STORED.reason(misfit) for misfit in misfits(before, now, Unknown.KEPT)]
    forward = [_EMITTED.reason(misfit) for misfit in misfits(now, before, Unknown.IGNORED)]
    return _once(backward + forward)


def command_breaks(before: Schema, now: Schema) -> list[str]:
    """Why a command with the schema `now` does not take what is sent after the schema `before`."""
    return _once([_SENT.reason(misfit) for misfit in misfits(before, now, Unknown.REFUSED)])


def _once(reasons: list[str]) -> list[str]:
    return list(dict.fromkeys(reasons))
