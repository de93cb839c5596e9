"""`follow`: steps in a row, under ids that do not change, from states that are kept as JSON."""

from dataclasses import replace
from itertools import pairwise
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from contracts.message import Event
from contracts.users.commands import WelcomeUser
from contracts.users.events import PasswordChanged, UserCreated, UserDeleted, UserEvent, UserUpdated, UserWelcomed
from workers.core.recorded import Recorded
from workers.core.saga import Saga, SagaState, Step
from workers.parking import ATTEMPTS
from workers.ports.sagas import InstanceKey, InstanceRow, StepRow, StoredInstance
from workers.saga.following import Followed, concerned, follow

TIME = "2026-01-01T00:00:00.000000Z"


class CountState(SagaState):
    """How many events an instance has seen."""

    status: str = "new"
    seen: int = 0


def count(state: CountState, recorded: Recorded) -> CountState:
    return CountState(status="ended" if isinstance(recorded.event, UserDeleted) else "counting", seen=state.seen + 1)


def answer(state: CountState, recorded: Recorded) -> tuple[Step, ...]:
    """As many steps as events were seen before, at most two."""
    names = ["first", "second"][: state.seen - 1]
    return tuple(Step(name, WelcomeUser(user_id=recorded.stream_id)) for name in names)


REACTS_TO: frozenset[type[Event]] = frozenset({UserCreated, UserWelcomed, UserDeleted})


def saga(name: str) -> Saga[CountState]:
    ends = frozenset({"ended"})
    return Saga(name, REACTS_TO, CountState(), lambda recorded: f"of {recorded.stream_id}", count, answer, ends)


SAGAS = [saga("counting"), saga("again")]


def event(kind: int, user: str) -> UserEvent:
    match kind:
        case 0:
            return UserCreated(user_id=user, first_name="a", last_name="b", email="a@b.cd", locale="und")
        case 1:
            return UserWelcomed(user_id=user)
        case 2:
            return UserDeleted(user_id=user)
        case 3:
            return PasswordChanged(user_id=user)
        case _:
            return UserUpdated(user_id=user, city="Turin")


def recorded(place: int, kind: int, user: str) -> Recorded:
    event_id = f"00000000-0000-5000-8000-{place:012d}"
    return Recorded(event(kind, user), event_id, user, 1, place, TIME, f"correlation {place}", "tester", "00-trace")


logs = st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["u1", "u2", "u3"])), max_size=20).map(
    lambda drawn: [recorded(place, kind, user) for place, (kind, user) in enumerate(drawn, start=1)]
)


def in_batches(log: list[Recorded], cuts: list[int]) -> tuple[dict[InstanceKey, InstanceRow], list[StepRow]]:
    """What is stored after the log was followed in these batches, each from what the ones before have stored."""
    stored: dict[InstanceKey, InstanceRow] = {}
    steps: list[StepRow] = []
    edges = [0, *sorted(cuts), len(log)]
    for start, end in pairwise(edges):
        events = log[start:end]
        rows = {key: stored[key] for key in concerned(SAGAS, events) if key in stored}
        states = {key: StoredInstance(row.version, row.state) for key, row in rows.items()}
        followed = follow(SAGAS, events, states, len(steps))
        assert followed.parked == []
        for row in followed.instances:
            key = InstanceKey(row.saga, row.instance_id)
            before = stored.get(key, row._replace(version=0))
            assert row.version - row.applied == before.version
            assert row.correlation_id in {event.correlation_id for event in events}
            # The table keeps an instance's first correlation id.
            stored[key] = row._replace(correlation_id=before.correlation_id, applied=0)
        steps += followed.steps
    return stored, steps


@given(logs, st.data())
def test_leads_to_the_same_however_the_log_is_cut(log: list[Recorded], data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(log)), max_size=5))
    assert in_batches(log, cuts) == in_batches(log, [])


