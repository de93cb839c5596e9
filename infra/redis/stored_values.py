"""What is read from Redis, as values of ours; None for what something else has written in its place."""

from collections.abc import Sequence

import orjson

from workers.core.projection import Document
from workers.ports.parked import ParkedStream, ParkedStreamRequest


def document_of(stored: bytes) -> Document | None:
    """None when it is no JSON object: the document is lost."""
    found = _json(stored)
    return found if isinstance(found, dict) else None


def documents_of(document_ids: Sequence[str], stored: Sequence[bytes | None]) -> dict[str, Document]:
    """Of the answer to an MGET of documents: those that are there and are documents."""
    pairs = zip(document_ids, stored, strict=True)
    return {each: found for each, value in pairs if value is not None and (found := document_of(value)) is not None}


def parked_of(stored: bytes) -> ParkedStream | None:
    """What is known of a stream that waits. Fields that a later release has added are passed over."""
    found = _json(stored)
    kinds = ParkedStream.__annotations__
    if not isinstance(found, dict) or any(type(found.get(name)) is not kind for name, kind in kinds.items()):
        return None
    return ParkedStream(**{name: found[name] for name in kinds})


def request_of(stored: bytes) -> ParkedStreamRequest | None:
    """What an operator asks for."""
    found = _json(stored)
    if not isinstance(found, dict) or found.get("action") not in ("retry", "skip"):
        return None
    if not all(isinstance(found.get(name), str) for name in ("follower", "stream_id")):
        return None
    return ParkedStreamRequest(**{name: found[name] for name in ParkedStreamRequest._fields})


def _json(stored: bytes) -> object:
    try:
        return orjson.loads(stored)
    except orjson.JSONDecodeError:
        return None
