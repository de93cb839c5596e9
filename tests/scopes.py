"""Every scope that the rules of the shipped contexts name."""

from workers.core.context import scopes_of
from workers.domain import contexts


def scopes() -> frozenset[str]:
    return scopes_of(contexts().values())
