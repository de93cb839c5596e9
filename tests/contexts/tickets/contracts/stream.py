"""A stream of the tickets context is one ticket."""

from contracts.fields import Identifier
from contracts.message import Message


class TicketStream(Message, context="tickets", stream_field="ticket_id"):
    """The base of every command and event of the context."""

    ticket_id: Identifier
