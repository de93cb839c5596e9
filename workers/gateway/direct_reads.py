"""Answers the plain read of a card without the framework, which takes several times as long as the read itself.

Plain is a GET of an id in its usual form without query, preconditions, position or body, of a card that is there. Every
other request, and one that finds no card, goes on to the route, which answers it in full; so a route and its direct
read must show the same. The OpenAPI document has the route.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from workers.core.projection import Document, Projection
from workers.gateway.problems import unavailable
from workers.gateway.queries import Queries
from workers.ports.lanes import Unavailable

# Headers with which a request is more than a plain read.
ASK_FOR_MORE = frozenset(
    {b"if-match", b"if-none-match", b"x-annals-position", b"content-length", b"transfer-encoding", b"expect"}
)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")


class DirectRead(NamedTuple):
    """Cards that are read below `prefix`, by the route whose path is `path`; `tag` gives a card's ETag."""

    prefix: str
    path: str
    projection: Projection
    tag: Callable[[Document], str]


class DirectReads:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, queries: Queries, reads: tuple[DirectRead, ...]) -> None:
        self._app = app
        self._queries = queries
        self._reads = reads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read = self._read_for(scope)
        if read is None:
            await self._app(scope, receive, send)
            return
        try:
            card = await self._queries.present(read.projection, scope["path"][len(read.prefix) :])
        except Unavailable as error:
            scope["route"] = read
            await unavailable(error.server).response()(scope, receive, send)
            return
        if card is None:
            await self._app(scope, receive, send)
            return
        scope.update(route=read, is_plain_read=True)  # exchange.py counts by the path of its route
        body = orjson.dumps(card)
        headers = [
            (b"etag", read.tag(card).encode()),
            (b"content-length", str(len(body)).encode()),
            (b"content-type", b"application/json"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _read_for(self, scope: Scope) -> DirectRead | None:
        """The read that a request is, if it is plain."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
            return None
        path = scope["path"]
        for read in self._reads:
            if path.startswith(read.prefix) and _ID.fullmatch(path, len(read.prefix)):
                return None if any(name in ASK_FOR_MORE for name, _ in scope["headers"]) else read
        return None
