"""The first step of a batch: from a Kafka record to a request (a command, or its rejection) or to a dead letter. Pure.

A record that is no command (no id, no type, no key, no JSON) is a dead letter, and so is a batch that cannot be read. A
command that cannot be accepted (invalid fields, too large) gets an outcome with a rejection. The field that names the
stream may be left out of the value, as the key is the same.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from pydantic import ValidationError

from contracts.envelope import CommandEnvelope, MalformedMessage, read_joined
from contracts.message import Command
from contracts.principal import Principal
from contracts.topics import MAX_MESSAGE_BYTES
from workers.command.identifying import Identify
from workers.core.decider import Rejection
from workers.ports.log import InboundRecord

MAX_DETAILS = 50


class Request(NamedTuple):
    """A command to decide on, or the rejection of one that could not be read (then `command` is None).

    `principal`: who was proven to have sent it; None: nobody, and `unproven` says why, or nobody has looked.
    """

    record: InboundRecord
    envelope: CommandEnvelope
    command: Command | None
    rejection: Rejection | None
    principal: Principal | None = None
    unproven: str | None = None


class DeadLetter(NamedTuple):
    """A record that cannot be handled, with the reason (a code) and an explanation.

    `unknown_type`: the type of a message that this release does not declare. Perhaps a newer one does.
    """

    record: InboundRecord
    reason: str
    explanation: str
    unknown_type: str = ""


class NotJson(Exception):
    """The value is not JSON text."""


def read(
    record: InboundRecord, models: Mapping[str, type[Command]], context: str, identify: Identify | None = None
) -> Request | DeadLetter:
    """Read a record. `models` are the commands by wire type; a command of another context becomes a dead letter.

    `identify` says who has sent it; it is called here, while the processor has the record at hand (None: nobody looks).
    """
    try:
        envelope, joined = read_joined(record.headers, record.key)
    except MalformedMessage as error:
        if (batch := record.unreadable) is not None:
            return DeadLetter(record, batch.reason, batch.explanation)
        return DeadLetter(record, error.reason, error.explanation)
    model = models.get(envelope.type)
    if model is None or model.context != context:
        return _unknown(record, envelope.type, models, context)
    value = record.value
    if not value:
        return DeadLetter(record, "EmptyValue", "the record has no value; a command's fields are a JSON object")
    principal = unproven = None
    if identify is not None:
        envelope, principal, unproven = identify(envelope, value, joined)
    try:
        content = _content(model, value, envelope.subject)
    except NotJson:
        return DeadLetter(record, "MalformedJson", "the value is not a JSON object in UTF-8")
    if isinstance(content, Rejection):
        return Request(record, envelope, None, content, principal, unproven)
    return Request(record, envelope, content, None, principal, unproven)


def _unknown(record: InboundRecord, wire_type: str, models: Mapping[str, type[Command]], context: str) -> DeadLetter:
    """The letter keeps the command, so that a newer release can handle it."""
    name, _, version = wire_type.rpartition(".v")
    if not wire_type.startswith(f"{context}."):
        return DeadLetter(record, "UnknownType", f"{wire_type} is not a command of the context {context}")
    newest = max(
        (model.schema_version for model in models.values() if model.type.rpartition(".v")[0] == name), default=0
    )
    if not 0 < newest < int(version):
        explanation = f"{wire_type} is not a command of the context {context}"
        return DeadLetter(record, "UnknownType", explanation, wire_type)
    explanation = f"{wire_type} is of a newer release; this one knows version {newest}: upgrade the workers, then retry"
    return DeadLetter(record, "NewerRelease", explanation, wire_type)


def _content(model: type[Command], value: bytes, key: str) -> Command | Rejection:
    """The command with this value, or why it cannot be accepted. Raises NotJson."""
    if len(value) > MAX_MESSAGE_BYTES:
        message = f"the command has {len(value)} bytes; at most {MAX_MESSAGE_BYTES} are allowed"
        return Rejection("ValidationFailed", message, [_detail("", message)])
    try:
        command = _command(model, value, key)
    except ValidationError as error:
        return _rejection(error, value)
    if getattr(command, model.stream_field) != key:
        message = f"must be the record's key, which is {key!r}"
        details = [_detail(model.stream_field, message)]
        return Rejection("ValidationFailed", f"{model.stream_field} {message}", details)
    return command


def _command(model: type[Command], value: bytes, key: str) -> Command:
    try:
        return cast(Command, model.__pydantic_validator__.validate_json(value))
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False, include_input=False)
        if not any(entry["type"] == "missing" and entry["loc"] == (model.stream_field,) for entry in errors):
            raise
    # Inserted into the text instead of parsing and writing it again: all other values stay as the sender wrote them.
    fields = value.lstrip()[1:].lstrip()
    comma = "" if fields.startswith(b"}") else ","
    named = f"{{{json.dumps(model.stream_field)}:{json.dumps(key)}{comma}".encode()
    return cast(Command, model.__pydantic_validator__.validate_json(named + fields))


def _rejection(error: ValidationError, value: bytes) -> Rejection:
    """The rejection with details by field, without the values, which may be secrets. Raises NotJson."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    if errors[0]["type"] in ("json_invalid", "model_type"):
        details = [_detail("", _unreadable(value))]
    else:
        details = [_detail(".".join(map(str, entry["loc"])), entry["msg"]) for entry in errors[:MAX_DETAILS]]
    fields = ", ".join(sorted({detail["field"] for detail in details if detail["field"]}))
    summary = f"invalid: {fields}" if fields else details[0]["message"]
    return Rejection("ValidationFailed", summary[:500], details)


def _detail(field: str, message: str) -> dict[str, str]:
    # The name of a field comes from the sender; it must be short and storable. The parser accepts Unicode only.
    return {"field": field.translate(_UNPRINTABLE)[:200], "message": message[:500]}


_UNPRINTABLE = dict.fromkeys([*range(32), 127], "�")


def _unreadable(value: bytes) -> str:
    """Why pydantic's stricter parser rejects a value that is JSON nevertheless. Raises NotJson if it is not."""
    try:
        # As text: for bytes the standard library would guess other encodings.
        parsed: Any = json.loads(value.decode())
    except (ValueError, RecursionError) as error:
        raise NotJson from error
    if not isinstance(parsed, dict):
        raise NotJson
    return "the JSON holds text that is not Unicode (a lone surrogate) or is nested too deeply"
