"""The saga "welcome": every new user is welcomed once.

    new --UserCreated--> welcome --UserWelcomed--> welcomed
                            `------UserDeleted---> abandoned

In `welcome` the next action is to send WelcomeUser. The other two are ends: nothing follows from them. One instance
per user, under the user's id.
"""

from typing import Literal

from contracts.users.commands import WelcomeUser
from contracts.users.events import UserCreated, UserDeleted, UserWelcomed
from workers.core.recorded import Recorded
from workers.core.saga import Saga, SagaState, Step


class WelcomeState(SagaState):
    """How far a user's welcome has come."""

    status: Literal["new", "welcome", "welcomed", "abandoned"] = "new"


def correlate(recorded: Recorded) -> str:
    return recorded.stream_id


def evolve(state: WelcomeState, recorded: Recorded) -> WelcomeState:
    match state.status, recorded.event:
        case "new", UserCreated():
            return WelcomeState(status="welcome")
        case "new" | "welcome", UserWelcomed():
            return WelcomeState(status="welcomed")
        case "new" | "welcome", UserDeleted():
            return WelcomeState(status="abandoned")
        case _:
            return state


def decide(state: WelcomeState, recorded: Recorded) -> tuple[Step, ...]:
    if state.status == "welcome" and isinstance(recorded.event, UserCreated):
        return (Step("welcome", WelcomeUser(user_id=recorded.stream_id)),)
    return ()


welcome = Saga(
    name="welcome",
    reacts_to=frozenset({UserCreated, UserWelcomed, UserDeleted}),
    initial=WelcomeState(),
    correlate=correlate,
    evolve=evolve,
    decide=decide,
    ends=frozenset({"welcomed", "abandoned"}),
)
