"""The users context with a card, a section and a saga that count the events that they apply, so that a repeat shows.

The user card and the welcome saga end in the same state when an event is applied twice. A card and a saga that count
do not.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from contracts.users.events import PasswordChanged, UserCreated, UserDeleted, UserUpdated, UserWelcomed
from tests.simulation.circle_saga import CIRCLE, circle_of
from workers.core.context import Context
from workers.core.holding import Holding
from workers.core.projection import Document, Section
from workers.core.recorded import Recorded
from workers.core.saga import Saga, SagaState, Step
from workers.domain import contexts


class Tally(SagaState):
    """How many events of a stream it has applied."""

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
    idle_statuses=frozenset({"counting"}),
)

_users = contexts()["users"]
(_card,) = _users.projections


def evolve(card: Document | None, recorded: Recorded) -> Document | None:
    """The user card, and how many events it has applied."""
    evolved = _card.evolve(card, recorded)
    return None if evolved is None else {**evolved, "seen": (card or {}).get("seen", 0) + 1}


def counted(value: Document | None, recorded: Recorded) -> Document:
    """How many events of a circle's users a lane has applied, and when the latest was recorded."""
    count, last = (0, "") if value is None else (value["count"], value["last"])
    return {"count": count + 1, "last": max(last, recorded.recorded_at)}


CIRCLE_COUNT = Section("circle", "users", TALLY.reacts_to, lambda event: circle_of(event.user_id), counted)
"""Many streams, of every lane, feed the document of a circle."""


def holdings(stream_id: str, _: Any) -> Iterator[Holding]:
    """Every user keeps a place for the circle that the user is in."""
    yield Holding("users", stream_id, circle_of(stream_id), "1", "place", "DeleteUser")


USER_CARD = replace(_card, evolve=evolve, sections=(CIRCLE_COUNT,))
USERS: Context = replace(_users, projections=(USER_CARD,), sagas=(*_users.sagas, TALLY, CIRCLE), holdings=holdings)
