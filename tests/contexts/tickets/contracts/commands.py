"""The commands of the tickets context."""

from decimal import Decimal

from pydantic import Field

from contracts.fields import ShortText
from contracts.message import Command

from .stream import TicketStream


class OpenTicket(Command, TicketStream):
    """Ask for help. Rejections: TicketAlreadyOpen, UnfitTitle."""

    title: ShortText
    hours: Decimal | None = Field(default=None, ge=0, le=1000, decimal_places=2)
    pass_phrase: ShortText | None = Field(default=None, repr=False)


class CloseTicket(Command, TicketStream):
    """Be done with a ticket. Rejections: TicketNotFound."""

    reason: ShortText | None = None
