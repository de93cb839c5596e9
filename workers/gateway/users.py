"""The users' routes: their commands, and the user card."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, SecretStr

from contracts.fields import EmailAddress, Identifier, ShortText
from contracts.outcome import Outcome
from contracts.users.commands import CreateUser, DeleteUser, UpdateUser
from contracts.users.profile import ChangedEmail, ChangedText, ClearableText, LanguageTag, WelcomeDelay
from workers.core.access import Read
from workers.domain.users import context as users_context
from workers.domain.users.card import card as user_card
from workers.domain.users.card import city_index, email_index
from workers.gateway.answers import answer
from workers.gateway.backend import Backend
from workers.gateway.callers import Asker
from workers.gateway.cards import CARDS, CHANGES, CREATIONS, DEFAULT_PAGE, PAGES, Body, Cursor, Limit, missing, shown
from workers.gateway.conditional import outcome_if
from workers.gateway.deprecation import sends
from workers.gateway.direct_reads import DirectCard, DirectPage
from workers.gateway.history import At, add_history
from workers.gateway.kept import kept_of
from workers.gateway.request_headers import Conditions, Metadata
from workers.gateway.seen import DocumentSeenBefore, SeenBefore
from workers.gateway.undoing import add_undo
from workers.gateway.user_card_at import user_card_at
from workers.gateway.user_cards import UserCard, UserPage, user_tag
from workers.ports.passwords import MAX_PASSWORD_CHARACTERS, MIN_PASSWORD_CHARACTERS

KEPT = kept_of(users_context, "/{user_id}", "user_id")

DIRECT_READS = (
    DirectCard("/users/", "/users/{user_id}", user_card, user_tag),
    DirectPage("/users", user_card, "users"),
)
"""The cards that are read most, and pages of them."""

UserId = Annotated[Identifier, Path(examples=["0198c0de-ada0-7000-8000-000000000001"])]
Password = Annotated[
    SecretStr,
    Field(
        min_length=MIN_PASSWORD_CHARACTERS,
        max_length=MAX_PASSWORD_CHARACTERS,
        description="Kept as its argon2id hash only.",
    ),
]


class NewUser(Body):
    """A user to register. Without a user_id the gateway makes one."""

    user_id: Identifier | None = None
    first_name: ShortText
    last_name: ShortText
    email: EmailAddress
    city: ShortText | None = None
    locale: LanguageTag | None = None
    password: Password | None = None
    welcome_after_seconds: WelcomeDelay | None = None


class UserProfile(Body):
    """A user's whole profile; a city that is left out is cleared."""

    first_name: ShortText
    last_name: ShortText
    email: EmailAddress
    city: ShortText | None = None


class UserChanges(Body):
    """Those fields of a profile that shall change; a city of null is cleared."""

    first_name: ChangedText = None
    last_name: ChangedText = None
    email: ChangedEmail = None
    city: ClearableText = None


def routes(backend: Backend) -> APIRouter:
    """The users' routes."""
    router = APIRouter(prefix="/users", tags=["users"])
    _add_commands(router, backend)
    _add_queries(router, backend)
    add_history(router, backend, KEPT)
    add_undo(router, backend, KEPT)
    return router


def _add_commands(router: APIRouter, backend: Backend) -> None:
    @router.post(
        "", status_code=201, summary="Register a user", response_model=Outcome, responses=CREATIONS, **sends(CreateUser)
    )
    async def create_user(body: NewUser, metadata: Metadata, conditions: Conditions) -> Response:
        user_id = body.user_id or metadata.new_stream_id()
        fields = body.model_dump(exclude={"user_id", "password"}, exclude_unset=True)
        bare = CreateUser(user_id=user_id, **fields)
        await backend.guard.require_command(metadata.principal, KEPT, bare, creates=True)  # a hash costs much
        if body.password is not None:
            fields["password_hash"] = await backend.passwords.hashed(body.password.get_secret_value(), metadata.salt)
        command = CreateUser(user_id=user_id, **fields)
        outcome, sent = await outcome_if(backend, KEPT, command, metadata, conditions, creates=True)
        return answer(backend.guard.contexts, outcome, command, sent, status=201, location=f"/users/{user_id}")

    @router.put(
        "/{user_id}", summary="Replace a user's profile", response_model=Outcome, responses=CHANGES, **sends(UpdateUser)
    )
    async def replace_user(user_id: UserId, body: UserProfile, metadata: Metadata, conditions: Conditions) -> Response:
        command = UpdateUser(user_id=user_id, **body.model_dump())
        outcome, sent = await outcome_if(backend, KEPT, command, metadata, conditions)
        return answer(backend.guard.contexts, outcome, command, sent)

    @router.patch(
        "/{user_id}", summary="Change a user's profile", response_model=Outcome, responses=CHANGES, **sends(UpdateUser)
    )
    async def change_user(user_id: UserId, body: UserChanges, metadata: Metadata, conditions: Conditions) -> Response:
        command = UpdateUser(user_id=user_id, **body.model_dump(exclude_unset=True))
        outcome, sent = await outcome_if(backend, KEPT, command, metadata, conditions)
        return answer(backend.guard.contexts, outcome, command, sent)

    @router.delete("/{user_id}", status_code=204, summary="Delete a user", responses=CHANGES, **sends(DeleteUser))
    async def delete_user(user_id: UserId, metadata: Metadata, conditions: Conditions) -> Response:
        command = DeleteUser(user_id=user_id)
        outcome, sent = await outcome_if(backend, KEPT, command, metadata, conditions)
        return answer(backend.guard.contexts, outcome, command, sent, status=204, gone=True)


def _add_queries(router: APIRouter, backend: Backend) -> None:
    @router.get("/{user_id}", summary="A user's card", response_model=UserCard, responses=CARDS)
    async def user(user_id: UserId, seen: DocumentSeenBefore, at: At, asker: Asker) -> Response:
        if at is not None:
            await backend.guard.require_stream(asker, KEPT, Read.PAST, user_id)
            past = await user_card_at(backend, KEPT, user_id, at)
            return shown(past, user_tag(past))
        backend.guard.require_card(asker, KEPT, user_id, None)  # whose it is, its name tells
        card = await backend.queries.document(user_card, user_id, seen)
        if card is None:
            raise missing("UserNotFound", f"There is no user {user_id}.")
        return shown(card, user_tag(card))

    @router.get("", summary="Users, by e-mail or city", response_model=UserPage, responses=PAGES)
    async def users(
        seen: SeenBefore,
        asker: Asker,
        email: Annotated[EmailAddress | None, Query()] = None,
        city: Annotated[ShortText | None, Query()] = None,
        limit: Limit = DEFAULT_PAGE,
        cursor: Cursor = None,
    ) -> Response:
        backend.guard.require_find(asker, KEPT)
        index = email_index(email) if email is not None else city_index(city) if city is not None else None
        page = await backend.queries.find(user_card, index, limit, cursor, seen)
        # With an e-mail address there are few cards; those of another city are left out here.
        cards = [card for card in page.documents if city is None or city_index(city) in user_card.indexes(card)]
        return Response(orjson.dumps({"users": cards, "cursor": page.cursor}), media_type="application/json")
