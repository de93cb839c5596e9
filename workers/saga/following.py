"""One batch of events through the sagas of a context: states and steps in, states and steps out. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from uuid_utils import UUID, uuid5

from workers.core.recorded import Recorded
from workers.core.saga import Saga, SagaState, Step
from workers.ports.sagas import InstanceKey, InstanceRow, StepRow


def concerned(sagas: Sequence[Saga[Any]], events: Sequence[Recorded]) -> list[InstanceKey]:
    """The instances that these events are about."""
    keys = {
        InstanceKey(saga.name, saga.correlate(recorded))
        for recorded in events
        for saga in sagas
        if type(recorded.event) in saga.reacts_to
    }
    return sorted(keys)


def follow(
    sagas: Sequence[Saga[Any]], events: Sequence[Recorded], stored: Mapping[InstanceKey, bytes], position: int
) -> tuple[list[InstanceRow], list[StepRow]]:
    """The instances that changed, and the steps that follow, numbered from `position` + 1."""
    states: dict[InstanceKey, SagaState] = {}
    correlations: dict[InstanceKey, str] = {}
    steps: list[StepRow] = []
    for recorded in events:
        for saga in sagas:
            if type(recorded.event) not in saga.reacts_to:
                continue
            key = InstanceKey(saga.name, saga.correlate(recorded))
            state = states.get(key) or _stored_state(saga, stored.get(key))
            states[key] = state = saga.evolve(state, recorded)
            correlations.setdefault(key, recorded.correlation_id)
            for step in saga.decide(state, recorded):
                position += 1
                steps.append(_step_row(position, key, step, recorded))
    instances = [
        InstanceRow(key.saga, key.instance_id, state.status, state.model_dump_json().encode(), correlations[key])
        for key, state in states.items()
    ]
    return instances, steps


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
