"""One batch of events through the sagas of a lane: states in; states, journal, steps and deadlines out. Pure.

An event that a saga's code cannot take parks its stream for that saga: neither it nor any later event of the stream
reaches it. An event of an instance's own that its code cannot take is left where it is, to be heard later.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Any, NamedTuple

from workers.core.recorded import Recorded
from workers.core.saga import Saga
from workers.parking import described, parked_by
from workers.ports.parked import ParkedStream
from workers.ports.sagas import DeadlineRow, InstanceKey, InstanceRow, JournalRow, StepRow, StoredInstance
from workers.saga.instances import Instances
from workers.saga.internal_events import InternalEvent

Waiting = AbstractSet[tuple[str, str]]
"""Saga and stream id of each stream that is parked."""

Place = tuple[str, str, str]
"""Saga, instance id and name of a deadline."""


def concerned(sagas: Sequence[Saga[Any]], events: Sequence[Recorded]) -> list[InstanceKey]:
    """The instances that these events are about. An event that a saga cannot correlate is about none: `follow` says."""
    keys: set[InstanceKey] = set()
    for recorded in events:
        for saga in sagas:
            if type(recorded.event) in saga.reacts_to:
                with suppress(Exception):
                    instance_id = saga.correlate(recorded)
                    if instance_id is not None:
                        keys.add(InstanceKey(saga.name, instance_id))
    return sorted(keys)


class Followed(NamedTuple):
    """What is to be written: the instances that changed and what they took, the steps and deadlines that follow, and
    the streams that wait now. `raised` says of events of an instance's own why its code could not take them. `again`
    is only to be sent: steps that were asked for before.
    """

    instances: Sequence[InstanceRow]
    steps: Sequence[StepRow]
    parked: Sequence[ParkedStream] = ()
    journal: Sequence[JournalRow] = ()
    deadlines: Sequence[DeadlineRow] = ()
    cleared_deadlines: Sequence[Place] = ()
    raised: Mapping[InstanceKey, str] = {}
    again: Sequence[StepRow] = ()


def follow(
    sagas: Sequence[Saga[Any]],
    events: Sequence[Recorded],
    stored: Mapping[InstanceKey, StoredInstance],
    position: int,
    waiting: Waiting = frozenset(),
    partition: int = 0,
) -> Followed:
    """What follows from events of the log; the steps are numbered from `position` + 1. Those of the streams in
    `waiting` are passed over.
    """
    instances = Instances(stored, position, partition)
    parked: dict[tuple[str, str], ParkedStream] = {}
    for recorded in events:
        for saga in sagas:
            place = (saga.name, recorded.stream_id)
            if type(recorded.event) not in saga.reacts_to or place in waiting or place in parked:
                continue
            error = instances.apply(saga, recorded)
            if error is not None:
                parked[place] = parked_by(saga.name, recorded, error)
    return _followed(instances)._replace(parked=list(parked.values()))


def handle(
    sagas: Sequence[Saga[Any]],
    own: Sequence[InternalEvent],
    stored: Mapping[InstanceKey, StoredInstance],
    position: int,
) -> Followed:
    """What follows from events of the instances' own. Those of sagas that are not here any more change nothing."""
    instances = Instances(stored, position, 0)
    by_name = {saga.name: saga for saga in sagas}
    raised: dict[InstanceKey, str] = {}
    for key, recorded, _ in own:
        if key in stored and key not in raised and key.saga in by_name:
            error = instances.apply(by_name[key.saga], recorded, key)
            if error is not None:
                raised[key] = described(error)
    return _followed(instances)._replace(raised=raised)


def _followed(instances: Instances) -> Followed:
    deadlines = instances.deadlines
    return Followed(
        instances.rows(),
        instances.steps,
        (),
        instances.journal,
        [row for row in deadlines.values() if row is not None],
        [place for place, row in deadlines.items() if row is None],
        again=tuple(instances.again),
    )
