"""A saga for tests: whoever is created has ten seconds to be welcomed, unless an order of theirs is placed before.

new --UserCreated--> waiting --UserWelcomed, OrderPlaced--> done
                        `--the deadline--> late --the reminder is refused--> given up
"""

from dataclasses import replace

from contracts.orders.events import OrderPlaced
from contracts.users.commands import UpdateUser, WelcomeUser
from contracts.users.events import UserCreated, UserUpdated, UserWelcomed
from workers.core.recorded import Recorded
from workers.core.saga import (
    ClearDeadline,
    Consequence,
    DeadlinePassed,
    Saga,
    SagaState,
    SetDeadline,
    Step,
    StepRejected,
)

DEADLINE, DEADLINE_SECONDS = "patience", 10.0


class Patience(SagaState):
    """`heard` are the names of the events that it has taken, in order; `told` what its own said."""

    status: str = "new"
    heard: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


def correlate(recorded: Recorded) -> str:
    event = recorded.event
    assert isinstance(event, UserCreated | UserWelcomed | UserUpdated | OrderPlaced)
    return event.user_id


def evolve(state: Patience, recorded: Recorded) -> Patience:
    event = recorded.event
    heard = (*state.heard, event.name)
    match event:
        case UserCreated():
            return Patience(status="waiting", heard=heard)
        case UserWelcomed() | OrderPlaced():
            return Patience(status="done", heard=heard, told=state.told)
        case DeadlinePassed(deadline=deadline):
            return Patience(status="late", heard=heard, told=(*state.told, deadline))
        case StepRejected(step=step, to=to, code=code):
            return Patience(status="given up", heard=heard, told=(*state.told, f"{step} of {to}: {code}"))
        case _:
            return state.model_copy(update={"heard": heard})


def decide(_: Patience, recorded: Recorded) -> tuple[Consequence, ...]:
    match recorded.event:
        case UserCreated(user_id=user_id):
            return (SetDeadline(DEADLINE, DEADLINE_SECONDS), Step("welcome", WelcomeUser(user_id=user_id)))
        case UserWelcomed() | OrderPlaced():
            return (ClearDeadline(DEADLINE),)
        case UserUpdated():
            return (SetDeadline(DEADLINE, 2 * DEADLINE_SECONDS),)
        case DeadlinePassed(instance_id=user_id):
            there = Step("remind", UpdateUser(user_id=user_id, city="here"), "here")
            return (there, there._replace(command=UpdateUser(user_id=user_id, city="there"), about="there"))
        case _:
            return ()


patience = Saga(
    name="patience",
    reacts_to=frozenset({UserCreated, UserWelcomed, UserUpdated, OrderPlaced}),
    initial=Patience(),
    correlate=correlate,
    evolve=evolve,
    decide=decide,
    settled_statuses=frozenset({"done", "given up"}),
    handles_rejections=True,
)


def _stumble(state: Patience, recorded: Recorded) -> tuple[Consequence, ...]:
    if isinstance(recorded.event, DeadlinePassed) and recorded.stream_id == "bob":
        raise KeyError("a secret value")
    return decide(state, recorded)


stumbling = replace(patience, decide=_stumble)
"""Cannot take it when bob's deadline passes."""
