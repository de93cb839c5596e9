"""Fetched records as the ports define them."""

from contracts.client.consumer import FetchedRecord
from workers.ports.log import InboundRecord


def inbound(record: FetchedRecord) -> InboundRecord:
    """A record of a `Consumer` as an InboundRecord, which has the same fields."""
    return InboundRecord._make(record)
