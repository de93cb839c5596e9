"""Instances of sagas, journals, steps and their answers, deadlines."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.simulation.breakages.parts import COUNTED, LONELY, PLACE, saga_lane
from tests.simulation.calm_schedule import DELETED, LATE, UNCHANGED, partition_of
from tests.simulation.circle_saga import ASK_BACK, CIRCLE
from tests.simulation.commands import EVENTS
from tests.simulation.counting import TALLY
from tests.simulation.roles import Servers
from workers.core.saga import Saga
from workers.ports.sagas import DeadlineRow, InstanceKey, StepRow

NOBODY = str(UUID(int=7))


def set_a_saga_back(servers: Servers) -> None:
    saga_lane(servers).input_sequence -= 1


def set_a_saga_ahead(servers: Servers) -> None:
    saga_lane(servers).input_sequence += 1


def set_a_saga_lane_back(servers: Servers) -> None:
    saga_lane(servers).sequence -= 1


def remove_an_instance(servers: Servers) -> None:
    del servers.table.sagas[COUNTED]


def add_an_instance(servers: Servers) -> None:
    servers.table.sagas[COUNTED._replace(instance_id="user-9")] = servers.table.sagas[COUNTED]


def change_an_instance(servers: Servers) -> None:
    row = servers.table.sagas[COUNTED]
    servers.table.sagas[COUNTED] = row._replace(state=row.state.replace(b"counting", b"resting"))


def change_status(servers: Servers) -> None:
    servers.table.sagas[COUNTED] = servers.table.sagas[COUNTED]._replace(status="waiting")


def _replace_entry(servers: Servers, key: InstanceKey, place: int, **changes: Any) -> None:
    entries = servers.table.journal[key]
    entries[place] = entries[place]._replace(**changes)


def remove_the_first_entry(servers: Servers) -> None:
    del servers.table.journal[LONELY][0]


def change_an_entry(servers: Servers) -> None:
    _replace_entry(servers, LONELY, 0, status="resting")


def swap_two_entries(servers: Servers) -> None:
    """Swap two events of one lane, neither of which has a part in what the other leads to."""
    entries = servers.table.journal[LONELY]
    first, second = entries[1:3]
    entries[1:3] = [second._replace(version=first.version), first._replace(version=second.version)]


def apply_an_event_again(servers: Servers) -> None:
    entries = servers.table.journal[LONELY]
    entries.append(entries[1]._replace(version=entries[-1].version + 1))


def forge_an_internal_event(servers: Servers) -> None:
    _replace_entry(servers, LONELY, -1, event_id=NOBODY)


def _set_back(servers: Servers, saga: Saga[Any], key: InstanceKey) -> None:
    """Set an instance of a saga that counts back by one entry of its journal."""
    servers.table.journal[key].pop()
    row = servers.table.sagas[key]
    before = type(saga.initial).model_validate_json(row.state)
    state = before.model_copy(update={"seen": before.seen - 1})
    servers.table.sagas[key] = row._replace(version=row.version - 1, state=state.model_dump_json().encode())


def forget_an_event(servers: Servers) -> None:
    _set_back(servers, TALLY, COUNTED)


def forget_a_rejection(servers: Servers) -> None:
    _set_back(servers, CIRCLE, LONELY)


def remove_the_owner(servers: Servers) -> None:
    del servers.table.sagas[LONELY]


def _step_back(servers: Servers) -> StepRow:
    """The step with which the lonely circle asked its user back."""
    steps = servers.table.outbox[EVENTS, partition_of(DELETED)]
    return next(step for step in steps if step.step == ASK_BACK)


def reject_a_step_that_is_not_there(servers: Servers) -> None:
    servers.table.refused.setdefault(PLACE, {})[999] = ("NoSuchUser", "2026-01-01T00:00:00Z")


def do_not_handle_a_rejection(servers: Servers) -> None:
    position = _step_back(servers).position
    place = (EVENTS, partition_of(DELETED))
    servers.table.refused.setdefault(place, {})[position] = ("NoSuchUser", "2025-01-01T00:00:00Z")


def _waiting_deadline(servers: Servers) -> tuple[str, str, str]:
    return next(name for name in servers.table.deadlines if name[2] == LATE)


def remove_a_deadline(servers: Servers) -> None:
    del servers.table.deadlines[_waiting_deadline(servers)]


def add_a_deadline(servers: Servers) -> None:
    name = _waiting_deadline(servers)
    place, row = servers.table.deadlines[name]
    servers.table.deadlines[name[0], name[1], UNCHANGED] = (place, row._replace(name=UNCHANGED))


def change_a_deadline(servers: Servers) -> None:
    name = _waiting_deadline(servers)
    place, row = servers.table.deadlines[name]
    changed: DeadlineRow = row._replace(correlation_id="another")
    servers.table.deadlines[name] = (place, changed)


def let_time_pass(servers: Servers) -> None:
    now = servers.table.now() + timedelta(hours=3)
    servers.table.now = lambda: now


def _replace_step(servers: Servers, **changes: Any) -> None:
    steps = servers.table.outbox[PLACE]
    steps[0] = steps[0]._replace(**changes)


def remove_a_step(servers: Servers) -> None:
    del servers.table.outbox[PLACE][0]


def remove_the_last_step(servers: Servers) -> None:
    servers.table.outbox[PLACE].pop()
    saga_lane(servers).sequence -= 1


def add_a_step(servers: Servers) -> None:
    steps = servers.table.outbox[PLACE]
    steps.append(steps[-1]._replace(position=steps[-1].position + 1, instance_id="user-9"))
    saga_lane(servers).sequence += 1


def change_a_step(servers: Servers) -> None:
    _replace_step(servers, correlation_id="another")


def forget_the_outcome_of_a_step(servers: Servers) -> None:
    del servers.table.commands[servers.table.outbox[PLACE][0].command_key]


def let_a_step_fail(servers: Servers) -> None:
    key = servers.table.outbox[PLACE][0].command_key
    servers.table.commands[key] = servers.table.commands[key]._replace(status="failed")