@given(logs)
def test_stores_each_instance_after_all_its_events(log: list[Recorded]) -> None:
    stored, _ = in_batches(log, [])
    expected: dict[InstanceKey, list[Recorded]] = {}
    for event in log:
        if type(event.event) in REACTS_TO:
            for name in ("counting", "again"):
                expected.setdefault(InstanceKey(name, f"of {event.stream_id}"), []).append(event)
    assert stored.keys() == expected.keys()
    for key, row in stored.items():
        events = expected[key]
        status = "ended" if isinstance(events[-1].event, UserDeleted) else "counting"
        state = CountState.model_validate_json(row.state)
        assert (row.status, state.status, state.seen) == (status, status, len(events))
        assert row.correlation_id == events[0].correlation_id
    assert concerned(SAGAS, log) == sorted(stored)


@given(logs, st.integers(0, 1000))
def test_numbers_its_steps_without_gaps_behind_the_last(log: list[Recorded], position: int) -> None:
    steps = follow(SAGAS, log, {}, position).steps
    assert [step.position for step in steps] == list(range(position + 1, position + 1 + len(steps)))
    assert len({step.command_id for step in steps}) == len(steps)


@given(logs)
def test_derives_each_commands_id_from_saga_event_and_step(log: list[Recorded]) -> None:
    causes = {event.event_id: event for event in log}
    for step in follow(SAGAS, log, {}, 0).steps:
        cause = causes[step.causation_id]
        assert step.command_id == str(uuid5(UUID(cause.event_id), f"{step.saga}/{step.step}"))
        assert (step.correlation_id, step.actor, step.traceparent) == (cause.correlation_id, "tester", "00-trace")
        assert (step.command_type, step.stream_id) == ("users.WelcomeUser.v1", cause.stream_id)
        assert WelcomeUser.model_validate_json(step.data) == WelcomeUser(user_id=cause.stream_id)


def test_of_events_that_no_saga_reacts_to_is_nothing() -> None:
    log = [recorded(1, 3, "u1"), recorded(2, 4, "u1")]
    assert concerned(SAGAS, log) == []
    assert follow(SAGAS, log, {}, 7) == Followed([], [], [], [], [], [])


def failing_at(version: int) -> Saga[CountState]:
    """Cannot take any event of u1 with this stream version."""

    def stumble(state: CountState, recorded: Recorded) -> CountState:
        if (recorded.stream_id, recorded.stream_version) == ("u1", version):
            raise KeyError("a secret value")
        return count(state, recorded)

    return replace(saga("failing"), evolve=stumble)


@given(logs, st.integers(1, 8))
def test_of_an_event_that_a_saga_cannot_take_is_as_if_its_stream_had_ended_there(log: list[Recorded], at: int) -> None:
    failing = failing_at(at)
    followed = follow([failing, SAGAS[0]], log, {}, 0)
    stopped = [place for place, event in enumerate(log) if stops(event, at)]
    rest = [
        event for place, event in enumerate(log) if not (stopped and event.stream_id == "u1" and place >= stopped[0])
    ]
    with_rest = follow([failing], rest, {}, 0)
    assert [row for row in followed.instances if row.saga == "failing"] == with_rest.instances
    assert [step.command_id for step in followed.steps if step.saga == "failing"] == [
        step.command_id for step in with_rest.steps
    ]
    others = [row for row in followed.instances if row.saga == "counting"]
    assert others == follow([SAGAS[0]], log, {}, 0).instances
    assert [step.position for step in followed.steps] == list(range(1, len(followed.steps) + 1))
    assert [(parked.follower, parked.stream_id, parked.stream_version) for parked in followed.parked] == [
        ("failing", "u1", log[place].stream_version) for place in stopped[:1]
    ]
    assert all(parked.attempts == ATTEMPTS and "secret" not in parked.error for parked in followed.parked)


def stops(recorded: Recorded, at: int) -> bool:
    return type(recorded.event) in REACTS_TO and (recorded.stream_id, recorded.stream_version) == ("u1", at)


@given(logs)
def test_passes_over_a_stream_that_waits(log: list[Recorded]) -> None:
    others = [event for event in log if event.stream_id != "u1"]
    assert follow(SAGAS[:1], log, {}, 0, {("counting", "u1")}) == follow(SAGAS[:1], others, {}, 0)
