"""The one door to Redis: a client whose every call has a deadline, and the sorting of what can go wrong.

Commands are packed by hiredis: redis-py's asynchronous connections pack them in Python, which cost more than all else
that a large transaction takes here. They are sent without a task of their own for each.

A connection whose server is no longer a primary (a failover behind the same address) is dropped when it returns to the
pool, so that the next one finds the new primary. Where the URL names sentinels, they say where it is (sentinels.py).
"""

import asyncio
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from hiredis import pack_command
from redis.asyncio import ConnectionPool, Redis, SSLConnection
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError

from infra.redis.errors import REACH, Next, server_said, step_after
from infra.redis.pool import UNNOTIFIED, Pool
from infra.redis.sentinels import ASK_TIMEOUT_SECONDS, FollowsPrimary, Sentinels
from infra.sentinel_url import SentinelUrl, names_sentinels, parsed
from infra.settings import Settings
from infra.tls import TlsFiles, TlsFilesUnusable, client_context
from workers.ports.lanes import Unavailable

CONNECT_TIMEOUT_SECONDS = 3.0
ANSWER_TIMEOUT_SECONDS = 5.0
# A process may have more lanes than connections: then a lane waits until one is free.
MAX_CONNECTIONS = 50
FREE_CONNECTION_TIMEOUT_SECONDS = 5.0
URL = "set it right and start again: what stands behind ? in it must be options that redis-py knows"
TLS = "set ANNALS_REDIS_TLS_CA_FILE and the rediss:// of ANNALS_REDIS_URL right, or the server's certificate"
_MAX_CHARACTERS = 300


def client(settings: Settings) -> Any:
    """A client for the located Redis that answers in bytes (redis-py's types leave open whether it does: hence Any).

    It retries nothing by itself: after a lost answer the lane asks the checkpoint. Raises Unavailable for a URL that no
    client can be made of, and for certificates that cannot be used.
    """
    assert settings.redis_url is not None, "settings must be located first"
    url = settings.redis_url.get_secret_value()
    sentinel_url = parsed(url) if names_sentinels(url) else None
    try:
        pool: Any = Pool.from_url(
            sentinel_url.server_url if sentinel_url else url,
            socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
            socket_timeout=ANSWER_TIMEOUT_SECONDS,
            max_connections=MAX_CONNECTIONS,
            timeout=FREE_CONNECTION_TIMEOUT_SECONDS,
            retry=None,
            health_check_interval=0,
            maint_notifications_config=UNNOTIFIED,
        )
        pool.make_connection()  # does not connect yet, but checks all parts of the URL
    except (ValueError, TypeError, RedisError):  # their texts may quote the URL
        raise Unavailable("Redis", "ANNALS_REDIS_URL cannot be used", URL) from None
    secured = (*_verifying(settings, pool), pool.connection_class)
    mixed = (_Sends, _PacksByHiredis, _LeavesReplicas, *secured)
    if sentinel_url is None:
        pool.connection_class = type("Connection", mixed, {})
        return _Client.from_pool(pool)
    sentinels = _sentinels(settings, sentinel_url, pool, type("SentinelConnection", (_Sends, *secured), {}))
    pool.connection_class = type("Connection", (FollowsPrimary, *mixed), {"sentinels": sentinels})
    redis: Any = _Client.from_pool(pool)
    redis.sentinels = sentinels
    return redis


def _sentinels(settings: Settings, url: SentinelUrl, pool: Any, connection_class: type) -> Sentinels:
    """The sentinels of the URL, with the certificates of the servers' pool and a login of their own."""
    password = settings.redis_sentinel_password
    options = {
        "username": settings.redis_sentinel_username,
        "password": password.get_secret_value() if password else None,
        "socket_connect_timeout": ASK_TIMEOUT_SECONDS,
        "socket_timeout": ASK_TIMEOUT_SECONDS,
        "protocol": 2,  # a sentinel's user needs no right to HELLO
        "driver_info": None,  # nor to CLIENT
        "maint_notifications_config": UNNOTIFIED,
        **{name: value for name, value in pool.connection_kwargs.items() if name.startswith("ssl_")},
    }
    clients = {
        f"{host}:{port}": Redis.from_pool(
            ConnectionPool(connection_class=connection_class, max_connections=2, host=host, port=port, **options)
        )
        for host, port in url.sentinels
    }
    return Sentinels(url.primary, clients)


def _verifying(settings: Settings, pool: Any) -> tuple[type, ...]:
    """What to mix into connections with TLS. redis-py trusts the system's CAs beside the one that it is given, and asks
    at the terminal for the password of an encrypted key. A URL that has `ssl_…` says itself what is to be verified.
    """
    is_encrypted = issubclass(pool.connection_class, SSLConnection)
    if not is_encrypted or any(name.startswith("ssl_") for name in pool.connection_kwargs):
        return ()
    files = TlsFiles(
        "ANNALS_REDIS_TLS",
        settings.redis_tls_ca_file,
        settings.redis_tls_cert_file,
        settings.redis_tls_key_file,
        settings.redis_tls_key_password,
    )
    try:
        context = client_context(files)
    except TlsFilesUnusable as error:
        raise Unavailable("Redis", error.explanation, error.advice) from error
    return (type("_Verifying", (_Verifies,), {"context": context}),)


