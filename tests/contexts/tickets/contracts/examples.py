"""Messages about a kettle."""

from decimal import Decimal

from .commands import CloseTicket, OpenTicket
from .events import TicketClosed, TicketOpened

OPEN_KETTLE = OpenTicket(ticket_id="t-1", title="The kettle is cold", hours=Decimal("0.50"), pass_phrase="open sesame")
CLOSE_KETTLE = CloseTicket(ticket_id="t-1", reason="It was not plugged in")
KETTLE_OPENED = TicketOpened(ticket_id="t-1", title="The kettle is cold", hours=Decimal("0.50"))
KETTLE_CLOSED = TicketClosed(ticket_id="t-1", reason="It was not plugged in")
