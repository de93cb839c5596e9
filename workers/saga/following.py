"""One batch of events through the sagas of a context: states and steps in, states and steps out. Pure.

An event that a saga's code cannot take parks its stream for that saga: neither it nor any later event of the stream
reaches it.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Any, NamedTuple

from uuid_utils import UUID, uuid5

from workers.core.recorded import Recorded
from workers.core.saga import Saga, SagaState, Step
from workers.parking import ATTEMPTS, parked_by
from workers.ports.parked import ParkedStream
from workers.ports.sagas import InstanceKey, InstanceRow, StepRow


def concerned(sagas: Sequence[Saga[Any]], events: Sequence[Recorded]) -> list[InstanceKey]:
    """The instances that these events are about. An event that a saga cannot correlate is about none: `follow` says."""
    keys: set[InstanceKey] = set()
    for recorded in events:
        for saga in sagas:
            if type(recorded.event) in saga.reacts_to:
                with suppress(Exception):
                    keys.add(InstanceKey(saga.name, saga.correlate(recorded)))
    return sorted(keys)


class Followed(NamedTuple):
    """The instances that changed, the steps that follow, and the streams that wait now."""

    instances: Sequence[InstanceRow]
    steps: Sequence[StepRow]
    parked: Sequence[ParkedStream]


Waiting = AbstractSet[tuple[str, str]]
"""Saga and stream id of each stream that is parked."""


def follow(
    sagas: Sequence[Saga[Any]],
    events: Sequence[Recorded],
    stored: Mapping[InstanceKey, bytes],
    position: int,
    waiting: Waiting = frozenset(),
) -> Followed:
    """What follows from events; the steps are numbered from `position` + 1. Those of the streams in `waiting` are
    passed over.
    """
    following = _Following(stored, position)
    parked: dict[tuple[str, str], ParkedStream] = {}
    for recorded in events:
        for saga in sagas:
            place = (saga.name, recorded.stream_id)
            if type(recorded.event) not in saga.reacts_to or place in waiting or place in parked:
                continue
            error = following.taken(saga, recorded)
            if error is not None:
                parked[place] = parked_by(saga.name, recorded, error)
    return Followed(following.instances(), following.steps, list(parked.values()))


class _Following:
    """The instances and the steps as they grow, event by event."""

    def __init__(self, stored: Mapping[InstanceKey, bytes], position: int) -> None:
        self.steps: list[StepRow] = []
        self._stored = stored
        self._position = position
        self._states: dict[InstanceKey, SagaState] = {}
        self._correlations: dict[InstanceKey, str] = {}

    def taken(self, saga: Saga[Any], recorded: Recorded) -> Exception | None:
        """Take one event into one saga: all of it, or nothing and the reason, after some attempts."""
        for _ in range(ATTEMPTS):
            try:
                key = InstanceKey(saga.name, saga.correlate(recorded))
                state = saga.evolve(self._states.get(key) or _stored_state(saga, self._stored.get(key)), recorded)
                state.model_dump_json()
                steps = [
                    _step_row(self._position + place, key, step, recorded)
                    for place, step in enumerate(saga.decide(state, recorded), start=1)
                ]
            except Exception as error:  # noqa: BLE001  # a bug in a saga must not stop the lane
                failure = error
            else:
                self._states[key] = state
                self._correlations.setdefault(key, recorded.correlation_id)
                self._position += len(steps)
                self.steps += steps
                return None
        return failure

    def instances(self) -> list[InstanceRow]:
        return [
            InstanceRow(key.saga, key.instance_id, state.status, state.model_dump_json().encode(), correlation)
            for (key, state), correlation in zip(self._states.items(), self._correlations.values(), strict=True)
        ]


def _stored_state(saga: Saga[Any], stored: bytes | None) -> SagaState:
    initial: SagaState = saga.initial
    return initial if stored is None else type(initial).model_validate_json(stored)


def _step_row(position: int, key: InstanceKey, step: Step, cause: Recorded) -> StepRow:
    return StepRow(
        position,
        key.saga,
        key.instance_id,
        step.name,
        derived_command_id(cause.event_id, key.saga, step.name),
        step.command.type,
        step.command.stream_id,
        step.command.to_json(),
        cause.correlation_id,
        cause.event_id,
        cause.actor,
        cause.traceparent,
        cause.recorded_at,
    )


def derived_command_id(event_id: str, saga: str, step: str) -> str:
    """The id of a saga's command: UUID version 5 of `saga/step` in the causing event's namespace."""
    return str(uuid5(UUID(event_id), f"{saga}/{step}"))
