"""The events of the users context. None of these has a field for a password or its hash."""

from contracts.fields import EmailAddress, ShortText
from contracts.message import Event
from contracts.users.profile import ChangedEmail, ChangedText, ClearableText, WelcomeDelay
from contracts.users.stream import UserStream


class UserCreated(Event, UserStream):
    """A user was registered."""

    first_name: ShortText
    last_name: ShortText
    email: EmailAddress
    city: ShortText | None = None
    welcome_after_seconds: WelcomeDelay | None = None


class UserWelcomed(Event, UserStream):
    """A user was welcomed, once."""


class UserUpdated(Event, UserStream):
    """A profile changed. Only changed fields are there; a city of null was cleared."""

    first_name: ChangedText = None
    last_name: ChangedText = None
    email: ChangedEmail = None
    city: ClearableText = None


class PasswordChanged(Event, UserStream):
    """A user's password was replaced."""


class UserDeleted(Event, UserStream):
    """A user is gone and the e-mail address is free again. The stream ends here."""

    reason: ShortText | None = None


UserEvent = UserCreated | UserWelcomed | UserUpdated | PasswordChanged | UserDeleted
