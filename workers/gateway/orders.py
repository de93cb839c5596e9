"""The orders' routes: placing an order and following it, and a user's orders, newest first.

A new order is answered at once as `placed`. Whether it is confirmed or cancelled is decided later; its card shows it.
"""

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from contracts.fields import Identifier, ShortText
from contracts.money import Currency
from contracts.orders.commands import CancelOrder, DeliverOrder, PlaceOrder, ShipOrder
from contracts.orders.lines import DeadlineSeconds, OrderLine, OrderLines
from contracts.outcome import Outcome
from workers.core.access import Read
from workers.core.projection import Document
from workers.core.timeline import TimelineStep
from workers.domain.orders import context as orders_context
from workers.domain.orders.card import card as order_card
from workers.domain.orders.card import placed_by
from workers.gateway.answers import answer
from workers.gateway.backend import Backend
from workers.gateway.callers import Asker
from workers.gateway.cards import CARDS, CHANGES, CREATIONS, DEFAULT_PAGE, PAGES, Body, Cursor, Limit, missing, shown
from workers.gateway.conditional import outcome_if
from workers.gateway.deprecation import sends
from workers.gateway.history import At, add_history, document_at
from workers.gateway.kept import kept_of
from workers.gateway.request_headers import Conditions, Metadata
from workers.gateway.seen import DocumentSeenBefore, SeenBefore
from workers.gateway.undoing import add_undo

KEPT = kept_of(orders_context, "/orders/{order_id}", "order_id")

OrderId = Annotated[Identifier, Path(examples=["0198c0de-0de2-7000-8000-000000000001"])]
UserId = Annotated[Identifier, Path(examples=["0198c0de-ada0-7000-8000-000000000001"])]


class NewOrder(Body):
    """An order to place. Without an order_id the gateway makes one. What it costs is computed from its lines."""

    order_id: Identifier | None = None
    user_id: Identifier
    # The domain checks that an order has a line, and rejects one without with a code of its own.
    lines: Annotated[OrderLines, Field(json_schema_extra={"minItems": 1})]
    currency: Currency
    confirm_within_seconds: DeadlineSeconds | None = None


class Cancellation(Body):
    """Why an order is cancelled."""

    reason: ShortText | None = None


class Shipment(Body):
    """How a shipment is followed."""

    tracking: ShortText | None = None


class OrderCard(BaseModel):
    """An order, its lines and what has happened to it."""

    model_config = ConfigDict(extra="forbid")

    order_id: str
    user_id: str
    status: Literal["placed", "confirmed", "cancelled", "shipped", "delivered"]
    reason: str | None = Field(description="Why it was cancelled.")
    total: str = Field(description="A decimal number.")
    currency: str
    lines: list[OrderLine]
    timeline: list[TimelineStep]
    version: int


class OrderPage(BaseModel):
    """Orders, newest first. `cursor` continues after them; null at the end."""

    orders: list[OrderCard]
    cursor: str | None


def routes(backend: Backend) -> APIRouter:
    """The orders' routes."""
    router = APIRouter(tags=["orders"])
    _add_commands(router, backend)
    _add_queries(router, backend)
    add_history(router, backend, KEPT)
    add_undo(router, backend, KEPT)
    return router


def _add_commands(router: APIRouter, backend: Backend) -> None:
    @router.post(
        "/orders",
        status_code=201,
        summary="Place an order",
        response_model=Outcome,
        responses=CREATIONS,
        **sends(PlaceOrder),
    )
    async def place_order(body: NewOrder, metadata: Metadata, conditions: Conditions) -> Response:
        order_id = body.order_id or metadata.new_stream_id()
        command = PlaceOrder(order_id=order_id, **body.given("order_id"))
        outcome, sent = await outcome_if(backend, KEPT, command, metadata, conditions, creates=True)
        return answer(backend.guard.contexts, outcome, command, sent, status=201, location=f"/orders/{order_id}")

    @router.post(
        "/orders/{order_id}/cancel",
        summary="Cancel an order that is not confirmed yet",
        response_model=Outcome,
        responses=CHANGES,
        **sends(CancelOrder),
    )
    async def cancel_order(
        order_id: OrderId, metadata: Metadata, conditions: Conditions, body: Cancellation | None = None
    ) -> Response:
        command = CancelOrder(order_id=order_id, **(body or Cancellation()).given())
        outcome, sent = await outcome_if(backend, KEPT, command, metadata, conditions)
        return answer(backend.guard.contexts, outcome, command, sent)

    @router.post(
        "/orders/{order_id}/ship",
        summary="Note that an order was shipped",
        response_model=Outcome,
        responses=CHANGES,
        **sends(ShipOrder),
    )
    async def ship_order(
        order_id: OrderId, metadata: Metadata, conditions: Conditions, body: Shipment | None = None
    ) -> Response:
        command = ShipOrder(order_id=order_id, **(body or Shipment()).given())
        outcome, sent = await outcome_if(backend, KEPT, command, metadata, conditions)
        return answer(backend.guard.contexts, outcome, command, sent)

    @router.post(
        "/orders/{order_id}/deliver",
        summary="Note that an order was delivered",
        response_model=Outcome,
        responses=CHANGES,
        **sends(DeliverOrder),
    )
    async def deliver_order(order_id: OrderId, metadata: Metadata, conditions: Conditions) -> Response:
        command = DeliverOrder(order_id=order_id)
        outcome, sent = await outcome_if(backend, KEPT, command, metadata, conditions)
        return answer(backend.guard.contexts, outcome, command, sent)


def _add_queries(router: APIRouter, backend: Backend) -> None:
    @router.get("/orders/{order_id}", summary="An order's card", response_model=OrderCard, responses=CARDS)
    async def order(order_id: OrderId, seen: DocumentSeenBefore, at: At, asker: Asker) -> Response:
        if at is not None:
            await backend.guard.require_stream(asker, KEPT, Read.PAST, order_id)
        card = await document_at(backend, KEPT, order_card, order_id, seen, at)
        if at is None:
            backend.guard.require_card(asker, KEPT, order_id, card)
        if card is None:
            raise missing("OrderNotFound", f"There is no order {order_id}.")
        return shown(_seen(card))

    @router.get(
        "/users/{user_id}/orders", summary="A user's orders, newest first", response_model=OrderPage, responses=PAGES
    )
    async def orders_of_user(
        user_id: UserId, seen: SeenBefore, asker: Asker, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
    ) -> Response:
        backend.guard.require_find(asker, KEPT, user_id)
        page = await backend.queries.find(order_card, placed_by(user_id), limit, cursor, seen, newest_first=True)
        orders = [_seen(card) for card in page.documents]
        return Response(orjson.dumps({"orders": orders, "cursor": page.cursor}), media_type="application/json")


def _seen(card: Document) -> Document:
    """The card without its position in the list."""
    return {field: card[field] for field in OrderCard.model_fields}
