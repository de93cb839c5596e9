"""Commands that are sent in one turn of the event loop share a connection and a round trip.

For a small command, what the driver does around it costs more than the command. A command alone is sent at the end of
the turn, and costs less than by the driver's client, which counts and times each.
"""

import asyncio
from typing import Any

from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import ResponseError

from infra.redis.connection import ANSWER_TIMEOUT_SECONDS
from workers.background import in_background

MAX_TOGETHER = 16

Waiting = list[tuple[tuple[Any, ...], "asyncio.Future[Any]"]]
"""Commands, and where their answers go."""


class Pipelining:
    """Executes commands that do not depend on each other. `redis` is a client, whose connections it uses."""

    def __init__(self, redis: Any) -> None:
        self._pool = redis.connection_pool
        self._gathering: Waiting = []
        self._sending: set[asyncio.Task[None]] = set()

    async def execute_command(self, *command: Any) -> Any:
        """The answer as the server gives it. Raises what the driver raises, or TimeoutError when not all answers have
        come in the time that one may take; an error of the server concerns only its command. A caller that is cancelled
        does not disturb the others.
        """
        if not self._gathering or len(self._gathering) >= MAX_TOGETHER:
            self._gathering = []
            sending = in_background(self._send(self._gathering), "send commands to Redis")
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
        answer = asyncio.get_running_loop().create_future()
        self._gathering.append((command, answer))
        return await answer

    async def _send(self, waiting: Waiting) -> None:
        """Send the commands and hand out the answers. It runs after the turn in which the first was given."""
        if self._gathering is waiting:
            self._gathering = []
        try:
            await self._exchange(waiting)
        except Exception as error:  # noqa: BLE001  # whoever waits raises it
            _fail(waiting, error)
        except BaseException:
            _fail(waiting, ConnectionLost("the process ends"))
            raise

    async def _exchange(self, waiting: Waiting) -> None:
        connection = await self._pool.get_connection()
        try:
            wanted = [pair for pair in waiting if not pair[1].done()]  # others were cancelled meanwhile
            if wanted:
                async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
                    await _ask(connection, wanted)
        except BaseException:
            # Answers may still be on their way.
            await connection.disconnect(nowait=True)
            raise
        finally:
            await self._pool.release(connection)


async def _ask(connection: Any, waiting: Waiting) -> None:
    await connection.send_packed_command(connection.pack_commands([command for command, _ in waiting]))
    for command, answer in waiting:
        try:
            value = await connection.read_response()
        except ResponseError as error:
            _fail([(command, answer)], error)
        else:
            if not answer.done():
                answer.set_result(value)


def _fail(waiting: Waiting, error: Exception) -> None:
    for _, answer in waiting:
        if not answer.done():
            answer.set_exception(error)
            answer.exception()  # whoever waited for it may be gone
