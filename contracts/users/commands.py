"""What may be asked of the users context. Keys, topics and rejections: README.md and the AsyncAPI document.

A password comes as its argon2id hash, made where the password was typed; no event ever repeats it.
"""

from typing import ClassVar

from pydantic import Field

from contracts.fields import EmailAddress, Identifier, PasswordHash, ShortText
from contracts.message import Command
from contracts.users.profile import ChangedEmail, ChangedText, ClearableText, WelcomeDelay


class CreateUser(Command):
    """Register a user. Rejections: UserAlreadyExists (also for the id of a deleted user), EmailTaken."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier
    first_name: ShortText
    last_name: ShortText
    email: EmailAddress
    city: ShortText | None = None
    password_hash: PasswordHash | None = Field(default=None, repr=False)
    welcome_after_seconds: WelcomeDelay | None = None


class WelcomeUser(Command):
    """Welcome a user; quiet when that was done before. Rejection: UserNotFound."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier


class UpdateUser(Command):
    """Change those profile fields that are given; quiet when none differs. Rejections: UserNotFound, EmailTaken."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier
    first_name: ChangedText = None
    last_name: ChangedText = None
    email: ChangedEmail = None
    city: ClearableText = None


class ChangePassword(Command):
    """Replace a user's password. Rejection: UserNotFound."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier
    password_hash: PasswordHash = Field(repr=False)


class DeleteUser(Command):
    """Delete a user; the e-mail address becomes free, the id does not. Rejection: UserNotFound."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier
    reason: ShortText | None = None


UserCommand = CreateUser | WelcomeUser | UpdateUser | ChangePassword | DeleteUser
