"""What the users context says. None of these has a field for a password or its hash."""

from typing import ClassVar

from contracts.fields import EmailAddress, Identifier, ShortText
from contracts.message import Event
from contracts.users.profile import ChangedEmail, ChangedText, ClearableText, WelcomeDelay


class UserCreated(Event):
    """A user was registered."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier
    first_name: ShortText
    last_name: ShortText
    email: EmailAddress
    city: ShortText | None = None
    welcome_after_seconds: WelcomeDelay | None = None


class UserWelcomed(Event):
    """A user was welcomed, once."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier


class UserUpdated(Event):
    """A profile changed. Only changed fields are there; a city of null was cleared."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier
    first_name: ChangedText = None
    last_name: ChangedText = None
    email: ChangedEmail = None
    city: ClearableText = None


class PasswordChanged(Event):
    """A user's password was replaced."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier


class UserDeleted(Event):
    """A user is gone and the e-mail address is free again. The stream ends here."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier
    reason: ShortText | None = None


UserEvent = UserCreated | UserWelcomed | UserUpdated | PasswordChanged | UserDeleted
