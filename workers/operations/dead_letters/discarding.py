"""Discarding: an operator decides that nothing is to be done about a dead letter. It stays in Kafka.

The record of the decision is all there is to it, so nothing can be lost in between. A discarded letter can be retried.
"""

from workers.operations.dead_letters.choosing import DISCARD_ACTION
from workers.operations.dead_letters.reading import LetterStatus
from workers.operations.interventions import Operator


def can_be_discarded(status: LetterStatus) -> bool:
    """False for a letter that is discarded already."""
    return status.state != "discarded"


async def discard(operator: Operator, status: LetterStatus) -> bool:
    """Record that a letter is discarded; False when it was already. Raises Unavailable."""
    if not can_be_discarded(status):
        return False
    letter = status.letter
    await operator.record(DISCARD_ACTION, str(letter.position), {"dlq_reason": letter.reason})
    return True
