"""The users context with two that count: whatever they are given twice, they show.

The user card and the welcome come to the same end when an event is applied twice; not so a card that counts the events
it has seen, and a saga that does.
"""

from dataclasses import replace

from contracts.users.events import PasswordChanged, UserCreated, UserDeleted, UserUpdated, UserWelcomed
from tests.simulation.circles import CIRCLE
from workers.core.context import Context
from workers.core.projection import Document
from workers.core.recorded import Recorded
from workers.core.saga import Saga, SagaState, Step
from workers.domain import contexts


class Tally(SagaState):
    """How many events of a stream were seen."""

    status: str = "new"
    seen: int = 0


def correlate(recorded: Recorded) -> str:
    return recorded.stream_id


def count(state: Tally, _: Recorded) -> Tally:
    return Tally(status="counting", seen=state.seen + 1)


def do_nothing(_: Tally, __: Recorded) -> tuple[Step, ...]:
    return ()


TALLY = Saga(
    name="tally",
    reacts_to=frozenset({UserCreated, UserWelcomed, UserUpdated, PasswordChanged, UserDeleted}),
    initial=Tally(),
    correlate=correlate,
    evolve=count,
    decide=do_nothing,
    settled_statuses=frozenset(),
)

_users = contexts()["users"]
(_card,) = _users.projections


def evolve(card: Document | None, recorded: Recorded) -> Document | None:
    """The user card, and how many events it has seen."""
    evolved = _card.evolve(card, recorded)
    return None if evolved is None else {**evolved, "seen": (card or {}).get("seen", 0) + 1}


USER_CARD = replace(_card, evolve=evolve)
USERS: Context = replace(_users, projections=(USER_CARD,), sagas=(*_users.sagas, TALLY, CIRCLE))
