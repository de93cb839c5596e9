"""Who sends a command or asks: a person, a service, or a saga."""

from typing import NamedTuple

SERVICE_PREFIX = "service:"
"""Begins the name of a service, so that none can have the name of a person."""


class Principal(NamedTuple):
    """Somebody whose identity was proven. `name` is what events call their actor; `scopes` say what it may do.

    A person's name is the stream id of their user, so that rules can compare it with an owner. That of a service begins
    with SERVICE_PREFIX.
    """

    name: str
    scopes: frozenset[str] = frozenset()
