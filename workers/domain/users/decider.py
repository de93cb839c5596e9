"""The users write side.

An e-mail address belongs to one living user: a decision that gives a user an address claims it, one that takes it away
releases it. Password hashes become credentials and never enter a state or an event.
"""

from typing import Any, Literal, NamedTuple, assert_never

from contracts.users.commands import ChangePassword, CreateUser, DeleteUser, UpdateUser, UserCommand, WelcomeUser
from contracts.users.events import PasswordChanged, UserCreated, UserDeleted, UserEvent, UserUpdated, UserWelcomed
from contracts.users.profile import UNDETERMINED
from workers.core.decider import QUIET, Credential, Decider, Decision, Rejection, Release, UniqueClaim
from workers.domain.users.keys import EMAIL, claim_key, email_key

PROFILE_FIELDS = ("first_name", "last_name", "email", "city")


class UserState(NamedTuple):
    """What decisions need to know of one user."""

    existence: Literal["unborn", "alive", "deleted"] = "unborn"
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    city: str | None = None
    welcomed: bool = False


def create(state: UserState, command: CreateUser) -> Decision | Rejection:
    """An id is used once: a deleted user's history stays, and another person must not continue it."""
    if state.existence != "unborn":
        return Rejection("UserAlreadyExists", f"The user id {command.user_id} is already in use.")
    optional: dict[str, Any] = {}
    if command.city is not None:
        optional["city"] = command.city
    if command.welcome_after_seconds is not None:
        optional["welcome_after_seconds"] = command.welcome_after_seconds
    event = UserCreated.model_construct(
        user_id=command.user_id,
        first_name=command.first_name,
        last_name=command.last_name,
        email=command.email,
        locale=UNDETERMINED if command.locale is None else command.locale,
        **optional,
    )
    return Decision(
        events=(event,),
        claims=(_claim(command.email),),
        credential=None if command.password_hash is None else Credential(command.password_hash),
    )


def welcome(state: UserState, command: WelcomeUser) -> Decision | Rejection:
    if state.existence != "alive":
        return _not_found(command.user_id)
    if state.welcomed:
        return QUIET
    return Decision(events=(UserWelcomed.model_construct(user_id=command.user_id),))


def update(state: UserState, command: UpdateUser) -> Decision | Rejection:
    """Only what differs counts. Another spelling of the same address is a change, but needs no new claim."""
    if state.existence != "alive":
        return _not_found(command.user_id)
    changes = {field: value for field, value in _given(command).items() if value != getattr(state, field)}
    if not changes:
        return QUIET
    event = UserUpdated.model_construct(user_id=command.user_id, **changes)
    if event.email is None or email_key(event.email) == email_key(state.email):
        return Decision((event,))
    return Decision((event,), claims=(_claim(event.email),), releases=(_release(state.email),))


def change_password(state: UserState, command: ChangePassword) -> Decision | Rejection:
    """Never quiet: no state knows the password, so a repeat cannot be told from a change."""
    if state.existence != "alive":
        return _not_found(command.user_id)
    return Decision(
        events=(PasswordChanged.model_construct(user_id=command.user_id),), credential=Credential(command.password_hash)
    )


def delete(state: UserState, command: DeleteUser) -> Decision | Rejection:
    if state.existence != "alive":
        return _not_found(command.user_id)
    reason: dict[str, Any] = {} if command.reason is None else {"reason": command.reason}
    return Decision(
        events=(UserDeleted.model_construct(user_id=command.user_id, **reason),),
        releases=(_release(state.email),),
        credential=Credential(None),
    )


def decide(state: UserState, command: UserCommand) -> Decision | Rejection:
    match command:
        case CreateUser():
            return create(state, command)
        case WelcomeUser():
            return welcome(state, command)
        case UpdateUser():
            return update(state, command)
        case ChangePassword():
            return change_password(state, command)
        case DeleteUser():
            return delete(state, command)
        case _:
            assert_never(command)


def evolve(state: UserState, event: UserEvent) -> UserState:
    match event:
        case UserCreated():
            return UserState("alive", event.first_name, event.last_name, event.email, event.city)
        case UserWelcomed():
            return state._replace(welcomed=True)
        case UserUpdated():
            return state._replace(**_given(event))
        case PasswordChanged():
            return state
        case UserDeleted():
            return UserState("deleted")
        case _:
            assert_never(event)


def claims(state: UserState) -> frozenset[tuple[str, str]]:
    """A living user's address, however it is written, is unique."""
    return frozenset({(EMAIL, email_key(state.email))}) if is_alive(state) else frozenset()


def is_alive(state: UserState) -> bool:
    """Only a living user has a password."""
    return state.existence == "alive"


def _given(message: UpdateUser | UserUpdated) -> dict[str, Any]:
    given = message.model_fields_set
    return {field: getattr(message, field) for field in PROFILE_FIELDS if field in given}


def _claim(email: str) -> UniqueClaim:
    # The rejection is kept without a time limit: it must not hold the address of a person.
    return UniqueClaim(EMAIL, email_key(email), Rejection("EmailTaken", "Another user has this e-mail address."))


def _release(email: str) -> Release:
    return Release(EMAIL, email_key(email))


def _not_found(user_id: str) -> Rejection:
    return Rejection("UserNotFound", f"There is no user {user_id}.")


decider = Decider(UserState(), decide, evolve, claims, is_alive, claim_key)
