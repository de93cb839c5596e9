"""The instances of one batch, event by event. An event is applied to an instance completely or not at all. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from uuid_utils import UUID, uuid5

from contracts.envelope import rfc3339
from workers.core.recorded import Recorded
from workers.core.saga import ClearDeadline, Consequence, Saga, SagaState, SetDeadline, Step
from workers.parking import ATTEMPTS
from workers.ports.sagas import DeadlineRow, InstanceKey, InstanceRow, JournalRow, StepRow, StoredInstance


class _Instance(NamedTuple):
    state: SagaState
    json: str
    version: int
    applied: int
    correlation_id: str


class Instances:
    """The instances that a batch changes. `steps`, `journal` and `deadlines` (None: cleared) collect what the applied
    events lead to; of several changes of one deadline the last counts. `again` are steps that an outbox has already.
    """

    def __init__(self, stored: Mapping[InstanceKey, StoredInstance], position: int, partition: int) -> None:
        self.steps: list[StepRow] = []
        self.again: list[StepRow] = []
        self.journal: list[JournalRow] = []
        self.deadlines: dict[tuple[str, str, str], DeadlineRow | None] = {}
        self._stored = stored
        self._position = position
        self._partition = partition
        self._changed: dict[InstanceKey, _Instance] = {}

    def apply(self, saga: Saga[Any], recorded: Recorded, key: InstanceKey | None = None) -> Exception | None:
        """Apply one event to an instance of a saga. If the saga's code fails, also after some attempts, nothing is
        changed and the error is returned. Without a `key` the saga determines the instance.
        """
        for _ in range(ATTEMPTS):
            try:
                if key is None:
                    instance_id = saga.correlate(recorded)
                    if instance_id is None:
                        return None
                    key = InstanceKey(saga.name, instance_id)
                before = self._before(saga, key, recorded)
                state = saga.evolve(before.state, recorded)
                json = state.model_dump_json()
                consequences = saga.decide(state, recorded)
                steps = self._step_rows(saga, key, consequences, recorded)
                again = _steps_again(key, consequences, recorded)
                deadlines = _deadlines(key, consequences, recorded)
            except Exception as error:  # noqa: BLE001  # a bug in a saga must not stop the lane
                failure = error
            else:
                instance = _Instance(state, json, before.version + 1, before.applied + 1, before.correlation_id)
                self._changed[key] = instance
                self._position += len(steps)
                self.steps += steps
                self.again += again
                self.deadlines |= deadlines
                self.journal.append(self._journal_row(key, instance, recorded))
                return None
        return failure

    def rows(self) -> list[InstanceRow]:
        """The instances to which events were applied."""
        return [
            InstanceRow(
                *key,
                instance.state.status,
                instance.json.encode(),
                instance.correlation_id,
                instance.version,
                instance.applied,
            )
            for key, instance in self._changed.items()
        ]

    def _before(self, saga: Saga[Any], key: InstanceKey, recorded: Recorded) -> _Instance:
        if key in self._changed:
            return self._changed[key]
        stored = self._stored.get(key)
        initial: SagaState = saga.initial
        if stored is None:
            return _Instance(initial, "", 0, 0, recorded.correlation_id)
        state = type(initial).model_validate_json(stored.state)
        return _Instance(state, "", stored.version, 0, recorded.correlation_id)

    def _step_rows(
        self, saga: Saga[Any], key: InstanceKey, consequences: tuple[Consequence, ...], cause: Recorded
    ) -> list[StepRow]:
        steps = [
            consequence
            for consequence in consequences
            if isinstance(consequence, Step) and consequence.asked_by is None
        ]
        return [
            _step_row(position, key, step, cause)._replace(handles_rejection=saga.handles_rejections)
            for position, step in enumerate(steps, start=self._position + 1)
        ]

    def _journal_row(self, key: InstanceKey, instance: _Instance, recorded: Recorded) -> JournalRow:
        event = recorded.event
        is_internal = recorded.sequence == 0
        return JournalRow(
            key.saga,
            key.instance_id,
            instance.version,
            event.type,
            event.context,
            self._partition,
            recorded.sequence,
            recorded.event_id,
            recorded.recorded_at,
            instance.state.status,
            event.to_json() if is_internal else None,
        )


def _steps_again(key: InstanceKey, consequences: tuple[Consequence, ...], cause: Recorded) -> list[StepRow]:
    """The steps that were requested before, as they are in the outbox of the lane that requested them."""
    return [
        _step_row(0, key, step, cause._replace(event_id=step.asked_by))
        for step in consequences
        if isinstance(step, Step) and step.asked_by is not None
    ]


def _step_row(position: int, key: InstanceKey, step: Step, cause: Recorded) -> StepRow:
    return StepRow(
        position,
        key.saga,
        key.instance_id,
        step.name,
        derived_command_id(cause.event_id, key.saga, step.name, step.about),
        step.command.type,
        step.command.stream_id,
        step.command.to_json(),
        cause.correlation_id,
        cause.event_id,
        cause.actor,
        cause.traceparent,
        cause.recorded_at,
    )


def _deadlines(
    key: InstanceKey, consequences: tuple[Consequence, ...], cause: Recorded
) -> dict[tuple[str, str, str], DeadlineRow | None]:
    deadlines: dict[tuple[str, str, str], DeadlineRow | None] = {}
    for consequence in consequences:
        if isinstance(consequence, ClearDeadline):
            deadlines[*key, consequence.name] = None
        elif isinstance(consequence, SetDeadline):
            due_at = datetime.fromisoformat(cause.recorded_at) + timedelta(seconds=consequence.after_seconds)
            deadlines[*key, consequence.name] = DeadlineRow(
                *key,
                consequence.name,
                rfc3339(due_at),
                cause.event_id,
                cause.correlation_id,
                cause.actor,
                cause.traceparent,
            )
    return deadlines


def derived_command_id(event_id: str, saga: str, step: str, about: str = "") -> str:
    """The id of a saga's command: UUID version 5 of `saga/step` or `saga/step/about`, in the namespace of
    `event_id`.
    """
    return str(uuid5(UUID(event_id), f"{saga}/{step}/{about}" if about else f"{saga}/{step}"))
