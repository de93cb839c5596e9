"""The rules for a version of a message that was published, and for the state of a saga: what may change, what not.

An event must stay compatible both ways. The events that are stored are read by the new code; and what the new code
writes is read by workers and services of the release before, and by the code that an operator goes back to. Events are
read tolerantly: fields that the reader does not know are passed over.

A command must be accepted as it was: old clients go on sending it, and it may wait in Kafka. Commands are read
strictly.

The state of a saga's instance is stored and read by later releases, and has no version. So the new code must read what
any older release has stored, which lacks the facts that were added since. Facts that it does not know stay in it.
"""

from contracts.compatibility.containment import Unknown, misfits
from contracts.compatibility.misfit import Sides
from contracts.compatibility.variants import Schema

_STORED = Sides("stored events", "is", "now")
_EMITTED = Sides("new events", "was", "before")
_SENT = Sides("old clients", "is", "now")
_STORED_STATES = Sides("stored states", "is", "now", "the state")


def event_breaks(before: Schema, now: Schema) -> list[str]:
    """Why an event with the schema `now` does not fit the one that was published with the schema `before`."""
    backward = [_STORED.reason(misfit) for misfit in misfits(before, now, Unknown.KEPT)]
    forward = [_EMITTED.reason(misfit) for misfit in misfits(now, before, Unknown.IGNORED)]
    return _once(backward + forward)


def command_breaks(before: Schema, now: Schema) -> list[str]:
    """Why a command with the schema `now` does not take what is sent after the schema `before`."""
    return _once([_SENT.reason(misfit) for misfit in misfits(before, now, Unknown.REFUSED)])


def saga_state_breaks(before: Schema, now: Schema) -> list[str]:
    """Why a saga with the state's schema `now` does not go on from what is stored after the schema `before`."""
    backward = [_STORED_STATES.reason(misfit) for misfit in misfits(before, now, Unknown.CARRIED)]
    renamed = [
        f"field `{old}` is gone now and `{new}` takes the same values: if that is its new name, stored states have the "
        "old one"
        for old, new in renamed_facts(before, now)
    ]
    return _once(backward + renamed)


def renamed_facts(before: Schema, now: Schema) -> list[tuple[str, str]]:
    """The facts that are gone, each with an added one that takes the same values. What is stored under the one would
    stay unread, and the other would be its default; nothing but the names shows it, so it counts as a new name.
    """
    facts, facts_now = before.get("properties", {}), now.get("properties", {})
    gone, added = facts.keys() - facts_now.keys(), facts_now.keys() - facts.keys()
    return [
        (old, new)
        for old in sorted(gone)
        for new in sorted(added)
        if _take_the_same(_defined(facts[old], before), _defined(facts_now[new], now))
    ]


def _take_the_same(fact: Schema, other: Schema) -> bool:
    return not misfits(fact, other, Unknown.KEPT) and not misfits(other, fact, Unknown.KEPT)


def _defined(fact: Schema, whole: Schema) -> Schema:
    """The schema of a fact with the definitions that it may refer to."""
    return {**fact, "$defs": whole.get("$defs", {})}


def _once(reasons: list[str]) -> list[str]:
    return list(dict.fromkeys(reasons))
