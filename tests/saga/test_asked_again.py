"""A step that is asked for again, as no answer came, is the same command: sent once more, and written once."""

from contracts.users.commands import WelcomeUser
from contracts.users.events import UserCreated, UserWelcomed
from tests.lanes.recorded_rows import event_rows, inbound_all
from tests.saga.installation import Installation, created
from workers.core.recorded import Recorded
from workers.core.saga import Consequence, DeadlinePassed, Saga, SagaState, SetDeadline, Step
from workers.saga.lane import SagaLane

ROWS = event_rows(created("ada"))


class Insistence(SagaState):
    """`asked_by` is the event that asked first."""

    status: str = "new"
    asked_by: str = ""


def evolve(state: Insistence, recorded: Recorded) -> Insistence:
    match recorded.event:
        case UserCreated():
            return Insistence(status="waiting", asked_by=recorded.event_id)
        case UserWelcomed():
            return Insistence(status="done")
        case _:
            return state


def decide(state: Insistence, recorded: Recorded) -> tuple[Consequence, ...]:
    match recorded.event:
        case UserCreated(user_id=user_id):
            return (Step("welcome", WelcomeUser(user_id=user_id)), SetDeadline("answer", 10.0))
        case DeadlinePassed(instance_id=user_id):
            again = Step("welcome", WelcomeUser(user_id=user_id), asked_by=state.asked_by)
            return (again, SetDeadline("answer", 10.0))
        case _:
            return ()


insistent = Saga(
    name="insistent",
    reacts_to=frozenset({UserCreated, UserWelcomed}),
    initial=Insistence(),
    correlate=lambda recorded: recorded.stream_id,
    evolve=evolve,
    decide=decide,
    settled_statuses=frozenset({"done"}),
)


async def asked_twice() -> tuple[Installation, SagaLane]:
    installation = Installation(ROWS)
    lane = installation.lane([insistent])
    await lane.acquire()
    await lane.handle(inbound_all(ROWS))
    for _ in range(2):
        installation.pass_seconds(20.0)
        await lane.idle()
    return installation, lane


async def test_is_the_same_command_to_the_byte_but_for_its_time() -> None:
    installation, _ = await asked_twice()
    sent = [record for _, _, record in installation.sender.delivered]
    assert len(sent) == 3
    ids = {dict(record.headers)["ce_id"] for record in sent}
    causes = {dict(record.headers)["ce_causationid"] for record in sent}
    assert ids == {installation.store.outbox[0].command_id.encode()}
    assert causes == {ROWS[0].event_id.encode()}
    assert len({record.value for record in sent}) == 1


async def test_is_written_once_and_not_sent_by_the_next_owner_for_that() -> None:
    installation, lane = await asked_twice()
    assert [step.position for step in installation.store.outbox] == [1]
    await lane.release()
    following = installation.lane([insistent])
    await following.acquire()
    assert len(installation.sender.delivered) == 3, "the outbox was empty"
