"""What stands for a record batch that cannot be read: one record, whose value is the batch as the broker stores it."""

from typing import NamedTuple

BATCH_TOO_LARGE = "BatchTooLarge"
BATCH_UNREADABLE = "BatchUnreadable"


class UnreadableBatch(NamedTuple):
    """Why a record has no content of its own. `reason` is a code, `explanation` says what to do. The record stands for
    the offsets from `first_offset` (0: unknown) to its own.
    """

    reason: str
    first_offset: int
    explanation: str
