"""aiokafka's records as the ports define them."""

from typing import Any

from contracts.client.consumer import leader_epoch
from workers.ports.log import InboundRecord


def inbound(record: Any) -> InboundRecord:
    """A ConsumerRecord as an InboundRecord."""
    return InboundRecord(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        record.headers,
        record.timestamp,
        leader_epoch(record),
    )
