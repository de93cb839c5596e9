"""An event as it was recorded: what projections and sagas read."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from contracts.message import Event

State = TypeVar("State")


class Recorded(NamedTuple):
    """An event with its place and its cause. `recorded_at` is RFC 3339 text, by the database's clock.

    `stored_type` is the wire type under which it is stored, where that is an older one; empty: its own. Of an event
    that has become several, `more` are the others: they are applied with it, all or none. Each has an id of its own.
    """

    event: Event
    event_id: str
    stream_id: str
    stream_version: int
    sequence: int
    recorded_at: str
    correlation_id: str
    actor: str | None = None
    traceparent: str | None = None
    stored_type: str = ""
    more: tuple["Recorded", ...] = ()

    @property
    def parts(self) -> tuple["Recorded", ...]:
        """All events that the stored one is today, in order: itself, as a rule."""
        return (self, *self.more) if self.more else (self,)

    def may_be_called(self, wire_type: str) -> bool:
        """Whether some release has read the event under this type: upcasters may have made it a later one since."""
        if not self.stored_type:
            return self.event.type == wire_type
        names = {type_.rpartition(".v")[0] for type_ in (self.stored_type, self.event.type)}
        return wire_type.rpartition(".v")[0] in names


def evolved(evolve: Callable[[State, Recorded], State], state: State, recorded: Recorded) -> State:
    """The state after the event, all its parts included."""
    state = evolve(state, recorded)
    for part in recorded.more:
        state = evolve(state, part)
    return state


def flattened(events: Iterable[Recorded]) -> Iterator[Recorded]:
    """The events as a history tells them: every part by itself, under the id of the event that it is a part of."""
    for recorded in events:
        yield recorded
        for part in recorded.more:
            yield part._replace(event_id=recorded.event_id)
