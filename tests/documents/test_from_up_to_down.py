"""What the documents give a newcomer and an operator to type is typed here, in their order, on the system that
`sh infra/up.sh` starts.
"""

import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import pytest_asyncio

from infra.devstack.ports import free_port
from tests.documents import situations
from tests.documents.blocks import DOCUMENTS, Block, blocks
from tests.documents.typing import environment, process, typed
from tests.waiting import until

UP, DOWN, TEST = "sh infra/up.sh\n", "sh infra/down.sh\n", "sh infra/test.sh\n"
# The block that runs all tests is typed by who runs this one.
TYPED = [
    block
    for document in ("README.md", "contracts/README.md", "infra/README.md")
    for block in blocks(document)
    if block.text not in (UP, DOWN, TEST)
]
# What a block must print, by a part of it.
PROMISED = {
    "/users -H": ('"status":"accepted"', "UserCreated", "UserWelcomed", "UserUpdated", "Paris"),
    "/accounts/ada/deposits": ("FundsDeposited", "StockReceived", "OrderPlaced", '"total":"19.80"', "fulfilment"),
    "annals demo": ("agree",),
    "confluent_kafka": ("users.UserWelcomed.v1 grace 2",),
    "contracts.client": ("accepted", "users.UserWelcomed.v1 mary"),
    "annals stack env": ("ANNALS_KAFKA_BOOTSTRAP_SERVERS",),
    "annals dlq list": ("users.commands/3/1234", "accepted"),
    "annals parked list": ("projection:users/ada", "projection:users/grace"),
    "annals sagas show": ("completed", "OrderPlaced"),
    "annals lanes list": ("INTERRUPTED command:users.commands/0", "acknowledged command:users.commands/0"),
    "annals streams copy": ("in email", "generation 1 is live", "generation 0 is live"),
    "annals topics recreate": ("users.commands",),
    "annals verify --repair": ("agree",),
}


class Running(NamedTuple):
    """The system that `up` runs: the environment of its terminal, and where its files are."""

    variables: dict[str, str]
    port: int
    folder: Path


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """The system, ready; stopped by the documents' own command at the end."""
    folder, port = tmp_path_factory.mktemp("documents"), free_port()
    variables = environment(ANNALS_HOME=str(folder / "home"), ANNALS_HTTP_PORT=str(port))
    log = folder / "up.log"
    async with process(["sh", "-c", f"exec {UP}"], variables, log) as up:

        async def ready() -> bool:
            assert up.returncode is None, log.read_text("utf-8")
            try:
                async with httpx.AsyncClient(timeout=5) as client:
                    answer = await client.get(f"http://127.0.0.1:{port}/readyz")
            except httpx.TransportError:
                return False
            return answer.status_code == 200

        await until(ready, "the gateway is ready", seconds=180, every=0.5)
        yield Running(variables, port, folder)
        async with process(["sh", "-ec", DOWN], variables, folder / "down.log") as down:
            assert await down.wait() == 0
        assert await up.wait() == 0
        assert "everything has stopped" in log.read_text("utf-8")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("block", TYPED, ids=[block.name for block in TYPED])
async def test_each_block_does_what_its_document_says(running: Running, block: Block) -> None:
    addresses = json.loads(
        subprocess.run(  # noqa: ASYNC221 - nothing else runs on this loop
            [".venv/bin/annals", "stack", "env", "--json"], env=running.variables, capture_output=True, check=True
        ).stdout
    )
    block = block._replace(text=block.text.replace("127.0.0.1:8080", f"127.0.0.1:{running.port}"))
    async with situations.before(block.heading, running.variables | addresses) as found:
        printed = await typed(block, running.variables | found, running.folder / "block.log")
    for part, promises in PROMISED.items():
        if part in block.text:
            for promise in promises:
                assert promise in printed


def test_every_block_of_every_document_has_its_place() -> None:
    every = [block for document in DOCUMENTS for block in blocks(document)]
    assert {block.language for block in every} == {"sh", "python"}
    assert [block for block in every if block.text in (UP, DOWN, TEST)] == [
        block for block in blocks("README.md") if block.text in (UP, DOWN, TEST)
    ]
    elsewhere = {"workers/README.md", "tests/README.md"}  # test_a_first_context.py, test_parts_of_the_suite.py
    assert {block.document for block in every if block not in TYPED} == {"README.md", *elsewhere}
