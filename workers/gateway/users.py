"""The users' routes: what may be asked of a user, and the user card."""

from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from contracts.fields import EmailAddress, Identifier, ShortText
from contracts.outcome import Outcome
from contracts.users.commands import CreateUser, DeleteUser, UpdateUser
from contracts.users.profile import ChangedEmail, ChangedText, ClearableText
from workers.domain.users.card import card as user_card
from workers.domain.users.card import city_index, email_index
from workers.gateway.answers import answer, version_tag
from workers.gateway.backend import Backend
from workers.gateway.problems import Problem, described
from workers.gateway.queries import DocumentSeenBefore, SeenBefore
from workers.gateway.request_headers import Asking, ExpectedVersion
from workers.ports.passwords import MAX_PASSWORD_CHARACTERS, MIN_PASSWORD_CHARACTERS

DEFAULT_PAGE = 50
MAX_PAGE = 200

UserId = Annotated[Identifier, Path(examples=["0198c0de-ada0-7000-8000-000000000001"])]
Password = Annotated[
    SecretStr,
    Field(
        min_length=MIN_PASSWORD_CHARACTERS,
        max_length=MAX_PASSWORD_CHARACTERS,
        description="Kept as its argon2id hash only.",
    ),
]


class Body(BaseModel):
    """A request's body: what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class NewUser(Body):
    """A user to register. Without a user_id the gateway makes one."""

    user_id: Identifier | None = None
    first_name: ShortText
    last_name: ShortText
    email: EmailAddress
    city: ShortText | None = None
    password: Password | None = None


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


class UserCard(BaseModel):
    """All that a page about a user shows."""

    model_config = ConfigDict(extra="forbid")

    user_id: str
    first_name: str
    last_name: str
    email: str
    city: str | None
    created_at: datetime
    welcomed_at: datetime | None
    order_count: int = Field(description="Orders placed.")
    total_spent: str = Field(description="Money captured, as a decimal number.")
    last_order_date: datetime | None
    version: int


class UserPage(BaseModel):
    """Users in the order of their ids. `cursor` continues after them; null at the end."""

    users: list[UserCard]
    cursor: str | None


def routes(backend: Backend) -> APIRouter:
    """The users' routes."""
    router = APIRouter(prefix="/users", tags=["users"])
    _add_commands(router, backend)
    _add_queries(router, backend)
    return router


def _add_commands(router: APIRouter, backend: Backend) -> None:
    taken: dict[int | str, dict[str, Any]] = {202: {"description": "Not handled within the wait: see Location"}}
    refusals = taken | described(404, 409, 412, 413, 422, 503)

    @router.post(
        "",
        status_code=201,
        summary="Register a user",
        response_model=Outcome,
        responses=taken | described(409, 413, 422, 503),
    )
    async def create_user(body: NewUser, asked: Asking) -> Response:
        user_id = body.user_id or asked.new_stream_id()
        fields = body.model_dump(exclude={"user_id", "password"}, exclude_unset=True)
        if body.password is not None:
            fields["password_hash"] = await backend.passwords.hashed(body.password.get_secret_value())
        command = CreateUser(user_id=user_id, **fields)
        outcome = await backend.asking.outcome(command, asked)
        return answer(outcome, command, asked, status=201, location=f"/users/{user_id}")

    @router.put("/{user_id}", summary="Replace a user's profile", response_model=Outcome, responses=refusals)
    async def replace_user(user_id: UserId, body: UserProfile, asked: Asking, expected: ExpectedVersion) -> Response:
        command = UpdateUser(user_id=user_id, **body.model_dump())
        return answer(await backend.asking.outcome(command, asked, expected), command, asked)

    @router.patch("/{user_id}", summary="Change a user's profile", response_model=Outcome, responses=refusals)
    async def change_user(user_id: UserId, body: UserChanges, asked: Asking, expected: ExpectedVersion) -> Response:
        command = UpdateUser(user_id=user_id, **body.model_dump(exclude_unset=True))
        return answer(await backend.asking.outcome(command, asked, expected), command, asked)

    @router.delete("/{user_id}", status_code=204, summary="Delete a user", responses=refusals)
    async def delete_user(user_id: UserId, asked: Asking, expected: ExpectedVersion) -> Response:
        command = DeleteUser(user_id=user_id)
        return answer(await backend.asking.outcome(command, asked, expected), command, asked, status=204, gone=True)


def _add_queries(router: APIRouter, backend: Backend) -> None:
    @router.get(
        "/{user_id}",
        summary="A user's card",
        response_model=UserCard,
        responses={304: {"description": "You have this version"}, **described(404, 422, 503)},
    )
    async def user(user_id: UserId, seen: DocumentSeenBefore) -> Response:
        card = await backend.queries.document(user_card, user_id, seen)
        if card is None:
            raise Problem(404, "UserNotFound", f"There is no user {user_id}.")
        headers = {"ETag": version_tag(card["version"])}
        if seen.has_document and seen.version == card["version"]:
            return Response(status_code=304, headers=headers)
        return Response(orjson.dumps(card), headers=headers, media_type="application/json")

    @router.get("", summary="Users, by e-mail or city", response_model=UserPage, responses=described(422, 503))
    async def users(
        seen: SeenBefore,
        email: Annotated[EmailAddress | None, Query()] = None,
        city: Annotated[ShortText | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE,
        cursor: Annotated[str | None, Query(description="The cursor of the page before.")] = None,
    ) -> Response:
        index = email_index(email) if email is not None else city_index(city) if city is not None else None
        page = await backend.queries.find(user_card, index, limit, cursor, seen)
        # An address leads to few cards: those of another city are sorted out here.
        cards = [card for card in page.documents if city is None or city_index(city) in user_card.indexes(card)]
        return Response(orjson.dumps({"users": cards, "cursor": page.cursor}), media_type="application/json")
