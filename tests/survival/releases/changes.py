"""What stands otherwise in a newer release than in this one, and in the one before it.

In the newer one an event has another version, another event and a saga's state have one more field, and a command has a
second version. In the one before, nobody had asked users for their language: UserCreated has one version.
"""

from collections.abc import Mapping

Changes = Mapping[str, tuple[tuple[str, str], ...]]
"""By file: what stands there, and what stands in its place in the other release."""

UPCASTERS = "contracts/users/upcasters.py"

NEWER: Changes = {
    "contracts/users/events.py": (
        (
            'class UserWelcomed(Event, UserStream):\n    """A user was welcomed, once."""\n',
            'class UserWelcomedV1(Event, UserStream, name="UserWelcomed"):\n    """A user was welcomed, once."""\n\n\n'
            'class UserWelcomed(Event, UserStream, version=2):\n    """A user was welcomed, once."""\n\n'
            "    greeting: ShortText\n",
        ),
        (
            "    city: ClearableText = None\n",
            "    city: ClearableText = None\n    nickname: ShortText | None = None\n",
        ),
    ),
    "contracts/users/commands.py": (
        (
            "class ChangePassword(",
            'class UpdateUserV2(UpdateUser, name="UpdateUser", version=2):\n'
            '    """As the first, with a reason."""\n\n    reason: ShortText\n\n\nclass ChangePassword(',
        ),
    ),
    "workers/domain/users/decider.py": (
        (
            "UserWelcomed.model_construct(user_id=command.user_id)",
            'UserWelcomed(user_id=command.user_id, greeting="Welcome.")',
        ),
        (
            "UserUpdated.model_construct(user_id=command.user_id, **changes)",
            'UserUpdated(user_id=command.user_id, nickname="of the newer release", **changes)',
        ),
    ),
    "workers/domain/users/welcome.py": (
        ("    has_waited: bool = False\n", '    has_waited: bool = False\n    note: str = "of the newer release"\n'),
    ),
}
OF_NEWER = """

from contracts.upcasting import Fields, upcaster
from contracts.users.events import UserWelcomedV1


@upcaster(UserWelcomedV1)
def with_a_greeting(fields: Fields) -> Fields:
    return {**fields, "greeting": "Hello."}
"""

BEFORE: Changes = {
    "contracts/users/events.py": (
        (
            'class UserCreatedV1(Event, UserStream, name="UserCreated"):\n',
            "class UserCreated(Event, UserStream):\n",
        ),
        ("class UserCreated(Event, UserStream, version=2):\n", "class _NotYet:\n"),
        ("    locale: LanguageTag\n", ""),
    ),
    "contracts/users/examples.py": ((', locale="und"', ""), ('    locale="en-US",\n', "")),
    "contracts/users/upcasters.py": (
        ("@upcaster(UserCreatedV1)\n", ""),
        ("import UserCreatedV1", "import UserCreated"),
    ),
    "workers/domain/users/decider.py": (
        ("        locale=UNDETERMINED if command.locale is None else command.locale,\n", ""),
        ("from contracts.users.profile import UNDETERMINED\n", ""),
    ),
    "workers/domain/users/card.py": (('            "locale": event.locale,\n', ""),),
}
