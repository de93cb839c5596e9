"""Answers the plain read of a card, or of a page of all cards, without the framework, which takes several times as long
as the read itself.

Plain is a GET without preconditions, position or body: of an id in its usual form without a query, of a card that is
there; or of a page, with no more than a limit and a cursor, in this order and in their usual form. Every other request,
and one that finds no card or has a wrong cursor, goes on to the route, which answers it in full; so a route and its
direct read must show the same. The OpenAPI document has the route.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.principal import Principal
from workers.core.access import Read
from workers.core.projection import Document, Projection
from workers.gateway.callers import principal_in
from workers.gateway.cards import DEFAULT_PAGE, MAX_PAGE
from workers.gateway.guard import Guard
from workers.gateway.problems import Problem, unavailable
from workers.gateway.queries import Queries
from workers.gateway.seen import Seen
from workers.ports.lanes import Unavailable
from workers.ports.read_models import Page

# Headers with which a request is more than a plain read.
ASK_FOR_MORE = frozenset(
    {b"if-match", b"if-none-match", b"x-annals-position", b"content-length", b"transfer-encoding", b"expect"}
)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_PAGE = re.compile(rb"limit=([1-9][0-9]{0,2})(?:&cursor=([A-Za-z0-9_-]{1,400}))?")
_JSON = (b"content-type", b"application/json")
_NOTHING_SEEN = Seen()

Headers = list[tuple[bytes, bytes]]


class DirectRead(Protocol):
    """What is read directly. `path` is that of its route."""

    @property
    def path(self) -> str: ...

    def question(self, scope: Scope) -> Any | None:
        """What a request without special headers asks for; None: more than a plain read of this."""
        ...

    def is_open(self, guard: Guard, asker: Principal | None, question: Any) -> bool:
        """Whether the asker may read it; otherwise the route says what there is to say."""
        ...

    async def answer(self, queries: Queries, question: Any) -> tuple[bytes, Headers] | None:
        """The body and the headers that belong to it; None: the route answers. Raises Unavailable or Problem."""
        ...


class DirectCard(NamedTuple):
    """Cards that are read below `prefix`; `tag` gives a card's ETag."""

    prefix: str
    path: str
    projection: Projection
    tag: Callable[[Document], str]

    def question(self, scope: Scope) -> str | None:
        """The id of the card."""
        path: str = scope["path"]
        is_card = path.startswith(self.prefix) and not scope["query_string"] and _ID.fullmatch(path, len(self.prefix))
        return path[len(self.prefix) :] if is_card else None

    def is_open(self, guard: Guard, asker: Principal | None, question: str) -> bool:
        """Whether the asker may see this card."""
        return guard.shows_at_once(asker, self.projection.context, Read.CARD, question)

    async def answer(self, queries: Queries, question: str) -> tuple[bytes, Headers] | None:
        """The card with its tag."""
        card = await queries.present(self.projection, question)
        return None if card is None else (orjson.dumps(card), [(b"etag", self.tag(card).encode())])


class DirectPage:
    """Pages of all cards of a projection, which are the field `cards` of the answer."""

    def __init__(self, path: str, projection: Projection, cards: str) -> None:
        self.path = path
        self._projection = projection
        self._cards = cards
        # Those who ask for a page at the same time are given the same one: it is written once for all of them.
        self._written: tuple[Page | None, bytes] = None, b""

    def question(self, scope: Scope) -> tuple[int, str | None] | None:
        """The limit and the cursor of the page."""
        if scope["path"] != self.path:
            return None
        query: bytes = scope["query_string"]
        if not query:
            return DEFAULT_PAGE, None
        asked = _PAGE.fullmatch(query)
        if asked is None or int(asked[1]) > MAX_PAGE:
            return None
        return int(asked[1]), asked[2].decode() if asked[2] else None

    def is_open(self, guard: Guard, asker: Principal | None, question: tuple[int, str | None]) -> bool:
        """Whether the asker may see all cards."""
        return guard.shows_at_once(asker, self._projection.context, Read.FIND, None)

    async def answer(self, queries: Queries, question: tuple[int, str | None]) -> tuple[bytes, Headers]:
        """The page."""
        limit, cursor = question
        page = await queries.find(self._projection, None, limit, cursor, _NOTHING_SEEN)
        written, body = self._written
        if page is not written:
            body = orjson.dumps({self._cards: page.documents, "cursor": page.cursor})
            self._written = page, body
        return body, []


class DirectReads:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, queries: Queries, guard: Guard, reads: tuple[DirectRead, ...]) -> None:
        self._app = app
        self._guard = guard
        self._queries = queries
        self._reads = reads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        plain = self._read_for(scope)
        if plain is None or not plain[0].is_open(self._guard, principal_in(scope), plain[1]):
            await self._app(scope, receive, send)
            return
        read, question = plain
        try:
            answer = await read.answer(self._queries, question)
        except Unavailable as error:
            scope.update(route=read, reason=str(error))  # exchange.py logs it
            await unavailable(error.server).response()(scope, receive, send)
            return
        except Problem:
            answer = None
        if answer is None:
            await self._app(scope, receive, send)
            return
        scope.update(route=read, is_plain_read=True)  # exchange.py counts by the path of its route
        body, headers = answer
        headers += (b"content-length", str(len(body)).encode()), _JSON
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _read_for(self, scope: Scope) -> tuple[DirectRead, Any] | None:
        """The read that a request is, if it is plain, and what it asks for."""
        if scope["type"] != "http" or scope["method"] != "GET":
            return None
        for read in self._reads:
            question = read.question(scope)
            if question is not None:
                return None if any(name in ASK_FOR_MORE for name, _ in scope["headers"]) else (read, question)
        return None
