"""Applies one batch of events to the sagas of a lane: states in; states, journal, steps and deadlines out. Pure.

An event on which the code of a saga fails parks its stream for that saga: neither this event nor a later one of the
stream is applied. An internal event on which the code fails stays due, to be handled later.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from workers.core.recorded import Recorded, flattened
from workers.core.saga import Saga
from workers.parking import described, parked_by
from workers.ports.parked import ParkedStream
from workers.ports.sagas import DeadlineRow, Following, InstanceKey, InstanceRow, JournalRow, StepRow
from workers.saga.instances import Instances, LoadedInstance, Stored
from workers.saga.internal_events import InternalEvent

Waiting = AbstractSet[tuple[str, str]]
"""The saga and the stream id of each parked stream."""

DeadlineKey = tuple[str, str, str]
"""Saga, instance id and name of a deadline."""


def followings(sagas: Sequence[Saga[Any]], context: str) -> list[Following]:
    """Which events of a context which of the sagas apply."""
    return [Following(saga.name, event.name) for saga in sagas for event in saga.reacts_to if event.context == context]


def concerned(sagas: Sequence[Saga[Any]], events: Sequence[Recorded]) -> list[InstanceKey]:
    """The instances that these events are about. An event on whose correlation a saga fails is left out: `follow` parks
    its stream.
    """
    keys: set[InstanceKey] = set()
    for recorded in flattened(events):
        for saga in sagas:
            if type(recorded.event) in saga.reacts_to:
                try:
                    instance_id = saga.correlate(recorded)
                except Exception:  # noqa: BLE001, S112  # `follow` meets it again
                    continue
                if instance_id is not None:
                    keys.add(InstanceKey(saga.name, instance_id))
    return sorted(keys)


class Followed(NamedTuple):
    """What is to be written: the changed instances with their journal, the steps and deadlines that follow, and the
    streams that are parked now. `failures` are the errors of instances whose code failed on an internal event. `again`
    are earlier steps that are requested again: they are in an outbox already and only have to be sent. `loaded` are the
    changed instances as they are in memory.
    """

    instances: Sequence[InstanceRow]
    steps: Sequence[StepRow]
    parked: Sequence[ParkedStream] = ()
    journal: Sequence[JournalRow] = ()
    deadlines: Sequence[DeadlineRow] = ()
    cleared_deadlines: Sequence[DeadlineKey] = ()
    failures: Mapping[InstanceKey, str] = {}
    again: Sequence[StepRow] = ()
    loaded: Mapping[InstanceKey, LoadedInstance] = {}


def follow(
    sagas: Sequence[Saga[Any]],
    events: Sequence[Recorded],
    stored: Stored,
    position: int,
    waiting: Waiting = frozenset(),
    partition: int = 0,
    seed: str | None = None,
) -> Followed:
    """What follows from events of the log. Steps are numbered from `position` + 1. Events of the streams in `waiting`
    are skipped. `seed` is a random UUID, for the instances that begin.
    """
    instances = Instances(stored, position, partition, seed)
    parked: dict[tuple[str, str], ParkedStream] = {}
    for recorded in events:
        for saga in sagas:
            stream = (saga.name, recorded.stream_id)
            if recorded.more:
                parts = [part for part in recorded.parts if type(part.event) in saga.reacts_to]
            elif type(recorded.event) in saga.reacts_to:
                parts = [recorded]
            else:
                continue
            if stream in waiting or stream in parked:
                continue
            error = instances.apply(saga, parts[0]) if len(parts) == 1 else instances.apply_all(saga, parts)
            if error is not None:
                parked[stream] = parked_by(saga.name, recorded, error)
    return _followed(instances)._replace(parked=list(parked.values()))


def handle(
    sagas: Sequence[Saga[Any]],
    internal_events: Sequence[InternalEvent],
    stored: Stored,
    position: int,
) -> Followed:
    """What follows from internal events. Those of sagas that are no longer installed change nothing."""
    instances = Instances(stored, position, 0)
    by_name = {saga.name: saga for saga in sagas}
    failures: dict[InstanceKey, str] = {}
    for key, recorded, _ in internal_events:
        if key in stored and key not in failures and key.saga in by_name:
            error = instances.apply(by_name[key.saga], recorded, key)
            if error is not None:
                failures[key] = described(error)
    return _followed(instances)._replace(failures=failures)


def _followed(instances: Instances) -> Followed:
    deadlines = instances.deadlines
    return Followed(
        instances.rows(),
        instances.steps,
        (),
        instances.journal,
        [row for row in deadlines.values() if row is not None],
        [key for key, row in deadlines.items() if row is None],
        again=tuple(instances.again),
        loaded=instances.loaded(),
    )
