"""The bare handler, a process of its own: `python -m infra.measuring.bench.reads.bare_server PORT`.

It is served with the gateway's options (http_server.py) and asks Redis with the same client, in one round trip: one key
for a user, an index and the keys in it for a page. It checks nothing, and makes nothing of what it reads.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

from infra.processes.http_server import server_configuration
from infra.redis.connection import client
from infra.settings import Settings

USER_PATH = "/users/"
PAGE_USERS = 20
_PAGE = "return redis.call('MGET', unpack(redis.call('ZRANGE', KEYS[1], 0, ARGV[1] - 1)))"
_HEADERS = [(b"content-type", b"application/json")]

Send = Callable[[dict[str, Any]], Awaitable[None]]


def user_key(settings: Settings, user_id: str) -> str:
    """Where the document of a user is."""
    return f"{settings.topic_prefix}bare:user:{user_id}"


def index_key(settings: Settings) -> str:
    """Where the keys of all documents are, in order."""
    return f"{settings.topic_prefix}bare:users"


def application(settings: Settings) -> Callable[..., Awaitable[None]]:
    """The ASGI application: `/users/{id}` and `/users`."""
    redis = client(settings)
    page = redis.register_script(_PAGE)

    async def answer(scope: dict[str, Any], _: object, send: Send) -> None:
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        if path.startswith(USER_PATH):
            body = await redis.get(user_key(settings, path.removeprefix(USER_PATH)))
        else:
            documents = await page([index_key(settings)], [PAGE_USERS])
            body = b'{"users":[' + b",".join(documents) + b'],"cursor":null}'
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, length]})
        await send({"type": "http.response.body", "body": body})

    return answer


def serve(settings: Settings, port: int) -> None:
    """Until SIGTERM."""
    uvicorn.Server(server_configuration(application(settings), lifespan="off", port=port)).run()


if __name__ == "__main__":
    serve(Settings(), int(sys.argv[1]))
