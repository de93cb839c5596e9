"""The events of the tickets context."""

from decimal import Decimal

from contracts.fields import ShortText
from contracts.message import Event

from .stream import TicketStream


class TicketOpened(Event, TicketStream):
    """Somebody has asked for help."""

    title: ShortText
    hours: Decimal | None = None


class TicketClosed(Event, TicketStream):
    """A ticket is done."""

    reason: ShortText | None = None


TicketEvent = TicketOpened | TicketClosed
