"""The headers of a command in the order in which almost every producer writes them: that of `CommandEnvelope`.

Reading them by their places takes less than two thirds of the time of reading them by their names, and a command worker
reads those of every command. Headers that stand otherwise are read by their names; both ways give the same values.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

MAX_HEADER_BYTES = 1024
UUID_FORM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TYPE_FORM = re.compile(r"[a-z][a-z0-9_]*\.[A-Za-z][A-Za-z0-9]*\.v[1-9][0-9]{0,3}")

_UNPRINTABLE = bytes([*range(32), 127])
"""Of ASCII."""

IDENTITY = "ce_identity"
"""Who sends a command, with a proof (contracts/identity.py)."""

NAMES = {
    "ce_specversion",
    "ce_id",
    "ce_type",
    "ce_source",
    "ce_time",
    "ce_correlationid",
    "ce_causationid",
    "traceparent",
    "ce_actor",
    "ce_replyto",
    "ce_expectedversion",
    "ce_expiresat",
    IDENTITY,
}
"""Of the headers that readers of a command take notice of."""

_PLACES = {"traceparent": 0, "ce_actor": 1, "ce_replyto": 2, IDENTITY: 5}
_NULS = 12
"""Between the texts of an envelope."""

Fields = tuple[str | None, ...]
"""Those of a `contracts.envelope.CommandEnvelope`."""


def usual_fields(headers: Sequence[tuple[str, bytes]], key: bytes | None) -> tuple[Fields, bytes] | None:
    """The fields of the `CommandEnvelope`, of which the last two are None; and their texts in one, with a NUL between
    any two and the identity at the end: see `contracts.envelope.read_joined`.

    None: the headers stand in another order, there are others, or something is wrong with one.
    """
    try:
        (n1, version), (n2, id_), (n3, type_), (n4, source), (n5, _), (n6, time), (n7, _), *others = headers
        (n8, correlation), (n9, causation), *others = others
        is_usual = n1 == "ce_specversion" and n2 == "ce_id" and n3 == "ce_type" and n4 == "ce_source"
        is_usual = is_usual and n5 == "ce_subject" and n6 == "ce_time" and n7 == "content-type"
        if not is_usual or n8 != "ce_correlationid" or n9 != "ce_causationid" or version != b"1.0":
            return None
        optional = [b"", b"", b"", b"", b"", b""]  # the expected version and the expiry are unusual: empty
        for name, value in others:
            if not value:
                return None
            optional[_PLACES[name]] = value
        if not (key and correlation and causation):
            return None
        joined = b"\0".join((id_, type_, source, key, time, correlation, causation, *optional))
        if len(joined) > MAX_HEADER_BYTES or not joined.isascii():
            return None
        if len(joined.translate(None, _UNPRINTABLE)) != len(joined) - _NULS:
            return None
        return _fields(joined.decode().split("\0")), joined
    except (ValueError, TypeError, AttributeError, KeyError):  # too few, one is no text, has no value, or is not known
        return None


def _fields(texts: list[str]) -> Fields:
    id_, type_, source, subject, time, correlation_id, causation_id, traceparent, actor, reply_to, _, _, identity = (
        texts
    )
    if not UUID_FORM.fullmatch(id_):
        raise ValueError(id_)
    return (
        id_,
        _type_text(type_),
        source,
        subject,
        time,
        id_ if correlation_id == id_ else correlation_id,
        id_ if causation_id == id_ else causation_id,
        traceparent or None,
        actor or None,
        reply_to or None,
        identity or None,
        None,
        None,
    )


@lru_cache(maxsize=1024)
def _type_text(text: str) -> str:
    """Raises ValueError for what is no type."""
    if not TYPE_FORM.fullmatch(text):
        raise ValueError(text)
    return text
