"""A saga whose instances several lanes move, with deadlines, and with steps that are always refused.

Users are in circles, by the last digit of their ids, and a circle's users are on both lanes. Who is created has a
little time to change something; who is deleted is asked back, which is refused. A circle counts what it is told.
"""

from contracts.users.commands import WelcomeUser
from contracts.users.events import UserCreated, UserDeleted, UserUpdated
from workers.core.recorded import Recorded
from workers.core.saga import ClearDeadline, Consequence, Saga, SagaState, SetDeadline, Step

CIRCLES = 2
PATIENCE_SECONDS = 1.5
ASK_BACK = "ask back"


class Circle(SagaState):
    """How many events it was told of, its own too."""

    status: str = "new"
    seen: int = 0


def circle_of(user_id: str) -> str:
    return f"circle {int(user_id[-1]) % CIRCLES}"


def correlate(recorded: Recorded) -> str:
    return circle_of(recorded.stream_id)


def count(state: Circle, _: Recorded) -> Circle:
    return Circle(status="counting", seen=state.seen + 1)


def decide(_: Circle, recorded: Recorded) -> tuple[Consequence, ...]:
    match recorded.event:
        case UserCreated(user_id=user_id):
            return (SetDeadline(user_id, PATIENCE_SECONDS),)
        case UserUpdated(user_id=user_id):
            return (ClearDeadline(user_id),)
        case UserDeleted(user_id=user_id):
            return (Step(ASK_BACK, WelcomeUser(user_id=user_id)),)
        case _:
            return ()


CIRCLE = Saga(
    name="circle",
    reacts_to=frozenset({UserCreated, UserUpdated, UserDeleted}),
    initial=Circle(),
    correlate=correlate,
    evolve=count,
    decide=decide,
    settled_statuses=frozenset(),
    handles_rejections=True,
)
