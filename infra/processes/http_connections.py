"""The connections of one process to its HTTP server: how many there may be, and how long each may do nothing.

A connection is *waiting* between requests and until the head of a request is complete; it is *busy* from then to the
end of the answer. When there are too many, the one that has waited longest is closed for the new one, of those first
that have never sent a request. So a program that opens thousands of connections and stays silent only loses its own:
the next one that asks something, such as a probe, is answered. When all are busy, a few more are let in, which get the
answer of probes and else a 503 (http_protocol.py).

A peer that has too many loses its own connections, not those of others. Behind a proxy all are of one peer.
"""

import asyncio
from typing import NamedTuple, Protocol

from prometheus_client import Counter

CLOSED = Counter(
    "annals_http_connections_closed", "Connections that the gateway closed to stay within its limits", ["reason"]
)
CHECK_INTERVAL_SECONDS = 1.0
# Beyond the limit, for probes while all connections are busy.
RESERVED = 64


class ConnectionLimits(NamedTuple):
    """The limits of one process. `total` and `of_a_peer` are numbers of connections."""

    total: int = 4000
    of_a_peer: int = 1000
    header_bytes: int = 16_384
    header_seconds: float = 10.0
    idle_seconds: int = 5
    reader_seconds: float = 30.0


class Connection(Protocol):
    """A connection as its table sees it."""

    peer: str
    is_new: bool
    """Whether it has not had a complete request yet. It changes while the connection is busy."""

    def cut(self) -> None:
        """Close it at once; what was not sent is lost."""
        ...

    def check(self, now: float) -> None:
        """Close it if it has done nothing for too long. `now` is the loop's time in seconds."""
        ...


class _WaitingLine:
    """Connections that wait, in the order in which they began to."""

    def __init__(self) -> None:
        self._new: dict[Connection, None] = {}
        self._used: dict[Connection, None] = {}

    def add(self, connection: Connection) -> None:
        (self._new if connection.is_new else self._used)[connection] = None

    def remove(self, connection: Connection) -> None:
        (self._new if connection.is_new else self._used).pop(connection, None)

    def first(self) -> Connection | None:
        """The one to close: new ones before those that have been used."""
        return next(iter(self._new), None) or next(iter(self._used), None)


class _Peer:
    """The connections of one peer."""

    def __init__(self) -> None:
        self.total = 0
        self.waiting = _WaitingLine()


class Connections:
    """The table of a process's connections. Call it on the event loop's thread only."""

    def __init__(self, limits: ConnectionLimits, loop: asyncio.AbstractEventLoop) -> None:
        self.limits = limits
        self._loop = loop
        self._all: dict[Connection, None] = {}
        self._peers: dict[str, _Peer] = {}
        self._waiting = _WaitingLine()
        self._in_reserve: set[Connection] = set()
        self._check: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._all)

    def opened(self, connection: Connection) -> None:
        """Take in a new connection, at the cost of another one if there are too many. It is cut itself if that does not
        help.
        """
        peer = self._peers.get(connection.peer)
        of_the_peer = peer is not None and peer.total >= self.limits.of_a_peer
        if of_the_peer or len(self._all) >= self.limits.total:
            line = peer.waiting if peer is not None and of_the_peer else self._waiting
            longest = line.first()
            if longest is not None:
                self.close(longest, "crowded")
            elif len(self._in_reserve) < RESERVED:
                self._in_reserve.add(connection)
            else:
                CLOSED.labels("refused").inc()
                connection.cut()
                return
        self._all[connection] = None
        self._peers.setdefault(connection.peer, _Peer()).total += 1
        self.waits(connection)
        if self._check is None:
            self._check = self._loop.call_later(CHECK_INTERVAL_SECONDS, self._check_all)

    def is_in_reserve(self, connection: Connection) -> bool:
        """Whether it was let in although all others are busy."""
        return connection in self._in_reserve

    def waits(self, connection: Connection) -> None:
        """The connection has no request any more; it goes to the end of those that wait."""
        if connection in self._all:
            self._waiting.add(connection)
            self._peers[connection.peer].waiting.add(connection)

    def works(self, connection: Connection) -> None:
        """The connection has a request: it is not closed to make room."""
        self._waiting.remove(connection)
        peer = self._peers.get(connection.peer)
        if peer is not None:
            peer.waiting.remove(connection)

    def gone(self, connection: Connection) -> None:
        """The connection is closed. It may be said more than once."""
        if connection not in self._all:
            return
        self.works(connection)
        del self._all[connection]
        self._in_reserve.discard(connection)
        peer = self._peers[connection.peer]
        peer.total -= 1
        if not peer.total:
            del self._peers[connection.peer]

    def close(self, connection: Connection, reason: str) -> None:
        """Close a connection at once, and count why."""
        CLOSED.labels(reason).inc()
        self.gone(connection)
        connection.cut()

    def _check_all(self) -> None:
        now = self._loop.time()
        for connection in list(self._all):
            connection.check(now)
        self._check = self._loop.call_later(CHECK_INTERVAL_SECONDS, self._check_all) if self._all else None
