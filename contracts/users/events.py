"""The events of the users context. None of these has a field for a password or its hash.

Retired versions stay declared, as they are stored for ever: upcasters.py says what they are today.
"""

from contracts.fields import EmailAddress, ShortText
from contracts.message import Event
from contracts.users.profile import ChangedEmail, ChangedText, ClearableText, LanguageTag, WelcomeDelay
from contracts.users.stream import UserStream


class UserCreatedV1(Event, UserStream, name="UserCreated"):
    """A user was registered."""

    first_name: ShortText
    last_name: ShortText
    email: EmailAddress
    city: ShortText | None = None
    welcome_after_seconds: WelcomeDelay | None = None


class UserCreated(Event, UserStream, version=2):
    """A user was registered. A locale of und: the user has named no language."""

    first_name: ShortText
    last_name: ShortText
    email: EmailAddress
    city: ShortText | None = None
    locale: LanguageTag
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
