"""The write side, the read model and the rules of the tickets context."""

from typing import NamedTuple, assert_never, cast

from workers.core.access import KNOWN, Access, Read, Scope
from workers.core.context import Context
from workers.core.decider import QUIET, Decider, Decision, Rejection
from workers.core.projection import Document, Index, Projection
from workers.core.recorded import Recorded

from .contracts.commands import CloseTicket, OpenTicket
from .contracts.events import TicketClosed, TicketEvent, TicketOpened

UNFIT_TITLE = "UnfitTitle"
WRITERS = Scope("tickets.write")


class TicketState(NamedTuple):
    """What decisions need to know of a ticket."""

    title: str | None = None
    is_open: bool = False


def decide(state: TicketState, command: OpenTicket | CloseTicket) -> Decision | Rejection:
    match command:
        case OpenTicket():
            if command.title == "?":
                return Rejection(UNFIT_TITLE, "A title says what it is about.")
            if state.title is not None:
                same = state == (command.title, True)
                return QUIET if same else Rejection("TicketAlreadyOpen", f"There is a ticket {command.ticket_id}.")
            return Decision((TicketOpened(ticket_id=command.ticket_id, title=command.title, hours=command.hours),))
        case CloseTicket():
            if state.title is None:
                return Rejection("TicketNotFound", f"There is no ticket {command.ticket_id}.")
            if not state.is_open:
                return QUIET
            return Decision((TicketClosed(ticket_id=command.ticket_id, reason=command.reason),))
        case _:
            assert_never(command)


def evolve(state: TicketState, event: TicketEvent) -> TicketState:
    match event:
        case TicketOpened():
            return TicketState(event.title, is_open=True)
        case TicketClosed():
            return state._replace(is_open=False)
        case _:
            assert_never(event)


def card(document: Document | None, recorded: Recorded) -> Document:
    event = cast(TicketEvent, recorded.event)
    match event:
        case TicketOpened():
            hours = None if event.hours is None else str(event.hours)
            shown = {"ticket_id": event.ticket_id, "title": event.title, "hours": hours, "status": "open"}
        case TicketClosed():
            shown = {**(document or {}), "status": "closed"}
        case _:
            assert_never(event)
    return {**shown, "version": recorded.stream_version}


def indexes(document: Document) -> frozenset[Index]:
    return frozenset({Index("status", document["status"]), Index("title", document["title"].casefold())})


context = Context(
    "tickets",
    Decider(TicketState(), decide, evolve),
    projections=(
        Projection(
            "help_desk",
            "tickets",
            card,
            indexes,
            searchable=("status", "title"),
            search_keys={"title": str.casefold},
        ),
    ),
    access=Access(
        commands={OpenTicket: (WRITERS,), CloseTicket: (WRITERS,)},
        reads=dict.fromkeys(Read, (Scope("tickets.read"),)) | {Read.CARD: (KNOWN,)},
    ),
    noun="the ticket",
    not_found="TicketNotFound",
    statuses={UNFIT_TITLE: 422},
)
