"""Shared by the routes of all contexts: request bodies, pages, the possible responses, and the response with a card."""

from typing import Annotated, Any

import orjson
from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict

from workers.core.projection import Document
from workers.gateway.answers import version_tag
from workers.gateway.problems import Problem, described

DEFAULT_PAGE = 50
MAX_PAGE = 200

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
Cursor = Annotated[str | None, Query(description="The cursor of the page before.")]

Responses = dict[int | str, dict[str, Any]]
"""What a route may answer besides success, for the OpenAPI document."""

TAKEN: Responses = {202: {"description": "Not handled within the wait: see Location"}}
CREATIONS = TAKEN | described(409, 412, 413, 422, 503)
CHANGES = TAKEN | described(404, 409, 412, 413, 422, 503)
CARDS: Responses = {304: {"description": "You have this version"}, **described(404, 412, 422, 503)}
PAGES = described(422, 503)


class Body(BaseModel):
    """A request's body. A field that it does not define is rejected."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    def given(self, *without: str) -> dict[str, Any]:
        """The fields that were given, by name; those in `without` are left out."""
        names = self.model_fields_set - {*without}
        return {name: getattr(self, name) for name in type(self).model_fields if name in names}


def shown(card: Document, tag: str | None = None) -> Response:
    """The response with a card. `tag`: its ETag; None: the tag of the card's version."""
    headers = {"ETag": tag or version_tag(card["version"])}
    return Response(orjson.dumps(card), headers=headers, media_type="application/json")


def missing(code: str, detail: str) -> Problem:
    """The problem that a card does not exist."""
    return Problem(404, code, detail)
