"""Makes the declared routes, beside all others that an application has."""

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel

from contracts.catalogue import catalogue
from contracts.message import Command
from contracts.outcome import Outcome
from workers.core.context import Context
from workers.core.projection import Projection
from workers.gateway.backend import Backend
from workers.gateway.cards import CARDS, CHANGES, CREATIONS, PAGES
from workers.gateway.declared.addresses import Address, FreeAddresses
from workers.gateway.declared.commands import command_endpoint
from workers.gateway.declared.read_models import document_endpoint, page_endpoint
from workers.gateway.declared.streams import stream_model
from workers.gateway.deprecation import sends
from workers.gateway.history import add_history
from workers.gateway.kept import kept_of
from workers.gateway.undoing import add_undo

Shown = TypeVar("Shown")


class DocumentPage(BaseModel, Generic[Shown]):
    """Documents of a read model. `cursor` continues after them; null at the end."""

    documents: list[Shown]
    cursor: str | None


def declared_routers(backend: Backend, taken: Iterable[Address]) -> list[APIRouter]:
    """The routes of every context that the gateway serves. None has an address that is `taken`."""
    free = FreeAddresses(taken)
    return [_routes_of(context, backend, free) for context in backend.guard.contexts.values()]


def _routes_of(context: Context, backend: Backend, free: FreeAddresses) -> APIRouter:
    router = APIRouter(tags=[context.name])
    for model in catalogue().commands.values():
        # An earlier version is still read from Kafka; an address takes what is sent today.
        if model.context == context.name and catalogue().command_named(f"{context.name}.{model.name}") is model:
            _add_command(router, backend, context, model, free)
    if context.undo is not None:
        field = stream_model(context.name).stream_field
        path = free.take("POST", f"/{context.name}/{{{field}}}", "/undo")
        if path is not None:
            add_undo(router, backend, kept_of(context, path, field))
    for projection in context.projections:
        _add_read_model(router, backend, context, projection, free)
    return router


def _add_command(
    router: APIRouter, backend: Backend, context: Context, model: type[Command], free: FreeAddresses
) -> None:
    path = free.take("POST", f"/{context.name}/{{{model.stream_field}}}", f"/{model.name}")
    if path is not None:
        router.add_api_route(
            f"{path}/{model.name}",
            command_endpoint(backend, context, model),
            methods=["POST"],
            name=model.type,
            summary=_first_line(model.__doc__) or model.name,
            response_model=Outcome,
            responses={**CREATIONS, **CHANGES, 201: {"model": Outcome, "description": "The stream has begun"}},
            **sends(model),
        )


def _add_read_model(
    router: APIRouter, backend: Backend, context: Context, projection: Projection, free: FreeAddresses
) -> None:
    shown: Any = projection.model or dict[str, Any]
    field = stream_model(projection.context).stream_field
    all_documents = f"/{context.name}/{projection.name}"
    kept = kept_of(backend.guard.contexts[projection.context], f"{all_documents}/{{{field}}}", field)
    if (path := free.take("GET", kept.path)) is not None:
        router.add_api_route(
            path,
            document_endpoint(backend, kept, projection),
            methods=["GET"],
            name=f"document_of_{projection.name}",
            summary=f"A document of the read model {projection.name}",
            response_model=shown,
            responses=CARDS,
        )
    if (path := free.take("GET", all_documents)) is not None:
        router.add_api_route(
            path,
            page_endpoint(backend, kept, projection),
            methods=["GET"],
            name=f"documents_of_{projection.name}",
            summary=f"Documents of the read model {projection.name}",
            response_model=DocumentPage[shown],
            responses=PAGES,
        )
    if (path := free.take("GET", kept.path, "/history")) is not None:
        add_history(router, backend, kept._replace(path=path))


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0].rstrip(".")
