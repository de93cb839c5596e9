"""The commands of the users context. Keys, topics and rejections: contracts/README.md and the AsyncAPI document.

A password comes as its argon2id hash, made where the password was typed; no event ever repeats it.
"""

from pydantic import Field

from contracts.fields import EmailAddress, PasswordHash, ShortText
from contracts.message import Command
from contracts.users.profile import ChangedEmail, ChangedText, ClearableText, LanguageTag, WelcomeDelay
from contracts.users.stream import UserStream


class CreateUser(Command, UserStream):
    """Register a user. Rejections: UserAlreadyExists (also for the id of a deleted user), EmailTaken."""

    first_name: ShortText
    last_name: ShortText
    email: EmailAddress
    city: ShortText | None = None
    locale: LanguageTag | None = None
    password_hash: PasswordHash | None = Field(default=None, repr=False)
    welcome_after_seconds: WelcomeDelay | None = None


class WelcomeUser(Command, UserStream):
    """Welcome a user; quiet when that was done before. Rejections: UserNotFound."""


class UpdateUser(Command, UserStream):
    """Change those profile fields that are given; quiet when none differs. Rejections: UserNotFound, EmailTaken."""

    first_name: ChangedText = None
    last_name: ChangedText = None
    email: ChangedEmail = None
    city: ClearableText = None


class ChangePassword(Command, UserStream):
    """Replace a user's password. Rejections: UserNotFound."""

    password_hash: PasswordHash = Field(repr=False)


class DeleteUser(Command, UserStream):
    """Delete a user; the e-mail address becomes free, the id does not. Rejections: UserNotFound."""

    reason: ShortText | None = None


UserCommand = CreateUser | WelcomeUser | UpdateUser | ChangePassword | DeleteUser
