"""`POST /<context>/<stream id>/<Command>`: any declared command, as it is."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Body, Response

from contracts.message import Command
from contracts.outcome import Outcome
from workers.core.context import Context
from workers.core.decider import Decision
from workers.gateway.answers import answer
from workers.gateway.backend import Backend
from workers.gateway.conditional import outcome_if
from workers.gateway.declared.bodies import BodyOf, body_examples, command_of
from workers.gateway.declared.streams import stream_parameter, with_types
from workers.gateway.kept import kept_of
from workers.gateway.request_headers import Conditions, Metadata

Endpoint = Callable[..., Coroutine[Any, Any, Response]]


def command_endpoint(backend: Backend, context: Context, model: type[Command]) -> Endpoint:
    """What answers the address of this command: 201 if it began its stream, else 200."""
    kept = kept_of(context, "", model.stream_field)
    others = [field for name, field in model.model_fields.items() if name != model.stream_field]
    types = {
        "stream_id": stream_parameter(model),
        "given": Annotated[dict[str, Any], BodyOf(model), Body(examples=body_examples(model) or None)],
    }

    async def with_fields(stream_id: Any, given: Any, metadata: Metadata, conditions: Conditions) -> Response:
        command = command_of(model, stream_id, given or {})
        creates = may_begin(context, command)
        outcome, sent = await outcome_if(backend, kept, command, metadata, conditions, creates=creates)
        began = outcome is not None and has_begun(outcome)
        location = address_of(context, command.stream_id) if began else None
        return answer(backend.guard.contexts, outcome, command, sent, status=201 if began else 200, location=location)

    async def alone(stream_id: Any, metadata: Metadata, conditions: Conditions, given: Any = None) -> Response:
        return await with_fields(stream_id, given, metadata, conditions)

    if any(field.is_required() for field in others):
        return with_types(with_fields, **types)
    types["given"] = types["given"] | None
    return with_types(alone, **types)


def may_begin(context: Context, command: Command) -> bool:
    """Whether the command may begin a stream: whether it is accepted, with an event, where there is none."""
    try:
        decision = context.decider.decide(context.decider.initial, command)
    except Exception:  # noqa: BLE001  # a bug in a domain: the command worker meets it too, and keeps the command
        return False
    return isinstance(decision, Decision) and bool(decision.events)


def has_begun(outcome: Outcome) -> bool:
    """Whether the stream had no event before this command."""
    return bool(outcome.events) and outcome.stream_version == len(outcome.events)


def address_of(context: Context, stream_id: str) -> str | None:
    """Where a stream is shown; None if the context has no read model."""
    name = next((projection.name for projection in context.projections if projection.context == context.name), None)
    return None if name is None else f"/{context.name}/{name}/{quote(stream_id, safe='')}"
