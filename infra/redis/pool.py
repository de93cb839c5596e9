"""The pool of connections to Redis."""

from typing import Any

from redis.asyncio import BlockingConnectionPool
from redis.maint_notifications import MaintNotificationsConfig

UNNOTIFIED = MaintNotificationsConfig(enabled=False)
"""For the pools of clients. Where notifications of maintenance may come, redis-py takes what is unread on a connection
for one of them, and lends a connection whose end is unread: after a restart of the server each would fail once.
"""


class Pool(BlockingConnectionPool):
    """A pool that has one connection at hand between two that use it: the bookkeeping around what redis-py's own lends
    and takes back costs a tenth of a read.
    """

    _at_hand: Any = None

    async def get_connection(self, command_name: Any = None, *keys: Any, **options: Any) -> Any:
        connection, self._at_hand = self._at_hand, None
        if connection is None:
            return await super().get_connection()  # type: ignore[no-untyped-call]
        try:
            await self.ensure_connection(connection)
        except BaseException:
            await super().release(connection)
            raise
        return connection

    async def release(self, connection: Any) -> None:
        # While all are in use somebody may wait for one, whom only redis-py's own release wakes.
        may_stay = connection.is_connected and not connection.should_reconnect()
        if self._at_hand is None and may_stay and len(self._in_use_connections) < self.max_connections:
            self._at_hand = connection
        else:
            await super().release(connection)

    async def disconnect(self, inuse_connections: bool = True) -> None:
        connection, self._at_hand = self._at_hand, None
        if connection is not None:  # nobody uses it
            await connection.disconnect()
            await super().release(connection)
        await super().disconnect(inuse_connections)
