"""Fetched records as the ports define them."""

from contracts.client.consumer import FetchedRecord
from contracts.signatures import Signatures
from workers.ports.log import InboundRecord


def inbound(record: FetchedRecord, signatures: Signatures | None = None) -> InboundRecord:
    """A record of a `Consumer` as the ports define it; with `signatures`, also whether it is signed."""
    if signatures is None:
        return InboundRecord._make((*record, False))
    topic, partition, _, key, value, headers, *_ = record
    # InboundRecord(…) takes several times as long.
    return InboundRecord._make((*record, signatures.is_signed(topic, partition, key, value, headers)))
