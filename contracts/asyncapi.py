"""The topics and their messages as an AsyncAPI 3.0 document, made from the catalogue, the schemas and the examples.

Source of the format: https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

import json
from collections.abc import Sequence
from typing import Any

from contracts.analytics import PublishedPosition, PublishedWindow
from contracts.catalogue import catalogue
from contracts.message import Command, Message
from contracts.outcome import Outcome
from contracts.samples import shown
from contracts.topics import Topics

_TEXT = {"type": "string"}
_COUNT = {"type": "string", "pattern": "^[1-9][0-9]*$"}
_HEADERS: dict[str, Any] = {
    "ce_specversion": {"const": "1.0"},
    "ce_id": {"type": "string", "format": "uuid"},
    "ce_source": {"type": "string", "format": "uri-reference"},
    "ce_subject": {"type": "string", "description": "The stream id; equal to the key."},
    "ce_time": {"type": "string", "format": "date-time"},
    "content-type": {"const": "application/json"},
    "ce_correlationid": {"type": "string", "description": "The request that all of it began with."},
    "ce_causationid": {"type": "string", "description": "The message that led to this one."},
    "traceparent": {"type": "string", "description": "W3C trace context."},
    "ce_actor": {"type": "string", "description": "On whose behalf; not believed where identities are proven."},
}
_COMMAND_HEADERS: dict[str, Any] = {
    "ce_replyto": {"type": "string", "description": "topic:partition of the replies to send the outcome to."},
    "ce_identity": _TEXT | {"description": "Who sends it, with a proof; needed where identities are proven."},
    "ce_expectedversion": {"type": "string", "pattern": "^[0-9]{1,18}$", "description": "Refuse at another version."},
    "ce_expiresat": {"type": "string", "format": "date-time", "description": "Refused when it arrives later."},
}
_EVENT_HEADERS: dict[str, Any] = {
    "ce_streamversion": _COUNT | {"description": "1, 2, 3 … within the stream."},
    "ce_sequence": _COUNT | {"description": "1, 2, 3 … without gaps within the partition."},
    "ce_signature": _TEXT | {"description": "The installation's own, in the first record of a batch."},
}
_OPTIONAL = {"traceparent", "ce_actor", "ce_signature"}


def asyncapi(topics: Topics, version: str) -> dict[str, Any]:
    """The document for an installation with these topic names, as a JSON object. `version` is that of the system."""
    all_messages = catalogue()
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for context in all_messages.contexts:
        commands = [model for model in all_messages.commands.values() if model.context == context]
        events = [model for model in all_messages.events.values() if model.context == context]
        for model in (*commands, *events):
            messages[model.type] = _message(model)
            schemas |= messages[model.type]["payload"].pop("$defs", {})
        channels[f"{context}.commands"] = _channel(topics.commands(context), commands, "Asked of the context.")
        channels[f"{context}.events"] = _channel(topics.events(context), events, "The append-only log.")
        operations[f"handle.{context}"] = {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{context}.commands"},
            "reply": {"channel": {"$ref": "#/channels/replies"}},
        }
        operations[f"record.{context}"] = {"action": "send", "channel": {"$ref": f"#/channels/{context}.events"}}
    channels["replies"] = {
        "address": topics.replies,
        "description": "Outcomes of commands that named a ce_replyto, keyed by command id.",
        "messages": {"Outcome": {"$ref": "#/components/messages/Outcome"}},
    }
    channels["analytics.windows"] = {
        "address": topics.analytics_windows,
        "description": "Sums over windows of time, compacted: the last record of each key counts, in each partition.",
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"} for name in ("PublishedWindow", "PublishedPosition")
        },
    }
    for record in (PublishedWindow, PublishedPosition):
        messages[record.__name__] = {
            "name": record.__name__,
            "summary": " ".join((record.__doc__ or "").split()),
            "contentType": "application/json",
            "payload": record.model_json_schema(ref_template="#/components/schemas/{model}"),
        }
    messages["Outcome"] = {
        "name": "Outcome",
        "contentType": "application/json",
        "payload": Outcome.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}"),
    }
    schemas |= messages["Outcome"]["payload"].pop("$defs", {})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Annals",
            "version": version,
            "description": "Commands in, events out: CloudEvents 1.0 on Kafka in binary mode. Keys are stream ids, "
            "placed by Kafka's murmur2 partitioner. In a command, the field that names the stream may be left out.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def _channel(address: str, models: Sequence[type[Message]], description: str) -> dict[str, Any]:
    return {
        "address": address,
        "description": description,
        "messages": {model.type: {"$ref": f"#/components/messages/{model.type}"} for model in models},
        "bindings": {"kafka": {"topic": address, "bindingVersion": "0.5.0"}},
    }


def _message(model: type[Message]) -> dict[str, Any]:
    command = issubclass(model, Command)
    headers = {**_HEADERS, "ce_type": {"const": model.type}, **(_COMMAND_HEADERS if command else _EVENT_HEADERS)}
    required = {"ce_id"} if command else {*_HEADERS, *_EVENT_HEADERS} - _OPTIONAL
    return {
        "name": model.type,
        "title": model.name,
        "summary": " ".join((model.__doc__ or "").split()),
        **(
            {}
            if model.deprecation is None
            else {"tags": [{"name": "deprecated", "description": str(model.deprecation)}]}
        ),
        "contentType": "application/json",
        "headers": {"type": "object", "properties": headers, "required": sorted({*required, "ce_type"})},
        "payload": {**model.model_json_schema(ref_template="#/components/schemas/{model}"), "title": model.name},
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "bindings": {"kafka": {"key": _TEXT, "bindingVersion": "0.5.0"}},
        "examples": [
            {"name": name, "payload": json.loads(example.to_json())} for name, example in shown(model).items()
        ],
    }
