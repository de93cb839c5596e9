"""`follow` and `handle`: what an instance handles beside the log, and what it has waiting for it."""

from uuid import UUID, uuid5

from contracts.message import Event
from contracts.users.events import UserCreated, UserUpdated, UserWelcomed
from tests.saga.greeting import DEADLINE, Greeting, failing, greeting
from tests.saga.installation import created
from workers.core.recorded import Recorded
from workers.core.saga import DeadlinePassed, StepRejected, StepUnchanged
from workers.ports.sagas import (
    DeadlineRow,
    DueInternalEvents,
    InstanceKey,
    InstanceRow,
    StepRejection,
    StoredInstance,
    UnchangedStep,
)
from workers.saga.following import Followed, follow, handle
from workers.saga.internal_events import InternalEvent, internal_events

ADA, BOB = InstanceKey("greeting", "ada"), InstanceKey("greeting", "bob")
NOW = "2026-01-01T00:01:00.000000Z"
ADA_WELCOMED, ADA_MOVED = UserWelcomed(user_id="ada"), UserUpdated(user_id="ada", city="Turin")


def recorded(place: int, event: Event) -> Recorded:
    event_id = f"00000000-0000-5000-8000-{place:012d}"
    at = f"2026-01-01T00:00:{place:02d}.000000Z"
    return Recorded(event, event_id, event.stream_id, 1, place, at, f"correlation {place}", "tester", "00-trace")


def log(*events: Event) -> list[Recorded]:
    return [recorded(place, event) for place, event in enumerate(events, start=1)]


def followed(*events: Event) -> Followed:
    return follow([greeting], log(*events), {}, 0, partition=3)


def stored(rows: Followed) -> dict[InstanceKey, StoredInstance]:
    return {InstanceKey(row.saga, row.instance_id): StoredInstance(row.version, row.state) for row in rows.instances}


def rejection(position: int, instance_id: str) -> StepRejection:
    command_id = f"00000000-0000-5000-9000-{position:012d}"
    return StepRejection(
        position, *("greeting", instance_id, "welcome", instance_id, command_id, "No"), NOW, "c", None, None
    )


def state_of(row: InstanceRow) -> Greeting:
    return Greeting.model_validate_json(row.state)


def due(*deadlines: DeadlineRow, rejections: tuple[StepRejection, ...] = ()) -> list[InternalEvent]:
    return internal_events(DueInternalEvents(NOW, deadlines, rejections))


def test_a_deadline_is_due_so_many_seconds_after_the_causing_event_was_recorded() -> None:
    (row,) = followed(created("ada")).deadlines
    assert row == DeadlineRow(
        *("greeting", "ada", DEADLINE, "2026-01-01T00:00:11.000000Z", "00000000-0000-5000-8000-000000000001"),
        *("correlation 1", "tester", "00-trace"),
    )


def test_of_a_batch_only_the_last_word_on_a_deadline_counts() -> None:
    cleared = followed(created("ada"), ADA_WELCOMED)
    assert (cleared.deadlines, cleared.cleared_deadlines) == ([], [("greeting", "ada", DEADLINE)])
    set_anew = followed(created("ada"), ADA_WELCOMED, ADA_MOVED)
    assert [row.due_at for row in set_anew.deadlines] == ["2026-01-01T00:00:23.000000Z"]
    assert set_anew.cleared_deadlines == []


def test_an_internal_event_has_an_id_that_follows_from_what_led_to_it() -> None:
    (row,) = followed(created("ada")).deadlines
    (passed,) = due(row)
    assert passed.recorded.event == DeadlinePassed(instance_id="ada", deadline=DEADLINE)
    assert passed.recorded.event_id == str(uuid5(UUID(row.event_id), f"greeting/ada/deadline/{DEADLINE}"))
    assert (passed.recorded.recorded_at, passed.recorded.correlation_id) == (NOW, "correlation 1")
    (event,) = due(rejections=(rejection(7, "ada"),))
    assert event.recorded.event == StepRejected(instance_id="ada", step="welcome", to="ada", code="No")
    assert event.recorded.event_id == str(uuid5(UUID(rejection(7, "ada").command_id), "refused"))


