"""A connection that breaks while it is used is an error of Kafka, on any event loop.

asyncio ignores what is written to a closed transport. uvloop raises RuntimeError, which aiokafka does not expect (open
upstream since 2024: aio-libs/aiokafka#1038). So when a broker dies at the wrong moment, a task of aiokafka ends and
nothing reports it. Without the task that fetches the metadata, a consumer waits for ever at its next question about
offsets, although the broker is back and records arrive.

Importing this module repairs aiokafka's connections in this process: such a connection is closed, and the caller gets
the KafkaConnectionError that it knows how to handle.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError


def _closing_when_broken(send: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(send)
    def closing(connection: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return send(connection, *arguments, **options)
        except NotImplementedError:  # a RuntimeError: the broker no longer speaks a version of the request
            raise
        except RuntimeError as error:
            connection.close(reason=CloseReason.CONNECTION_BROKEN, exc=error)
            place = f"{connection.host}:{connection.port}"
            raise KafkaConnectionError(f"the connection to {place} is broken: {error}") from error

    return closing


for _name in ("send", "_send_sasl_token"):
    setattr(AIOKafkaConnection, _name, _closing_when_broken(getattr(AIOKafkaConnection, _name)))


def keeps_metadata(client: Any) -> bool:
    """Whether a client of aiokafka still fetches the metadata, or has not begun to. It never starts again by itself."""
    return client._sync_task is None or not client._sync_task.done()  # noqa: SLF001
