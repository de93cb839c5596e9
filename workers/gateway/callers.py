"""Who sends a request: the one place where an identity enters.

What authenticates a request (authentication.py) puts the principal into its state before a route sees it. Without
authentication everybody is the anonymous caller. The name is part of the id that an Idempotency-Key leads to: the keys
of two callers have nothing to do with each other, so none can get the answer to another's request by a guess. It is
also the actor of the events that the request leads to.
"""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.types import Scope

from contracts.principal import Principal

ANONYMOUS = ""
PRINCIPAL = "principal"


def principal_of(request: Request) -> Principal | None:
    """Who was proven to send the request; None for the anonymous caller."""
    principal: Principal | None = getattr(request.state, PRINCIPAL, None)
    return principal


def principal_in(scope: Scope) -> Principal | None:
    """The same, of a request that no route has seen."""
    principal: Principal | None = scope.get("state", {}).get(PRINCIPAL)
    return principal


Asker = Annotated[Principal | None, Depends(principal_of)]
"""What the routes take: who asks."""


def caller_of(request: Request) -> str:
    """The name of the caller, unique among all and stable over time; empty for the anonymous one."""
    principal = principal_of(request)
    return ANONYMOUS if principal is None else principal.name