def test_that_a_step_changed_nothing_is_handled_as_an_event_with_an_id_of_its_own() -> None:
    command_id = "00000000-0000-5000-9000-000000000007"
    row = UnchangedStep(7, *("greeting", "ada", "welcome", "ada", command_id), NOW, "c", "clerk", None)
    (event,) = internal_events(DueInternalEvents(NOW, (), (), (row,)))
    assert event.recorded.event == StepUnchanged(instance_id="ada", step="welcome", to="ada")
    assert event.recorded.event_id == str(uuid5(UUID(command_id), "unchanged"))
    assert (event.key, event.recorded.recorded_at, event.recorded.actor) == (ADA, NOW, "clerk")
    assert StepUnchanged.type == "core.StepUnchanged.v1"


def test_what_follows_from_it_has_the_same_ids_whichever_lane_handles_it_and_when() -> None:
    before = followed(created("ada"))
    own = due(*before.deadlines)
    later = internal_events(DueInternalEvents("2026-01-02T00:00:00.000000Z", before.deadlines, ()))
    first = [step.command_id for step in handle([greeting], own, stored(before), 1).steps]
    assert first == [step.command_id for step in handle([greeting], later, stored(before), 9).steps]
    assert first == [
        str(uuid5(UUID(own[0].recorded.event_id), name)) for name in ("greeting/remind/here", "greeting/remind/there")
    ], "two steps of one name are distinguished by what they are about"


def test_each_event_that_is_taken_is_an_entry_of_the_journal() -> None:
    before = followed(created("ada"), created("bob"), ADA_WELCOMED)
    entries = [(row.instance_id, row.version, row.type, row.sequence, row.status) for row in before.journal]
    assert entries == [
        ("ada", 1, UserCreated.type, 1, "waiting"),
        ("bob", 1, UserCreated.type, 2, "waiting"),
        ("ada", 2, UserWelcomed.type, 3, "done"),
    ]
    assert {(row.context, row.partition, row.data) for row in before.journal} == {("users", 3, None)}
    assert [(row.instance_id, row.version, row.applied) for row in before.instances] == [("ada", 2, 2), ("bob", 1, 1)]


def test_an_own_event_is_kept_whole_in_the_journal_as_the_log_does_not_have_it() -> None:
    before = followed(created("ada"))
    after = handle([greeting], due(*before.deadlines), stored(before), 1)
    (entry,) = after.journal
    assert (entry.version, entry.sequence, entry.status, entry.recorded_at) == (2, 0, "late", NOW)
    assert DeadlinePassed.model_validate_json(entry.data or b"").deadline == DEADLINE
    (row,) = after.instances
    assert (row.version, row.applied) == (2, 1)
    assert state_of(row).events == ("UserCreated", "DeadlinePassed")


def test_an_instance_whose_code_cannot_take_it_is_left_as_it_is_and_the_others_go_on() -> None:
    before = followed(created("ada"), created("bob"))
    own = due(*before.deadlines, rejections=(rejection(1, "ada"), rejection(2, "bob")))
    after = handle([failing], own, stored(before), 2)
    assert [(row.instance_id, state_of(row).events[1:]) for row in after.instances] == [
        ("ada", ("StepRejected", "DeadlinePassed")),
        ("bob", ("StepRejected",)),
    ], "bob has handled what came before"
    assert set(after.failures) == {BOB}
    assert "KeyError" in after.failures[BOB]
    assert "secret" not in after.failures[BOB]
    assert {step.instance_id for step in after.steps} == {"ada"}


def test_an_instance_whose_code_failed_handles_nothing_more_meanwhile() -> None:
    before = followed(created("bob"))
    own = due(*before.deadlines)
    after = handle([failing], [*own, *due(rejections=(rejection(1, "bob"),))], stored(before), 1)
    assert (after.instances, after.journal, after.steps) == ([], [], [])


def test_an_event_for_an_instance_or_a_saga_that_is_not_there_changes_nothing() -> None:
    before = followed(created("ada"))
    own = due(*before.deadlines)
    for sagas, stored_instances in (([greeting], {}), ([], stored(before))):
        assert not any(handle(sagas, own, stored_instances, 1))


def test_rejections_are_handled_before_deadlines() -> None:
    before = followed(created("ada"))
    after = handle([greeting], due(*before.deadlines, rejections=(rejection(1, "ada"),)), stored(before), 1)
    assert state_of(after.instances[0]).internal_facts == ("welcome of ada: No", DEADLINE)
