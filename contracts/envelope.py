"""CloudEvents 1.0 in the Kafka protocol binding's binary mode: the headers around a message, to and from values.

A command needs `ce_id`, `ce_type` and a key; every other header may be missing. A header that is present and cannot be
read makes the message malformed.
Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from contracts.usual_headers import IDENTITY, MAX_HEADER_BYTES, NAMES, TYPE_FORM, UUID_FORM, usual_fields

Headers = Sequence[tuple[str, bytes]]

CONTENT_TYPE = ("content-type", b"application/json")
SPECVERSION = ("ce_specversion", b"1.0")

_new_tuple = tuple.__new__
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_VERSION = re.compile(r"[0-9]{1,18}")


class MalformedMessage(Exception):
    """A message whose envelope cannot be read. Correct the producer; the original is in the dead letters."""

    def __init__(self, reason: str, explanation: str) -> None:
        super().__init__(f"{reason}: {explanation}")
        self.reason = reason
        self.explanation = explanation


class CommandEnvelope(NamedTuple):
    """The headers of a command. Times are RFC 3339 texts or aware datetimes, ids texts (`id` a canonical UUID)."""

    id: str
    type: str
    source: str
    subject: str
    time: str
    correlation_id: str
    causation_id: str
    traceparent: str | None = None
    actor: str | None = None
    reply_to: str | None = None
    identity: str | None = None
    expected_version: int | None = None
    expires_at: datetime | None = None

    def to_headers(self) -> list[tuple[str, bytes]]:
        headers = [
            SPECVERSION,
            ("ce_id", self.id.encode()),
            ("ce_type", self.type.encode()),
            ("ce_source", self.source.encode()),
            ("ce_subject", self.subject.encode()),
            ("ce_time", self.time.encode()),
            CONTENT_TYPE,
            ("ce_correlationid", self.correlation_id.encode()),
            ("ce_causationid", self.causation_id.encode()),
        ]
        headers += _given(("traceparent", self.traceparent), ("ce_actor", self.actor), ("ce_replyto", self.reply_to))
        headers += _given((IDENTITY, self.identity))
        if self.expected_version is not None:
            headers.append(("ce_expectedversion", b"%d" % self.expected_version))
        if self.expires_at is not None:
            headers.append(("ce_expiresat", rfc3339(self.expires_at).encode()))
        return headers


class EventEnvelope(NamedTuple):
    """The headers of an event. `stream_version` counts within the stream, `sequence` within the partition, from 1."""

    id: str
    type: str
    source: str
    subject: str
    time: str
    correlation_id: str
    causation_id: str
    stream_version: int
    sequence: int
    traceparent: str | None = None
    actor: str | None = None

    def to_headers(self) -> list[tuple[str, bytes]]:
        headers = [
            SPECVERSION,
            ("ce_id", self.id.encode()),
            ("ce_type", self.type.encode()),
            ("ce_source", self.source.encode()),
            ("ce_subject", self.subject.encode()),
            ("ce_time", self.time.encode()),
            CONTENT_TYPE,
            ("ce_correlationid", self.correlation_id.encode()),
            ("ce_causationid", self.causation_id.encode()),
            ("ce_streamversion", b"%d" % self.stream_version),
            ("ce_sequence", b"%d" % self.sequence),
        ]
        return headers + _given(("traceparent", self.traceparent), ("ce_actor", self.actor))


def _given(*texts: tuple[str, str | None]) -> list[tuple[str, bytes]]:
    return [(name, text.encode()) for name, text in texts if text is not None]


def read_command(headers: Headers, key: bytes | None) -> CommandEnvelope:
    """The envelope of a command with these Kafka headers and this key.

    Raises MalformedMessage when the id, the type or the key is missing, or a header cannot be understood.
    """
    return read_joined(headers, key)[0]


def read_joined(headers: Headers, key: bytes | None) -> tuple[CommandEnvelope, bytes | None]:
    """As `read_command`; and all that is proven of the envelope, in UTF-8, each text with a NUL behind it, and then the
    identity. None: the headers stand in no usual order, and their texts were not joined.
    """
    usual = usual_fields(headers, key)
    if usual is None:
        return _read_unusual(headers, key), None
    fields, joined = usual
    return _new_tuple(CommandEnvelope, fields), joined  # CommandEnvelope(…) takes three times as long


def _read_unusual(headers: Headers, key: bytes | None) -> CommandEnvelope:
    header = _texts(headers).get
    if header("ce_specversion", "1.0") != "1.0":
        raise MalformedMessage("UnknownSpecVersion", "ce_specversion must be 1.0")
    identity, type_ = header("ce_id"), header("ce_type")
    if identity is None or type_ is None:
        raise MalformedMessage("MissingHeader", f"{'ce_id' if identity is None else 'ce_type'} is missing")
    if not UUID_FORM.fullmatch(identity):
        identity = _canonical_uuid(identity)
    if not TYPE_FORM.fullmatch(type_):
        raise MalformedMessage("MalformedType", "ce_type must look like users.CreateUser.v1")
    subject = read_key(key)
    expected, expires = header("ce_expectedversion"), header("ce_expiresat")
    if expected is not None and not _VERSION.fullmatch(expected):
        raise MalformedMessage("MalformedHeader", "ce_expectedversion must be a whole number from 0")
    return CommandEnvelope(
        identity,
        type_,
        header("ce_source", ""),
        subject,
        header("ce_time", ""),
        header("ce_correlationid", identity),
        header("ce_causationid", identity),
        header("traceparent"),
        header("ce_actor"),
        header("ce_replyto"),
        header(IDENTITY),
        None if expected is None else int(expected),
        None if expires is None else _time(expires, "ce_expiresat"),
    )


def read_event(headers: Headers, key: bytes | None) -> EventEnvelope:
    """The envelope of an event written by Annals. Raises MalformedMessage when it was not."""
    raw = dict(headers)
    try:
        return EventEnvelope(
            raw["ce_id"].decode(),
            raw["ce_type"].decode(),
            raw["ce_source"].decode(),
            key.decode() if key is not None else raw["ce_subject"].decode(),
            raw["ce_time"].decode(),
            raw["ce_correlationid"].decode(),
            raw["ce_causationid"].decode(),
            int(raw["ce_streamversion"]),
            int(raw["ce_sequence"]),
            raw["traceparent"].decode() if "traceparent" in raw else None,
            raw["ce_actor"].decode() if "ce_actor" in raw else None,
        )
    except (KeyError, ValueError, AttributeError, TypeError) as error:  # the last two: a header without a value
        raise MalformedMessage("NotAnEvent", f"an event's header is missing or wrong: {error}") from error


def read_key(key: bytes | None) -> str:
    """A message's key as text. Raises MalformedMessage when there is none or it is not text of a fair length."""
    if not key:
        raise MalformedMessage("MissingKey", "the record's key must be the stream id")
    if len(key) <= MAX_HEADER_BYTES and key.isascii() and (text := key.decode()).isprintable():
        return text
    return _text(key, "the key")


