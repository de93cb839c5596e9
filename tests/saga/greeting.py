"""A saga for tests: a new user has ten seconds to be welcomed, unless an order of theirs is placed before.

new --UserCreated--> waiting --UserWelcomed, OrderPlaced--> done
                        `--the deadline--> late --the reminder is rejected-> given up
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

DEADLINE, DEADLINE_SECONDS = "greeting", 10.0


class Greeting(SagaState):
    """`events` are the names of the applied events, in order; `internal_facts` what the internal ones said."""

    status: str = "new"
    events: tuple[str, ...] = ()
    internal_facts: tuple[str, ...] = ()


def correlate(recorded: Recorded) -> str:
    event = recorded.event
    assert isinstance(event, UserCreated | UserWelcomed | UserUpdated | OrderPlaced)
    return event.user_id


def evolve(state: Greeting, recorded: Recorded) -> Greeting:
    event = recorded.event
    names = (*state.events, event.name)
    match event:
        case UserCreated():
            return Greeting(status="waiting", events=names)
        case UserWelcomed() | OrderPlaced():
            return Greeting(status="done", events=names, internal_facts=state.internal_facts)
        case DeadlinePassed(deadline=deadline):
            return Greeting(status="late", events=names, internal_facts=(*state.internal_facts, deadline))
        case StepRejected(step=step, to=to, code=code):
            return Greeting(
                status="given up", events=names, internal_facts=(*state.internal_facts, f"{step} of {to}: {code}")
            )
        case _:
            return state.model_copy(update={"events": names})


def decide(_: Greeting, recorded: Recorded) -> tuple[Consequence, ...]:
    match recorded.event:
        case UserCreated(user_id=user_id):
            return (SetDeadline(DEADLINE, DEADLINE_SECONDS), Step("welcome", WelcomeUser(user_id=user_id)))
        case UserWelcomed() | OrderPlaced():
            return (ClearDeadline(DEADLINE),)
        case UserUpdated():
            return (SetDeadline(DEADLINE, 2 * DEADLINE_SECONDS),)
        case DeadlinePassed(instance_id=user_id):
            step = Step("remind", UpdateUser(user_id=user_id, city="here"), "here")
            return (step, step._replace(command=UpdateUser(user_id=user_id, city="there"), about="there"))
        case _:
            return ()


greeting = Saga(
    name="greeting",
    reacts_to=frozenset({UserCreated, UserWelcomed, UserUpdated, OrderPlaced}),
    initial=Greeting(),
    correlate=correlate,
    evolve=evolve,
    decide=decide,
    settled_statuses=frozenset({"done", "given up"}),
    handles_rejections=True,
)


def _fail(state: Greeting, recorded: Recorded) -> tuple[Consequence, ...]:
    if isinstance(recorded.event, DeadlinePassed) and recorded.stream_id == "bob":
        raise KeyError("a secret value")
    return decide(state, recorded)


failing = replace(greeting, decide=_fail)
"""Raises when bob's deadline passes."""
