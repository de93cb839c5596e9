"""Who sends a request: the one place where an identity enters.

Nobody says who they are yet, so everybody is the anonymous caller. What authenticates a request puts the caller's name
into its state, under `CALLER`, before a route sees it. The name is part of the id that an Idempotency-Key leads to: the
keys of two callers have nothing to do with each other, so none can get the answer to another's request by a guess.
"""

from starlette.requests import Request

ANONYMOUS = ""
CALLER = "caller"


def caller_of(request: Request) -> str:
    """The name of the caller, unique among all and stable over time; empty for the anonymous one."""
    return str(getattr(request.state, CALLER, ANONYMOUS))
