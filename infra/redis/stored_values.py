"""Decodes values that were read from Redis. None stands for a value that another program has written in its place."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import orjson

from infra.redis.errors import KEYS
from workers.core.projection import SECTIONS, Document
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.ports.read_models import DocumentLost


def document_of(stored: bytes) -> Document | None:
    """None when it is no JSON object: the document is lost."""
    value = _json(stored)
    return value if isinstance(value, dict) else None


SPOILT = f"{KEYS}. DEL the key: what is missing is written again"


def documents_of(document_ids: Sequence[str], stored: Sequence[bytes | None]) -> dict[str, Document]:
    """The answer to an MGET of documents, without those that are missing or no documents."""
    return {
        document_id: document
        for document_id, value in zip(document_ids, stored, strict=True)
        if value is not None and (document := document_of(value)) is not None
    }


def with_sections(
    documents: Mapping[str, Document], document_ids: Sequence[str], sections: Sequence[Sequence[bytes] | None]
) -> dict[str, Document]:
    """The documents, each with its sections. `sections` are the fields and values of each of the ids, in turn. Raises
    DocumentLost when something else is in the place of a document's sections: without them it would look as if nothing
    had been counted. Its lanes cannot write them either, until an operator removes the key.
    """
    whole = dict(documents)
    for document_id, stored in zip(document_ids, sections, strict=True):
        if document_id not in documents:
            continue
        if stored is None:
            raise DocumentLost("Redis", f"something else is in the place of the sections of {document_id}", SPOILT)
        if values := _sections_of(stored):
            whole[document_id] = {**documents[document_id], SECTIONS: values}
    return whole


def _sections_of(stored: Sequence[bytes]) -> dict[str, list[Document]]:
    sections: dict[str, list[Document]] = {}
    for field, encoded in zip(stored[::2], stored[1::2], strict=True):
        fields = _json(encoded)
        value = fields.get("value") if isinstance(fields, dict) else None
        if isinstance(value, dict):
            sections.setdefault(_section_of(field), []).append(value)
    return sections


@lru_cache(maxsize=1024)
def _section_of(field: bytes) -> str:
    """The section of a field, of which there are as many as lanes."""
    return field.rpartition(b":")[0].decode(errors="replace")


def parked_of(stored: bytes) -> ParkedStream | None:
    """A parked stream. Fields that a later release has added are ignored."""
    value = _json(stored)
    kinds = ParkedStream.__annotations__
    if not isinstance(value, dict) or any(type(value.get(name)) is not kind for name, kind in kinds.items()):
        return None
    return ParkedStream(**{name: value[name] for name in kinds})


def request_of(stored: bytes) -> ParkedStreamRequest | None:
    """What an operator requests."""
    value = _json(stored)
    if not isinstance(value, dict) or value.get("action") not in ("retry", "skip"):
        return None
    if not all(isinstance(value.get(name), str) for name in ("follower", "stream_id")):
        return None
    return ParkedStreamRequest(**{name: value[name] for name in ParkedStreamRequest._fields})


def _json(stored: bytes) -> object:
    try:
        return orjson.loads(stored)
    except orjson.JSONDecodeError:
        return None
