"""What must be true of the sagas once the world has come to rest."""

from collections import Counter
from collections.abc import Iterator

from tests.simulation.circle_saga import ASK_BACK, CIRCLE, Circle, circle_of
from tests.simulation.commands import PARTITIONS
from tests.simulation.evidence import Evidence
from tests.simulation.findings import Check, Finding
from workers.core.saga import DeadlinePassed, StepRejected
from workers.ports.event_store import EventRow
from workers.ports.sagas import InstanceKey, JournalRow, StepRow
from workers.saga.instances import derived_command_id


def each_step_is_sent_once(evidence: Evidence) -> Iterator[Finding]:
    """There is one step for each created and each deleted user, each with an outcome; no user is welcomed twice."""
    wanted = Counter(_step_id(evidence, row) for row in evidence.events if row.type in ("UserCreated", "UserDeleted"))
    sent = Counter(step.command_id for _, step in evidence.steps if not _is_asked_again(step, evidence))
    if sent != wanted:
        yield Finding("saga steps unlike the events", str(sorted(((sent - wanted) + (wanted - sent)).elements())))
    for partition in range(PARTITIONS):
        positions = [step.position for lane, step in evidence.steps if lane == partition]
        if positions != list(range(1, len(positions) + 1)):
            yield Finding("outbox positions with gaps", f"lane {partition}: {positions}")
    handled = {key.command_id for key in evidence.outcomes}
    for command_id in wanted:
        if command_id not in handled:
            yield Finding("a saga step without an outcome", command_id)
    welcomed = Counter(row.stream_id for row in evidence.events if row.type == "UserWelcomed")
    if welcomed and max(welcomed.values()) > 1:
        yield Finding("a user welcomed twice", str(welcomed))
    for instance_id, status in evidence.welcomes.items():
        history = [row.type for row in evidence.events if row.stream_id == instance_id]
        ends = [name for name in history if name in ("UserWelcomed", "UserDeleted")]
        expected = {"UserWelcomed": "welcomed", "UserDeleted": "abandoned"}[ends[0]] if ends else "welcome"
        if status != expected:
            yield Finding("a saga instance unlike its stream", f"{instance_id}: {status}, not {expected}")


def _step_id(evidence: Evidence, row: EventRow) -> str:
    """The id of the step that this event leads to."""
    if row.type == "UserCreated":
        key, step = InstanceKey("welcome", row.stream_id), "welcome"
    else:
        key, step = InstanceKey(CIRCLE.name, circle_of(row.stream_id)), ASK_BACK
    return derived_command_id(row.event_id, key.saga, step, seed=evidence.seeds.get(key))


def _is_asked_again(step: StepRow, evidence: Evidence) -> bool:
    """Whether it is a welcome whose answer did not come in time, as the database's clock was set forward."""
    return step.saga == "welcome" and step.causation_id not in {row.event_id for row in evidence.events}


def each_event_reaches_a_saga_once(evidence: Evidence) -> Iterator[Finding]:
    """A saga that counts has counted the events of the stream."""
    events = Counter(row.stream_id for row in evidence.events)
    if evidence.tallies != events:
        yield Finding("events seen by a saga more or less than once", f"{evidence.tallies}, not {events}")


def instances_that_lanes_share_apply_each_event_once(evidence: Evidence) -> Iterator[Finding]:
    """A circle's journal has the events of all its users, those of one lane in their order, each once."""
    wanted = Counter(
        (circle_of(row.stream_id), row.event_id)
        for row in evidence.events
        if row.type in ("UserCreated", "UserUpdated", "UserDeleted")
    )
    applied = Counter((row.instance_id, row.event_id) for row in evidence.journal if row.sequence)
    if applied != wanted:
        yield Finding("events in a journal more or less than once", str((applied - wanted) + (wanted - applied)))
    for instance_id, state in evidence.circles.items():
        journal = [row for row in evidence.journal if row.instance_id == instance_id]
        versions = [row.version for row in journal]
        if versions != list(range(1, len(versions) + 1)) or Circle.model_validate_json(state).seen != len(versions):
            yield Finding("a journal unlike its instance", f"{instance_id}: {versions} and {state.decode()}")
        for partition in range(PARTITIONS):
            sequences = [row.sequence for row in journal if row.sequence and row.partition == partition]
            if sequences != sorted(sequences):
                yield Finding("a journal out of order", f"{instance_id}, lane {partition}: {sequences}")


def deadlines_pass_once_unless_they_are_cleared(evidence: Evidence) -> Iterator[Finding]:
    """A deadline is set when a user is created and cleared when the user changes."""
    passed = Counter(
        DeadlinePassed.model_validate_json(row.data or b"").deadline
        for row in _internal_events(evidence, DeadlinePassed.type)
    )
    created = {row.stream_id for row in evidence.events if row.type == "UserCreated"}
    changed = {row.stream_id for row in evidence.events if row.type == "UserUpdated"}
    twice = sorted(name for name, times in passed.items() if times > 1)
    if twice:
        yield Finding("a deadline that passed twice", str(twice))
    never = sorted(created - changed - passed.keys() - evidence.far_deadlines)
    if never:
        yield Finding("a deadline that never passed", str(never))
    if passed.keys() - created:
        yield Finding("a deadline that was never set", str(passed.keys() - created))


def rejections_are_handled_once(evidence: Evidence) -> Iterator[Finding]:
    """Each deleted user was asked back once, and that step was rejected."""
    handled = Counter(
        StepRejected.model_validate_json(row.data or b"").to for row in _internal_events(evidence, StepRejected.type)
    )
    wanted = Counter(row.stream_id for row in evidence.events if row.type == "UserDeleted")
    if handled != wanted:
        yield Finding("rejections handled more or less than once", str((handled - wanted) + (wanted - handled)))


def _internal_events(evidence: Evidence, name: str) -> list[JournalRow]:
    return [row for row in evidence.journal if row.type == name]


CHECKS_OF_THE_SAGAS: tuple[Check, ...] = (
    each_step_is_sent_once,
    each_event_reaches_a_saga_once,
    instances_that_lanes_share_apply_each_event_once,
    deadlines_pass_once_unless_they_are_cleared,
    rejections_are_handled_once,
)