@lru_cache(maxsize=4096)  # all that a batch makes has one time
def rfc3339(moment: datetime) -> str:
    """`moment` (aware) as RFC 3339 text in UTC with microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _texts(headers: Headers) -> dict[str, str]:
    """The headers as texts, without the empty ones. Raises MalformedMessage for one that is no text."""
    joined = b"".join([value or b"" for _, value in headers])
    if not "".join([name for name, _ in headers]).isascii():
        _check_names(headers)
    if len(joined) <= MAX_HEADER_BYTES and joined.isascii() and joined.decode().isprintable():
        # One check of all of them together is enough for almost every message.
        return {name: value.decode() for name, value in headers if value}
    return {name: _text(value, name) for name, value in headers if value and name in NAMES}


def _check_names(headers: Headers) -> None:
    """Refuse names with surrogate escapes, which stand for bytes that are no UTF-8 (see contracts.client.consumer)."""
    for name, _ in headers:
        if printable_name(name) != name:
            raise MalformedMessage("MalformedHeader", f"the header name {printable_name(name)} is not UTF-8")


def printable_name(name: str) -> str:
    r"""A header's name as Kafka takes it: \xNN in place of each byte that is no UTF-8."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _text(value: bytes, name: str) -> str:
    if len(value) > MAX_HEADER_BYTES:
        raise MalformedMessage("MalformedHeader", f"{name} has {len(value)} bytes; at most {MAX_HEADER_BYTES}")
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise MalformedMessage("MalformedHeader", f"{name} is not UTF-8") from error
    if _UNPRINTABLE.search(text):
        raise MalformedMessage("MalformedHeader", f"{name} holds a control character")
    return text


def _canonical_uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise MalformedMessage("MalformedId", "ce_id must be a UUID") from error


def _time(text: str, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise MalformedMessage("MalformedHeader", f"{name} has no time zone")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MalformedMessage("MalformedHeader", f"{name} is not an RFC 3339 time") from error
