"""Cursors of pages: opaque to callers, and valid only for the query that returned them. Pure."""

import base64
import binascii
from hashlib import sha256

from workers.gateway.problems import invalid

MAX_CURSOR_CHARACTERS = 400
CURSOR_DIGEST_BYTES = 6


def to_cursor(place: str, query: str) -> str:
    """The cursor of a position in the result of a query. Its digest reveals damage, and use with another query."""
    return base64.urlsafe_b64encode(_digest(place, query) + place.encode()).decode().rstrip("=")


def _digest(place: str, query: str) -> bytes:
    return sha256(f"{query} {place}".encode()).digest()[:CURSOR_DIGEST_BYTES]


def from_cursor(cursor: str, query: str) -> str:
    """The position of a cursor. Raises Problem if it is none of this query."""
    try:
        if len(cursor) > MAX_CURSOR_CHARACTERS:
            raise ValueError
        decoded = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place = decoded[CURSOR_DIGEST_BYTES:].decode()
        if decoded[:CURSOR_DIGEST_BYTES] != _digest(place, query):
            raise ValueError
    except (binascii.Error, ValueError) as error:
        message = "must be the cursor of an earlier page of the same query"
        raise invalid("The cursor is not one of this query.", [{"field": "cursor", "message": message}]) from error
    return place
