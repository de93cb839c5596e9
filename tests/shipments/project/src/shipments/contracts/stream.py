"""A stream of the context shipments is one shipment, under the shipment's id."""

from contracts.fields import Identifier
from contracts.message import Message


class ShipmentStream(Message, context="shipments", stream_field="shipment_id"):
    """The base of every command and event of the context."""

    shipment_id: Identifier
