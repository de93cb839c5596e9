"""Cursors of lists: opaque to callers, and good for the query that gave them only. Pure."""

import base64
import binascii
from hashlib import sha256

from workers.gateway.problems import invalid

MAX_CURSOR_CHARACTERS = 400
CURSOR_DIGEST_BYTES = 6


def to_cursor(place: str, query: str) -> str:
    """A place in the answer to a query, with a digest by which a damaged one, or one of another query, is known."""
    return base64.urlsafe_b64encode(_digest(place, query) + place.encode()).decode().rstrip("=")


def _digest(place: str, query: str) -> bytes:
    return sha256(f"{query} {place}".encode()).digest()[:CURSOR_DIGEST_BYTES]


def from_cursor(cursor: str, query: str) -> str:
    """The place. Raises Problem for what is no cursor of this query."""
    try:
        if len(cursor) > MAX_CURSOR_CHARACTERS:
            raise ValueError
        found = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place = found[CURSOR_DIGEST_BYTES:].decode()
        if found[:CURSOR_DIGEST_BYTES] != _digest(place, query):
            raise ValueError
    except (binascii.Error, ValueError) as error:
        message = "must be the cursor of an earlier page of the same query"
        raise invalid("The cursor is not one of this query.", [{"field": "cursor", "message": message}]) from error
    return place
