"""Where a record batch has its signature, and what is signed (contracts/signatures.py).

It stands in the first record, as that is known before it is known which record will be the last to find room.
"""

from collections.abc import Sequence

from aiokafka.record.util import decode_varint

from contracts.client.unpacking import HEADER as BATCH_HEADER
from contracts.signatures import DIGITS, HEADER, Buffer, Signatures

_BLANK = b"0" * DIGITS


def blank_signature(signatures: Signatures) -> tuple[str, bytes]:
    """The last header of a first record, until the batch is `sign`ed. Raises LookupError without a key."""
    return HEADER, b"%b:%b" % (signatures.key_id, _BLANK)


def sign(batch: bytearray, topic: str, partition: int, signatures: Signatures) -> None:
    """Replace the blank signature of a batch (version 2, not compressed). The batch's checksum is wrong afterwards."""
    content = memoryview(batch)
    end = _first_record_end(content)
    key_id = signatures.key_id
    batch[end - DIGITS : end] = signatures.digits(key_id, topic, partition, _signed_parts(content, end))


def is_signed(
    batch: Buffer,
    first_headers: Sequence[tuple[str, bytes | None]],
    topic: str,
    partition: int,
    signatures: Signatures,
) -> bool:
    """Whether a batch (version 2, not compressed), whose first record has these headers, is signed."""
    if not first_headers or first_headers[-1][0] != HEADER:
        return False
    content = memoryview(batch)
    parts = _signed_parts(content, _first_record_end(content))
    return signatures.is_signature(first_headers[-1][1] or b"", topic, partition, parts)


def _first_record_end(content: memoryview) -> int:
    length, position = decode_varint(content, BATCH_HEADER.size)
    return int(position + length)


def _signed_parts(content: memoryview, end: int) -> tuple[memoryview, memoryview]:
    """All records without the digits, with which the first one ends."""
    return content[BATCH_HEADER.size : end - DIGITS], content[end:]
