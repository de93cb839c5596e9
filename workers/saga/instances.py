"""The instances of one batch, event by event. An event is applied to an instance completely or not at all. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from uuid_utils import UUID, uuid5

from contracts.envelope import rfc3339
from workers.core.recorded import Recorded
from workers.core.saga import ClearDeadline, Consequence, Saga, SagaState, SetDeadline, Step
from workers.parking import ATTEMPTS
from workers.ports.sagas import DeadlineRow, InstanceKey, InstanceRow, JournalRow, StepRow, StoredInstance


class LoadedInstance(NamedTuple):
    """An instance in memory. `version` counts the events that it has applied; `seed` as in `StoredInstance`."""

    version: int
    state: SagaState
    seed: str | None = None


Stored = Mapping[InstanceKey, StoredInstance | LoadedInstance]
"""The instances that exist, as they were read or as they are in memory."""


class _Instance(NamedTuple):
    state: SagaState
    status: str
    json: bytes
    version: int
    applied: int
    correlation_id: str
    seed: str | None


class _Following(NamedTuple):
    """What an event leads to: new steps, steps that are requested again, and deadlines (None: cleared)."""

    steps: Sequence[StepRow]
    again: Sequence[StepRow]
    deadlines: Mapping[tuple[str, str, str], DeadlineRow | None]


_NOTHING = _Following((), (), {})


class Instances:
    """The instances that a batch changes. `steps`, `journal` and `deadlines` (None: cleared) collect what the applied
    events lead to; of several changes of one deadline the last counts. `again` are steps that an outbox has already.

    The seeds of instances that begin are derived from `seed`, a random UUID of the batch; None: they have none.
    """

    def __init__(self, stored: Stored, position: int, partition: int, seed: str | None = None) -> None:
        self.steps: list[StepRow] = []
        self.again: list[StepRow] = []
        self.journal: list[JournalRow] = []
        self.deadlines: dict[tuple[str, str, str], DeadlineRow | None] = {}
        self._stored = stored
        self._position = position
        self._partition = partition
        self._seed = seed
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
                json = state.__pydantic_serializer__.to_json(state)
                consequences = saga.decide(state, recorded)
                following = self._following(saga, key, consequences, recorded, before) if consequences else _NOTHING
                instance = _Instance(
                    state,
                    state.status,
                    json,
                    before.version + 1,
                    before.applied + 1,
                    before.correlation_id,
                    before.seed,
                )
            except Exception as error:  # noqa: BLE001  # a bug in a saga must not stop the lane
                failure = error
            else:
                self._changed[key] = instance
                self._position += len(following.steps)
                self.steps += following.steps
                self.again += following.again
                self.deadlines |= following.deadlines
                self.journal.append(self._journal_row(key, instance, recorded))
                return None
        return failure

    def apply_all(self, saga: Saga[Any], parts: Sequence[Recorded]) -> Exception | None:
        """Apply the parts of one event. If the saga's code fails on one of them, nothing is changed."""
        before = (self._changed.copy(), self._position, self.deadlines.copy())
        steps, again, entries = len(self.steps), len(self.again), len(self.journal)
        for part in parts:
            error = self.apply(saga, part)
            if error is not None:
                self._changed, self._position, self.deadlines = before
                del self.steps[steps:], self.again[again:], self.journal[entries:]
                return error
        return None

    def rows(self) -> list[InstanceRow]:
        """The instances to which events were applied."""
        return [
            InstanceRow(
                *key,
                instance.status,
                instance.json,
                instance.correlation_id,
                instance.version,
                instance.applied,
                instance.seed,
            )
            for key, instance in self._changed.items()
        ]

    def loaded(self) -> dict[InstanceKey, LoadedInstance]:
        """The instances to which events were applied, as they are now."""
        return {
            key: LoadedInstance(instance.version, instance.state, instance.seed)
            for key, instance in self._changed.items()
        }

    def forget_seed(self, key: InstanceKey) -> None:
        """Derive the ids of the steps that an instance decides from now on from public things."""
        self._changed[key] = self._changed[key]._replace(seed=None)

    def _before(self, saga: Saga[Any], key: InstanceKey, recorded: Recorded) -> _Instance:
        if key in self._changed:
            return self._changed[key]
        stored = self._stored.get(key)
        if stored is None:
            return _Instance(saga.initial, "", b"", 0, 0, recorded.correlation_id, self._seed_of(key))
        state = stored.state
        if isinstance(state, bytes):
            state = type(saga.initial).model_validate_json(state)
        return _Instance(state, "", b"", stored.version, 0, recorded.correlation_id, stored.seed)

    def _seed_of(self, key: InstanceKey) -> str | None:
        return None if self._seed is None else str(uuid5(UUID(self._seed), f"{key.saga}/{key.instance_id}"))

    def _following(
        self,
        saga: Saga[Any],
        key: InstanceKey,
        consequences: tuple[Consequence, ...],
        cause: Recorded,
        before: _Instance,
    ) -> _Following:
        steps: list[StepRow] = []
        again: list[StepRow] = []
        deadlines: dict[tuple[str, str, str], DeadlineRow | None] = {}
        for consequence in consequences:
            match consequence:
                case Step(asked_by=None):
                    position = self._position + len(steps) + 1
                    steps.append(_step_row(position, key, consequence, cause, before.seed, saga.handles_rejections))
                case Step(asked_by=str(first_cause)):
                    # The step is in the outbox of the lane that requested it before.
                    again.append(_step_row(0, key, consequence, cause._replace(event_id=first_cause), before.seed))
                case SetDeadline(name=name):
                    deadlines[*key, name] = _deadline_row(key, consequence, cause)
                case ClearDeadline(name=name):
                    deadlines[*key, name] = None
        return _Following(steps, again, deadlines)

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
            instance.status,
            event.to_json() if is_internal else None,
        )


def _step_row(
    position: int, key: InstanceKey, step: Step, cause: Recorded, seed: str | None, handles_rejection: bool = False
) -> StepRow:
    return StepRow(
        position,
        key.saga,
        key.instance_id,
        step.name,
        derived_command_id(cause.event_id, key.saga, step.name, step.about, seed),
        step.command.type,
        step.command.stream_id,
        step.command.to_json(),
        cause.correlation_id,
        cause.event_id,
        cause.actor,
        cause.traceparent,
        cause.recorded_at,
        handles_rejection,
    )


def _deadline_row(key: InstanceKey, deadline: SetDeadline, cause: Recorded) -> DeadlineRow:
    due_at = datetime.fromisoformat(cause.recorded_at) + timedelta(seconds=deadline.after_seconds)
    return DeadlineRow(
        *key,
        deadline.name,
        rfc3339(due_at),
        cause.event_id,
        cause.correlation_id,
        cause.actor,
        cause.traceparent,
    )


def derived_command_id(event_id: str, saga: str, step: str, about: str = "", seed: str | None = None) -> str:
    """The id of a saga's command: UUID version 5 of `event_id/saga/step` or `event_id/saga/step/about`, in the
    namespace of the instance's secret seed. So it is the same in every attempt, and nobody can use it beforehand.

    Without a seed it is that of `saga/step` or `saga/step/about`, in the namespace of `event_id`.
    """
    name = f"{saga}/{step}/{about}" if about else f"{saga}/{step}"
    return str(uuid5(UUID(event_id), name) if seed is None else uuid5(UUID(seed), f"{UUID(event_id)}/{name}"))
