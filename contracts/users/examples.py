"""One user's life as messages: the examples that documents, tests, the console and the command line show.

Another user is to be welcomed an hour later.

The password hash is an argon2id hash in form only: it fits no password.
"""

from contracts.users.commands import ChangePassword, CreateUser, DeleteUser, UpdateUser, WelcomeUser
from contracts.users.events import PasswordChanged, UserCreated, UserDeleted, UserUpdated, UserWelcomed

USER_ID = "0198c0de-ada0-7000-8000-000000000001"
PASSWORD_HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdC1mb3ItZXhhbXBsZXM$bm90LWEtcmVhbC1oYXNoLWF0LWFsbA"  # noqa: S105 - fits none

CREATE_ADA = CreateUser(user_id=USER_ID, first_name="Ada", last_name="Lovelace", email="Ada@Example.org", city="London")
CREATE_ADA_WITH_PASSWORD = CreateUser(
    user_id=USER_ID, first_name="Ada", last_name="Lovelace", email="Ada@Example.org", password_hash=PASSWORD_HASH
)
CREATE_GRACE = CreateUser(
    user_id="grace",
    first_name="Grace",
    last_name="Hopper",
    email="grace@example.org",
    locale="en-US",
    welcome_after_seconds=3600,
)
WELCOME_ADA = WelcomeUser(user_id=USER_ID)
MOVE_ADA_TO_TURIN = UpdateUser(user_id=USER_ID, city="Turin")
CHANGE_ADAS_EMAIL = UpdateUser(user_id=USER_ID, email="countess@example.org")
CLEAR_ADAS_CITY = UpdateUser(user_id=USER_ID, city=None)
CHANGE_ADAS_PASSWORD = ChangePassword(user_id=USER_ID, password_hash=PASSWORD_HASH)
DELETE_ADA = DeleteUser(user_id=USER_ID, reason="asked to be forgotten")

ADA_CREATED = UserCreated(
    user_id=USER_ID, first_name="Ada", last_name="Lovelace", email="Ada@Example.org", city="London", locale="und"
)
GRACE_CREATED = UserCreated(
    user_id="grace",
    first_name="Grace",
    last_name="Hopper",
    email="grace@example.org",
    locale="en-US",
    welcome_after_seconds=3600,
)
ADA_WELCOMED = UserWelcomed(user_id=USER_ID)
ADA_MOVED_TO_TURIN = UserUpdated(user_id=USER_ID, city="Turin")
ADAS_EMAIL_CHANGED = UserUpdated(user_id=USER_ID, email="countess@example.org")
ADAS_CITY_CLEARED = UserUpdated(user_id=USER_ID, city=None)
ADAS_PASSWORD_CHANGED = PasswordChanged(user_id=USER_ID)
ADA_DELETED = UserDeleted(user_id=USER_ID, reason="asked to be forgotten")
