"""An answer that has begun is the only one: what goes wrong afterwards ends the connection."""

import json
from typing import Any, cast

from fastapi import APIRouter
from starlette.responses import StreamingResponse

from tests.gateway.in_memory import SystemInMemory
from tests.gateway.test_bounds import SilentHistory, SilentReadModels, queries_of
from workers.gateway.app import create_app
from workers.gateway.archive import Archive
from workers.gateway.backend import Backend
from workers.gateway.command_dispatcher import CommandDispatcher
from workers.gateway.guard import Guard
from workers.ports.history import History


class TestAnErrorOfOurs:
    async def test_before_an_answer_has_begun_is_one(self, system: SystemInMemory) -> None:
        sent, raised = await answered(system, "/before")
        assert raised is None
        assert [message["status"] for message in sent if message["type"] == "http.response.start"] == [500]
        document = json.loads(b"".join(message.get("body", b"") for message in sent))
        assert document["code"] == "InternalError"
        assert "secret" not in str(sent)

    async def test_amid_an_answer_begins_no_second_one(self, system: SystemInMemory) -> None:
        sent, raised = await answered(system, "/amid")
        assert [message["status"] for message in sent if message["type"] == "http.response.start"] == [200]
        assert b"".join(message.get("body", b"") for message in sent) == b"begun"
        assert not [
            message for message in sent if message["type"] == "http.response.body" and not message.get("more_body")
        ]
        assert raised is not None, "the server must close the connection, as the answer is not whole"


async def answered(system: SystemInMemory, path: str) -> tuple[list[Any], BaseException | None]:
    """What the application sends to the server for a GET, and what it raises."""
    dispatcher = CommandDispatcher(system, system)
    archive = Archive(cast(History, SilentHistory()))
    guard = Guard({}, archive, is_on=False)
    backend = Backend(dispatcher, queries_of(SilentReadModels()), system, archive, guard, system)
    app = create_app(backend, routes=[breaking])
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("gateway", 80),
    }
    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001  # whatever it is, the server would see it
        return sent, error
    return sent, None


def breaking(_: Backend) -> APIRouter:
    """Routes that raise: before they have answered, and in the middle of an answer."""
    router = APIRouter()

    @router.get("/before")
    async def before() -> None:
        raise RuntimeError("secret")

    @router.get("/amid")
    async def amid() -> StreamingResponse:
        async def pieces() -> Any:
            yield b"begun"
            raise RuntimeError("secret")

        return StreamingResponse(pieces())

    return router
