"""How declared routes name streams: the parameter of the address, with the rules of the field that carries the id."""

from collections.abc import Callable
from inspect import signature
from typing import Annotated, Any, TypeVar

from fastapi import Path

from contracts.catalogue import catalogue
from contracts.message import Message

Function = TypeVar("Function", bound=Callable[..., Any])


def stream_model(context: str) -> type[Message]:
    """A message of the context: all have the field with the stream's id."""
    messages = catalogue()
    return next(model for model in [*messages.commands.values(), *messages.events.values()] if model.context == context)


def stream_parameter(model: type[Message]) -> Any:
    """The type of a path parameter that is the id of a message's stream, under the name of the message's field."""
    field = model.model_fields[model.stream_field]
    return Annotated[
        (
            field.annotation,
            *field.metadata,
            Path(alias=model.stream_field, description=field.description, examples=field.examples),
        )
    ]


def with_types(function: Function, **types: Any) -> Function:
    """The function, whose parameters of these names have these types for the framework. They are known only now."""
    declared = signature(function)
    parameters = [
        parameter.replace(annotation=types.get(parameter.name, parameter.annotation))
        for parameter in declared.parameters.values()
    ]
    function.__signature__ = declared.replace(parameters=parameters)  # type: ignore[attr-defined]
    return function
