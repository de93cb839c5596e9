"""The accounts' routes: paying money in, and what a user's account holds."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from contracts.fields import Identifier
from contracts.money import Amount, Currency
from contracts.outcome import Outcome
from contracts.payments.commands import DepositFunds
from workers.core.access import Read
from workers.domain.payments import context as payments_context
from workers.domain.payments.card import card as account_card
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

KEPT = kept_of(payments_context, "/{user_id}", "user_id")

UserId = Annotated[Identifier, Path(examples=["0198c0de-ada0-7000-8000-000000000001"])]


class Deposit(Body):
    """Money to pay in. The first deposit gives the account its currency."""

    amount: Amount
    currency: Currency


class AccountCard(BaseModel):
    """A user's account. Money is a decimal number as text."""

    model_config = ConfigDict(extra="forbid")

    user_id: str
    currency: str
    balance: str = Field(description="Deposited less captured.")
    reserved: str = Field(description="Set aside for orders that are not confirmed yet.")
    available: str = Field(description="The balance less what is reserved.")
    version: int


def routes(backend: Backend) -> APIRouter:
    """The accounts' routes."""
    router = APIRouter(prefix="/accounts", tags=["accounts"])

    @router.post(
        "/{user_id}/deposits",
        status_code=201,
        summary="Pay money in",
        response_model=Outcome,
        responses=CREATIONS,
        **sends(DepositFunds),
    )
    async def deposit(user_id: UserId, body: Deposit, metadata: Metadata, conditions: Conditions) -> Response:
        command = DepositFunds(user_id=user_id, amount=body.amount, currency=body.currency)
        outcome, sent = await outcome_if(backend, KEPT, command, metadata, conditions, creates=True)
        return answer(backend.guard.contexts, outcome, command, sent, status=201, location=f"/accounts/{user_id}")

    @router.get("/{user_id}", summary="A user's account", response_model=AccountCard, responses=CARDS)
    async def account(user_id: UserId, seen: DocumentSeenBefore, at: At, asker: Asker) -> Response:
        await backend.guard.require_stream(asker, KEPT, Read.CARD if at is None else Read.PAST, user_id)
        card = await document_at(backend, KEPT, account_card, user_id, seen, at)
        if card is None:
            raise missing("AccountNotFound", f"The user {user_id} has no account: the first deposit opens one.")
        # The stored card also has the captured amount, for the user card.
        return shown({field: card[field] for field in AccountCard.model_fields})

    add_history(router, backend, KEPT)
    return router
