"""What the retired events of the users context are today."""

from contracts.upcasting import Fields, upcaster
from contracts.users.events import UserCreatedV1
from contracts.users.profile import UNDETERMINED


@upcaster(UserCreatedV1)
def without_a_known_language(fields: Fields) -> Fields:
    """Version 2 says which language the user prefers; nobody had asked before."""
    return {**fields, "locale": UNDETERMINED}
