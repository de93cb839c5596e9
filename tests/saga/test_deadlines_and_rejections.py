"""`SagaLane`: deadlines pass and rejections are handled once, by any owner of the lane, and not once they are over."""

from collections.abc import Sequence

import pytest

from contracts.message import Event
from contracts.orders.examples import ADAS_ORDER_PLACED
from contracts.outcome import Status
from contracts.users.events import UserWelcomed
from tests.lanes.recorded_rows import event_rows, inbound_all
from tests.saga.greeting import DEADLINE_SECONDS, Greeting, failing, greeting
from tests.saga.installation import LANE, Installation, created
from workers.ports.lanes import Fenced, Unavailable
from workers.ports.outcomes import OutcomeRow
from workers.ports.sagas import InstanceKey
from workers.saga.internal_event_source import LOOK_INTERVAL_SECONDS, POSTPONED_SECONDS
from workers.saga.lane import SagaLane

TWO = event_rows(created("ada"), created("bob"))


def applied(installation: Installation, name: str) -> tuple[str, ...]:
    row = installation.store.stored[InstanceKey("greeting", name)]
    return Greeting.model_validate_json(row.state).events


async def begun(*events: Event) -> tuple[Installation, SagaLane]:
    """A lane that has followed these events, or ada's and bob's creation."""
    rows = event_rows(*events) if events else TWO
    installation = Installation(rows)
    lane = installation.lane([greeting])
    await lane.acquire()
    await lane.handle(inbound_all(rows))
    return installation, lane


async def test_wakes_an_instance_when_its_time_is_over_and_not_before() -> None:
    installation, lane = await begun()
    installation.pass_seconds(DEADLINE_SECONDS)  # the first event was recorded a second after the beginning
    await lane.idle()
    assert applied(installation, "ada") == ("UserCreated",)
    installation.pass_seconds(1.0)
    await lane.idle()
    assert applied(installation, "ada") == ("UserCreated", "DeadlinePassed")
    assert applied(installation, "bob") == ("UserCreated",), "recorded a second later"


async def test_wakes_it_once_across_a_takeover() -> None:
    installation, lane = await begun()
    installation.pass_seconds(2 * DEADLINE_SECONDS)
    await lane.idle()
    following = installation.lane([greeting])
    await following.acquire()
    installation.pass_seconds(LOOK_INTERVAL_SECONDS)
    await following.idle()
    assert applied(installation, "ada") == ("UserCreated", "DeadlinePassed")
    assert installation.store.table.deadlines == {}
    assert len({step.command_id for step in installation.store.outbox}) == len(installation.store.outbox) == 6


async def test_wakes_it_once_when_the_first_owner_did_not_learn_of_its_commit() -> None:
    installation, lane = await begun()
    installation.pass_seconds(2 * DEADLINE_SECONDS)
    installation.store.line.answers_lost = 1
    with pytest.raises(Unavailable):
        await lane.idle()
    following = installation.lane([greeting])
    await following.acquire()
    await following.idle()
    assert applied(installation, "ada") == ("UserCreated", "DeadlinePassed")
    assert installation.welcomed == ["ada", "bob", "ada", "ada", "bob", "bob"], "the reminders are sent nevertheless"


async def test_a_next_owner_wakes_whom_the_last_one_had_no_time_for() -> None:
    installation, lane = await begun()
    await lane.release()
    installation.pass_seconds(2 * DEADLINE_SECONDS)
    following = installation.lane([greeting])
    await following.acquire()
    await following.idle()
    assert applied(installation, "bob") == ("UserCreated", "DeadlinePassed")


async def test_an_owner_that_was_replaced_wakes_no_instance() -> None:
    installation, lane = await begun()
    await installation.store.acquire(LANE, "another")
    installation.pass_seconds(2 * DEADLINE_SECONDS)
    with pytest.raises(Fenced):
        await lane.idle()
    assert applied(installation, "ada") == ("UserCreated",)
    assert len(installation.store.table.deadlines) == 2


async def test_does_not_wake_whose_deadline_was_cleared() -> None:
    installation, lane = await begun(created("ada"), UserWelcomed(user_id="ada"))
    installation.pass_seconds(2 * DEADLINE_SECONDS)
    await lane.idle()
    assert applied(installation, "ada") == ("UserCreated", "UserWelcomed")


