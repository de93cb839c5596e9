"""A saga whose instances are moved by both lanes, with deadlines, and with steps that are always rejected.

A user is in a circle, by the last digit of the user id; a circle's users are on both lanes. A created user has a little
time to change something. A deleted user is asked back, which is rejected. A circle counts the events that it applies.
"""

from contracts.users.commands import WelcomeUser
from contracts.users.events import UserCreated, UserDeleted, UserUpdated
from workers.core.holding import Holding
from workers.core.recorded import Recorded
from workers.core.saga import ClearDeadline, Consequence, Saga, SagaState, SetDeadline, Step

CIRCLES = 2
CHANGE_TIMEOUT_SECONDS = 1.5
ASK_BACK = "ask back"


class Circle(SagaState):
    """How many events it has applied, internal events too."""

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
            return (SetDeadline(user_id, CHANGE_TIMEOUT_SECONDS),)
        case UserUpdated(user_id=user_id):
            return (ClearDeadline(user_id),)
        case UserDeleted(user_id=user_id):
            return (Step(ASK_BACK, WelcomeUser(user_id=user_id)),)
        case _:
            return ()


def owns(_: Circle, __: Holding) -> bool:
    """A circle answers for all places that are kept for it."""
    return True


CIRCLE = Saga(
    name="circle",
    reacts_to=frozenset({UserCreated, UserUpdated, UserDeleted}),
    initial=Circle(),
    correlate=correlate,
    evolve=count,
    decide=decide,
    settled_statuses=frozenset(),
    idle_statuses=frozenset({"counting"}),
    handles_rejections=True,
    owns=owns,
)
