"""Authenticates each request before anything else reads it: `Authorization: Bearer <token>` (RFC 6750).

Open to everybody are the probes and the documentation. Probes (health, readiness, metrics) are asked by orchestrators
and Prometheus, which have no identity here; they tell numbers and names of servers, and nothing about a person. The
documentation is the same for everybody. At these addresses no token is looked at, so none can be tried out there.

Only the header counts: a token in the query would stand in the logs of every proxy. Nothing here repeats a token, in an
answer or in a line of the log.
"""

import re
from collections.abc import Iterable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from workers.gateway.callers import PRINCIPAL
from workers.gateway.documentation import ASSETS_PATH, DOCS_PATH, OPENAPI_PATH
from workers.gateway.health import PROBES
from workers.gateway.problems import Problem, overloaded, unavailable
from workers.gateway.safe_methods import SAFE
from workers.ports.commands import Overloaded
from workers.ports.identity import Authenticator, TokenRefused
from workers.ports.lanes import Unavailable

MAX_TOKEN_CHARACTERS = 8192
CHALLENGE = "WWW-Authenticate"
REALM = 'Bearer realm="annals"'

_DOCUMENTATION = frozenset({DOCS_PATH, OPENAPI_PATH})
_TOKEN = re.compile(rb"[A-Za-z0-9\-._~+/]+=*")


class Authentication:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator) -> None:
        self._app = app
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_open(scope):
            try:
                principal = await self._authenticator.principal(_token_of(scope["headers"]))
            except (Problem, TokenRefused, Unavailable, Overloaded) as error:
                scope["reason"] = error.code if isinstance(error, Problem) else str(error)  # exchange.py logs it
                await _problem_of(error).response()(scope, receive, send)
                return
            scope.setdefault("state", {})[PRINCIPAL] = principal
        await self._app(scope, receive, send)


def _is_open(scope: Scope) -> bool:
    path: str = scope["path"]
    if scope["method"] not in SAFE:
        return False
    return path in PROBES or path in _DOCUMENTATION or path.startswith(f"{ASSETS_PATH}/")


def _token_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The token that a request shows. Raises Problem or TokenRefused."""
    values = [value for name, value in headers if name == b"authorization"]
    if not values:
        raise _missing()
    if len(values) > 1:
        raise Problem(400, "HeaderRepeated", "The header Authorization comes more than once.")
    scheme, _, token = values[0].partition(b" ")
    if scheme.lower() != b"bearer":
        raise TokenRefused("the scheme of Authorization must be Bearer")
    token = token.strip(b" ")
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise TokenRefused(f"a token has at most {MAX_TOKEN_CHARACTERS} characters")
    if not _TOKEN.fullmatch(token):
        raise TokenRefused("the token is empty or holds a character that no token has")
    return token.decode()


def _problem_of(error: Exception) -> Problem:
    match error:
        case TokenRefused():
            challenge = f'{REALM}, error="invalid_token", error_description="{error.why}"'
            return Problem(401, "InvalidToken", f"Not authenticated: {error.why}.", headers={CHALLENGE: challenge})
        case Unavailable():
            return unavailable(error.server)
        case Overloaded():
            return overloaded(error)
        case _:
            assert isinstance(error, Problem)
            return error


def _missing() -> Problem:
    detail = "Who asks must be known here: send `Authorization: Bearer <token>` with a token or an API key."
    return Problem(401, "CredentialsMissing", detail, headers={CHALLENGE: REALM})


def described_in(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document, which says that operations need a token, and what is answered without one."""
    components = document.setdefault("components", {})
    components["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A JWT of the configured issuer, or an API key of a service.",
        }
    }
    document["security"] = [{"bearer": []}]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path in PROBES:
                operation["security"] = []
                continue
            answers = {"401": "Unauthorized", "403": "Forbidden", "503": "Service Unavailable"}
            for status, description in answers.items():
                content = {"description": description, "content": {"application/problem+json": {}}}
                operation["responses"].setdefault(status, content)
    return document
