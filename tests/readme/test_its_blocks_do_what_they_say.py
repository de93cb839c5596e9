"""What the README tells a newcomer to type is typed here, in its order, against the system that it starts."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.readme.blocks import README, Block, blocks
from tests.waiting import until

UP, JOURNEY, DOWN = "sh infra/up.sh\n", "curl", "sh infra/down.sh\n"
BLOCK_SECONDS = 90


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _process(
    arguments: list[str], environment: dict[str, str], log: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *arguments, env=environment, cwd=README.parent, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(60):
                await process.wait()


async def _typed(block: Block, port: int, environment: dict[str, str], log: Path) -> str:
    """Run a block as it stands, but for the port, and return what it printed; it must succeed."""
    text = block.text.replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    arguments = ["sh", "-euc", text] if block.language == "sh" else [sys.executable, "-c", text]
    async with _process(arguments, environment, log) as process, asyncio.timeout(BLOCK_SECONDS):
        await process.wait()
    printed = await asyncio.to_thread(log.read_text)
    assert process.returncode == 0, printed
    return printed


@pytest.mark.timeout(300)
async def test_from_up_to_down(tmp_path: Path) -> None:
    up, journey, order, down, foreign = blocks()
    assert (up.text, down.text, foreign.language) == (UP, DOWN, "python")
    port = _free_port()
    outside = {name: value for name, value in os.environ.items() if not name.startswith("ANNALS_")}
    environment = outside | {"ANNALS_HOME": str(tmp_path / "home"), "ANNALS_HTTP_PORT": str(port)}
    log = tmp_path / "up.log"
    async with _process(["sh", "-c", up.text.replace("sh infra", "exec sh infra")], environment, log) as system:

        async def ready() -> bool:
            assert system.returncode is None, log.read_text()
            try:
                async with httpx.AsyncClient(timeout=5) as client:
                    answer = await client.get(f"http://127.0.0.1:{port}/readyz")
            except httpx.TransportError:
                return False
            return answer.status_code == 200

        await until(ready, "the gateway is ready", seconds=180, every=0.5)
        printed = await _typed(journey, port, environment, tmp_path / "journey.log")
        for promised in ('"status":"accepted"', "UserCreated", "UserWelcomed", "UserUpdated", "Paris"):
            assert promised in printed
        printed = await _typed(order, port, environment, tmp_path / "order.log")
        for promised in ("FundsDeposited", "StockReceived", "OrderPlaced", '"total":"19.80"', "fulfilment"):
            assert promised in printed
        printed = await _typed(foreign, port, environment, tmp_path / "foreign.log")
        assert "users.UserWelcomed.v1 grace 2" in printed
        await _typed(down, port, environment, tmp_path / "down.log")
        async with asyncio.timeout(60):
            assert await system.wait() == 0
    assert "everything has stopped" in log.read_text()


def test_every_shell_block_is_typed() -> None:
    assert [block.language for block in blocks()] == [*["sh"] * 4, "python"], "a new block needs its place above"