class _Verifies:
    """Mixed into redis-py's connections with TLS."""

    context: ssl.SSLContext

    def _connection_arguments(self) -> Mapping[str, Any]:
        return {**super()._connection_arguments(), "ssl": self.context}  # type: ignore[misc]  # the class mixed with


class _Pipeline(Pipeline):
    """A pipeline whose faults are those of its connection.

    redis-py turns a lost connection into a WatchError while keys are watched, as if another had changed them. And it
    has the server forget what a pipeline watches, over a new connection when its own is closed. A caller that was
    cancelled waited there for a server that may not answer, and its cancellation was forgotten.
    """

    async def _lost(self, connection: Any, error: Exception, *_: Any) -> None:
        await connection.disconnect(nowait=True)
        raise error  # whether the server has written, only the checkpoint tells

    _disconnect_raise_on_watching = _disconnect_reset_raise_on_watching = _lost  # type: ignore[assignment]

    async def reset(self) -> None:  # type: ignore[override]  # as the class mixed with
        if self.connection is not None and not self.connection.is_connected:
            self.watching = False  # a closed connection watches nothing
        await super().reset()  # type: ignore[no-untyped-call]


class _Client(Redis):
    sentinels: Sentinels | None = None

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        if self.sentinels is not None:
            await self.sentinels.aclose()

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        return _Pipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


class _LeavesReplicas:
    """Mixed into redis-py's connection of whatever kind the URL asks for."""

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        try:
            return await super().read_response(*arguments, **options)  # type: ignore[misc]  # the class mixed with
        except RedisError as error:
            if step_after(error)[0] is Next.RECONNECT:
                # Not at once: the other answers of a pipeline are still to be read.
                self.mark_for_reconnect()  # type: ignore[attr-defined]
            raise


class _Sends:
    """Mixed in likewise. redis-py sends by `asyncio.wait_for`, in a task of its own. Of a caller that is cancelled when
    the command has just been sent, Python 3.11 forgets the cancellation then, and the caller goes on. And nothing is
    written to a connection that is closed: uvloop would raise RuntimeError, and asyncio of Python 3.12 and 3.13, up to
    3.13.5, TypeError, or it would keep the next connection waiting that gets the same number from the system.
    """

    async def send_packed_command(self, command: Iterable[bytes], check_health: bool = True) -> None:
        connection: Any = self
        if not connection.is_connected:
            await connection.connect_check_health(check_health=False)
        if check_health:
            await connection.check_health()
        try:
            writer = connection._writer  # noqa: SLF001  # an override's own object
            if writer is None or writer.transport.is_closing():
                raise ConnectionResetError("the connection is closed")
            async with asyncio.timeout(connection.socket_timeout):
                await connection._send_packed_command(command)  # noqa: SLF001  # as above
        except BaseException:
            # Nobody knows how much of it the server has got.
            await connection.disconnect(nowait=True)
            raise


class _PacksByHiredis:
    """Mixed in likewise. What hiredis does not pack as redis-py does, redis-py packs: names of two words, and values of
    other types, which it refuses by an error of its own.
    """

    def pack_command(self, *arguments: Any) -> list[bytes]:
        name = arguments[0]
        if isinstance(name, str) and " " not in name:
            with suppress(TypeError):
                return [pack_command(arguments)]
        packed: list[bytes] = super().pack_command(*arguments)  # type: ignore[misc]  # the class mixed with
        return packed


async def watched(pipeline: Any, *keys: str) -> list[bytes | None]:
    """Have a new pipeline watch the keys, and return what they hold: one round trip for both, where redis-py takes two.
    Of a small transaction, the round trips are the cost.
    """
    connection = pipeline.connection = await pipeline.connection_pool.get_connection()
    try:
        await connection.send_packed_command(connection.pack_commands([("WATCH", *keys), ("MGET", *keys)]))
        await pipeline.parse_response(connection, "WATCH")
        values: list[bytes | None] = await pipeline.parse_response(connection, "MGET")
    except BaseException:
        # An answer may still be on its way; a connection that is closed watches nothing.
        pipeline.watching = False
        await connection.disconnect(nowait=True)
        raise
    return values


@contextmanager
def faults_sorted() -> Iterator[None]:
    """Turn the driver's exceptions into Unavailable. What is left passes through: a conflict or a bug."""
    try:
        yield
    except ssl.SSLError as error:
        raise Unavailable("Redis", _said(error), TLS) from error
    except OSError as error:  # TimeoutError is one
        raise Unavailable("Redis", _said(error), REACH) from error
    except Exception as error:
        step, advice = step_after(error)
        if step in (Next.CONFLICT, Next.BUG):
            raise
        # redis-py raises its own error for a handshake that fails.
        is_of_tls = isinstance(error.__context__, ssl.SSLError)
        raise Unavailable("Redis", _said(error), TLS if is_of_tls else advice) from error


def _said(error: BaseException) -> str:
    """The end of an error's text where it quotes the command, its beginning else: values stay out of the logs."""
    return (server_said(error) or type(error).__name__)[:_MAX_CHARACTERS]
