"""The stock's routes: receiving pieces of a SKU, and showing its stock."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from contracts.fields import Identifier, Quantity
from contracts.inventory.commands import ReceiveStock
from contracts.outcome import Outcome
from workers.core.access import Read
from workers.domain.inventory import context as inventory_context
from workers.domain.inventory.card import card as stock_card
from workers.gateway.answers import answer
from workers.gateway.backend import Backend
from workers.gateway.callers import Asker
from workers.gateway.cards import CARDS, CREATIONS, Body, missing, shown
from workers.gateway.conditional import outcome_if
from workers.gateway.deprecation import sends
from workers.gateway.history import At, add_history, document_at
from workers.gateway.kept import kept_of
from workers.gateway.request_headers import Conditions, Metadata
from workers.gateway.seen import DocumentSeenBefore

KEPT = kept_of(inventory_context, "/{sku}", "sku")

Sku = Annotated[Identifier, Path(examples=["teapot-blue"])]


class Receipt(Body):
    """Pieces that have come in."""

    quantity: Quantity


class StockCard(BaseModel):
    """How many pieces of a SKU there are."""

    model_config = ConfigDict(extra="forbid")

    sku: str
    on_hand: int = Field(description="Received less shipped.")
    reserved: int = Field(description="Set aside for orders.")
    available: int = Field(description="On hand less reserved.")
    version: int


def routes(backend: Backend) -> APIRouter:
    """The stock's routes."""
    router = APIRouter(prefix="/stock", tags=["stock"])

    @router.post(
        "/{sku}/receipts",
        status_code=201,
        summary="Note pieces that have come in",
        response_model=Outcome,
        responses=CREATIONS,
        **sends(ReceiveStock),
    )
    async def receive(sku: Sku, body: Receipt, metadata: Metadata, conditions: Conditions) -> Response:
        command = ReceiveStock(sku=sku, quantity=body.quantity)
        outcome, sent = await outcome_if(backend, KEPT, command, metadata, conditions, creates=True)
        return answer(backend.guard.contexts, outcome, command, sent, status=201, location=f"/stock/{sku}")

    @router.get("/{sku}", summary="The stock of a SKU", response_model=StockCard, responses=CARDS)
    async def stock(sku: Sku, seen: DocumentSeenBefore, at: At, asker: Asker) -> Response:
        await backend.guard.require_stream(asker, KEPT, Read.CARD if at is None else Read.PAST, sku)
        card = await document_at(backend, KEPT, stock_card, sku, seen, at)
        if card is None:
            raise missing("StockNotFound", f"No piece of {sku} has ever come in or been asked for.")
        return shown(card)

    add_history(router, backend, KEPT)
    return router