async def test_does_not_wake_whose_deadline_is_set_again_meanwhile() -> None:
    installation, lane = await begun(created("ada"))
    deadlines = installation.store.table.deadlines
    ((place, (where, row)),) = deadlines.items()
    later = row._replace(due_at="2026-01-01T00:01:00.000000Z", event_id=TWO[1].event_id)
    installation.store.line.meanwhile = [lambda: deadlines.update({place: (where, later)})]
    installation.pass_seconds(2 * DEADLINE_SECONDS)
    await lane.idle()
    await lane.idle()
    assert applied(installation, "ada") == ("UserCreated",)
    assert deadlines == {place: (where, later)}


async def test_does_not_wake_whose_deadline_another_lane_clears_meanwhile() -> None:
    installation, lane = await begun(created("ada"))
    table = installation.store.table
    key = InstanceKey("greeting", "ada")

    def clear() -> None:
        done = Greeting(status="done", events=("UserCreated", ADAS_ORDER_PLACED.name)).model_dump_json().encode()
        table.sagas[key] = table.sagas[key]._replace(version=2, status="done", state=done)
        table.deadlines.clear()

    installation.store.line.meanwhile = [clear]
    installation.pass_seconds(2 * DEADLINE_SECONDS)
    await lane.idle()
    await lane.idle()
    assert applied(installation, "ada") == ("UserCreated", "OrderPlaced")
    assert len(installation.store.outbox) == 1, "no user is reminded"


async def test_leaves_a_deadline_of_a_saga_that_it_does_not_know_alone() -> None:
    installation, _ = await begun()
    installation.pass_seconds(2 * DEADLINE_SECONDS)
    older = installation.lane([])
    await older.acquire()
    await older.idle()
    assert len(installation.store.table.deadlines) == 2
    newer = installation.lane([greeting])
    await newer.acquire()
    await newer.idle()
    assert applied(installation, "ada") == ("UserCreated", "DeadlinePassed")


async def test_leaves_an_instance_whose_code_cannot_take_it_for_later_and_goes_on_with_the_others() -> None:
    installation, _ = await begun()
    installation.pass_seconds(2 * DEADLINE_SECONDS)
    broken = installation.lane([failing])
    await broken.acquire()
    await broken.idle()
    assert applied(installation, "ada") == ("UserCreated", "DeadlinePassed")
    assert applied(installation, "bob") == ("UserCreated",)
    commits = installation.store.line.commits
    installation.pass_seconds(LOOK_INTERVAL_SECONDS)
    await broken.idle()
    assert installation.store.line.commits == commits, "not tried again at once"
    installation.pass_seconds(POSTPONED_SECONDS)
    await broken.idle()
    assert applied(installation, "bob") == ("UserCreated",)
    fixed = installation.lane([greeting])
    await fixed.acquire()
    await fixed.idle()
    assert applied(installation, "bob") == ("UserCreated", "DeadlinePassed")


def tell(installation: Installation, status: Status, events: Sequence[tuple[str, str]] = (("e", "t"),)) -> None:
    """The command worker handles the first step."""
    step, *_ = installation.store.outbox
    outcome = OutcomeRow(
        command_id=step.command_id,
        type=step.command_type,
        context="users",
        stream_id=step.stream_id,
        status=status,
        stream_version=1,
        partition=0,
        sequence=0,
        events=events,
        error=b'{"code": "UserNotFound"}' if status == "rejected" else None,
        correlation_id=step.correlation_id,
        causation_id=step.causation_id,
        actor=None,
        handled_at=installation.store.now,
        content_digest=None,
    )
    installation.store.table.tell_sagas([outcome])


async def test_tells_an_instance_once_that_its_step_was_rejected() -> None:
    installation, lane = await begun()
    tell(installation, "rejected")
    installation.pass_seconds(LOOK_INTERVAL_SECONDS)
    await lane.idle()
    following = installation.lane([greeting])
    await following.acquire()
    await following.idle()
    row = installation.store.stored[InstanceKey("greeting", "ada")]
    assert Greeting.model_validate_json(row.state).internal_facts == ("welcome of ada: UserNotFound",)
    assert applied(installation, "ada") == ("UserCreated", "StepRejected")


async def test_tells_no_instance_of_a_step_that_was_accepted() -> None:
    installation, lane = await begun()
    tell(installation, "accepted")
    installation.pass_seconds(LOOK_INTERVAL_SECONDS)
    await lane.idle()
    assert applied(installation, "ada") == ("UserCreated",)


async def test_tells_an_instance_once_that_its_step_was_accepted_and_changed_nothing() -> None:
    installation, lane = await begun()
    tell(installation, "accepted", events=())
    installation.pass_seconds(LOOK_INTERVAL_SECONDS)
    await lane.idle()
    following = installation.lane([greeting])
    await following.acquire()
    await following.idle()
    assert applied(installation, "ada") == ("UserCreated", "StepUnchanged")
