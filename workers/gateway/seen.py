"""What the caller of a query has seen already: positions in the log, and a version of the document."""

import re
from typing import Annotated, NamedTuple

from fastapi import Depends, Header, Request

from workers.gateway.answers import POSITION_HEADER
from workers.gateway.preconditions import TAGS_PATTERN, preconditions_of
from workers.gateway.problems import invalid_header

MAX_POSITIONS = 20

_POSITION = re.compile(r"([a-z][a-z0-9_]{0,63}):([0-9]{1,6}):([0-9]{1,18})")
_A_POSITION = _POSITION.pattern.replace("(", "(?:")

PositionsSeen = Annotated[
    str | None,
    Header(
        description=f"`{POSITION_HEADER}` of earlier answers, with commas: wait until they show.",
        json_schema_extra={"pattern": rf"^{_A_POSITION}( *, *{_A_POSITION}){{0,{MAX_POSITIONS - 1}}}$"},
    ),
]


class Position(NamedTuple):
    """A place in the log: a reader that has come to it has seen the command that it belongs to."""

    context: str
    partition: int
    sequence: int


class Seen(NamedTuple):
    """What the caller has seen already: positions, and a version of the document."""

    positions: tuple[Position, ...] = ()
    version: int | None = None


async def seen(
    x_annals_position: PositionsSeen = None,
) -> Seen:
    """The dependency of queries for several documents."""
    return Seen(positions_of(x_annals_position))


async def document_seen(
    request: Request,
    x_annals_position: PositionsSeen = None,
    if_match: Annotated[
        str | None,
        Header(
            description="An ETag: wait until the document has that version or a later one; 412 when it is a later one.",
            json_schema_extra={"pattern": TAGS_PATTERN},
        ),
    ] = None,
    if_none_match: Annotated[
        str | None,
        Header(
            description="The ETag that the caller has: wait likewise; 304 when it is still the ETag.",
            json_schema_extra={"pattern": TAGS_PATTERN},
        ),
    ] = None,
) -> Seen:
    """The dependency of queries for one document. Whether the answer is wanted then, safe_methods.py judges."""
    return Seen(positions_of(x_annals_position), preconditions_of(request.headers).seen_version)


SeenBefore = Annotated[Seen, Depends(seen)]
DocumentSeenBefore = Annotated[Seen, Depends(document_seen)]


def positions_of(header: str | None) -> tuple[Position, ...]:
    """The positions in a header. Raises Problem."""
    texts = [text.strip() for text in header.split(",")] if header is not None else []
    matches = [_POSITION.fullmatch(text) for text in texts[: MAX_POSITIONS + 1]]
    if len(matches) > MAX_POSITIONS or not all(matches):
        raise invalid_header(POSITION_HEADER, f"must be <context>:<partition>:<sequence>, at most {MAX_POSITIONS}")
    return tuple(Position(match[1], int(match[2]), int(match[3])) for match in matches if match)
