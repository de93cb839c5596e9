"""Who sends a command or asks: a person, a service, or a saga."""

from typing import NamedTuple


class Principal(NamedTuple):
    """Somebody whose identity was proven. `name` is what events call their actor; `scopes` say what it may do.

    A person's name is the stream id of their user, so that rules can compare it with an owner.
    """

    name: str
    scopes: frozenset[str] = frozenset()
