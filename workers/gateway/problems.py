"""The errors of the gateway as problem documents (RFC 9457).

`code` identifies the problem: for a rejected command it is the outcome's code. `errors` lists the invalid fields, each
with its name and the rule that it breaks. A value that was sent is never repeated: it may be a password.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.routing import Match

from workers.ports.commands import Overloaded, TooLarge
from workers.ports.lanes import Unavailable

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2
MAX_FIELD_CHARACTERS = 100
MAX_ERRORS = 100
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")

# Instead of pydantic's message, which would show a regular expression.
MESSAGES = {"string_pattern_mismatch": "does not have the form that this field requires"}

DESCRIBED: dict[str, Any] = {
    "description": "A problem document: `code` names the problem, `errors` the fields.",
    "content": {MEDIA_TYPE: {}},
}


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These statuses for the OpenAPI document."""
    return {status: {**DESCRIBED, "description": HTTPStatus(status).phrase} for status in statuses}


class Problem(Exception):
    """An answer that is an error. `errors` is a list of `{"field", "message"}`; `extensions` are further members."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[Any] | None = None,
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})
        self.extensions = dict(extensions or {})

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase

    def response(self) -> Response:
        """The problem document."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors is not None:
            document["errors"] = self.errors
        content = orjson.dumps({**document, **self.extensions})
        return Response(content, self.status, self.headers, media_type=MEDIA_TYPE)


def invalid(detail: str, errors: Sequence[Mapping[str, str]]) -> Problem:
    """A request whose fields break a rule."""
    return Problem(422, "ValidationFailed", detail, errors=errors)


def invalid_header(name: str, message: str) -> Problem:
    """A header that cannot be understood."""
    return invalid(f"The header {name} {message}.", [{"field": name, "message": message}])


def unavailable(server: str, *, detail: str | None = None, headers: Mapping[str, str] | None = None) -> Problem:
    """The problem that a server does not answer. The driver's text stays in the log: it names addresses."""
    return Problem(
        503,
        "Unavailable",
        detail or f"{server} is not available. Try again later.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS), **(headers or {})},
        extensions={"server": server},
    )


def overloaded(error: Overloaded) -> Problem:
    """The problem that a limit of concurrent work is reached."""
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return Problem(503, "Overloaded", f"Too many {error.what} at once. Try again later.", headers=headers)


def field_errors(problems: Sequence[ErrorDetails]) -> list[dict[str, str]]:
    """pydantic's errors as the names of fields and the rules that they break."""
    return [
        {"field": _field(problem["loc"]), "message": MESSAGES.get(problem["type"], problem["msg"])}
        for problem in problems[:MAX_ERRORS]
    ]


def _field(location: tuple[int | str, ...]) -> str:
    parts = location[1:] if location and location[0] in {"body", "query", "path", "header"} else location
    return field_name(".".join(str(part) for part in parts) or "body")


def field_name(name: str) -> str:
    """A name that a client sent, shortened and safe to show."""
    return name.encode(errors="backslashreplace").decode()[:MAX_FIELD_CHARACTERS]


def install(app: FastAPI) -> None:
    """Answer each exception that a route may raise with a problem document."""
    for kind, handler in {
        Problem: _from_problem,
        RequestValidationError: _from_invalid_request,
        ValidationError: _from_invalid_message,
        HTTPException: _from_http_exception,
        Unavailable: _from_unavailable,
        Overloaded: _from_overloaded,
        TooLarge: _from_too_large,
    }.items():
        app.add_exception_handler(kind, handler)


async def _from_problem(_: Request, error: Exception) -> Response:
    return cast(Problem, error).response()


async def _from_invalid_request(request: Request, error: Exception) -> Response:
    problems = cast(Sequence[ErrorDetails], cast(RequestValidationError, error).errors())
    if any(problem["type"] == "json_invalid" for problem in problems):
        return unreadable_body().response()
    kind = request.headers.get("content-type", "none")
    if any(problem["loc"] == ("body",) for problem in problems) and "json" not in kind:
        return invalid("The body must be sent as application/json.", field_errors(problems)).response()
    return invalid("Some fields of the request are missing or wrong; see errors.", field_errors(problems)).response()


async def _from_invalid_message(_: Request, error: Exception) -> Response:
    problems = cast(ValidationError, error).errors(include_url=False, include_context=False, include_input=False)
    return invalid("Some fields of the request are missing or wrong; see errors.", field_errors(problems)).response()


def unreadable_body() -> Problem:
    """A body that is no JSON."""
    return invalid("The body is not valid JSON.", [{"field": "body", "message": "is not valid JSON"}])


async def _from_http_exception(request: Request, error: Exception) -> Response:
    exception = cast(HTTPException, error)
    headers = dict(exception.headers or {})
    match exception.status_code:
        case 400:  # FastAPI's status for a body that is not valid text
            return unreadable_body().response()
        case 404:
            problem = Problem(404, "NotFound", "There is nothing at this address.", headers=headers)
        case 405:
            detail = f"{request.method} is not possible at this address."
            problem = Problem(405, "MethodNotAllowed", detail, headers={"Allow": _possible_methods(request)})
        case 408:
            detail = "The body did not arrive in time."
            problem = Problem(408, "BodyTooSlow", detail, headers={"Connection": "close"})
        case 413:
            return too_large("The body is larger than 1 MiB.").response()
        case status:
            code = HTTPStatus(status).phrase.title().replace(" ", "")
            problem = Problem(status, code, str(exception.detail), headers=headers)
    return problem.response()


def _possible_methods(request: Request) -> str:
    """All methods of an address; the framework names those of one of its routes (RFC 9110, section 15.5.6)."""
    scopes = {method: {**request.scope, "method": method} for method in METHODS}
    methods = [
        method
        for method, scope in scopes.items()
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
    ]
    return ", ".join(sorted({*methods, "HEAD"} if "GET" in methods else methods))  # see safe_methods.py


def too_large(detail: str) -> Problem:
    """The problem that a body, or the message made of it, exceeds the limit. The rest of the body is not read."""
    return Problem(413, "BodyTooLarge", detail, headers={"Connection": "close"})


async def _from_unavailable(request: Request, error: Exception) -> Response:
    request.scope["reason"] = str(error)  # exchange.py logs it
    return unavailable(cast(Unavailable, error).server).response()


async def _from_overloaded(_: Request, error: Exception) -> Response:
    return overloaded(cast(Overloaded, error)).response()


async def _from_too_large(_: Request, error: Exception) -> Response:
    return too_large(f"The request is too large: {error}.").response()
