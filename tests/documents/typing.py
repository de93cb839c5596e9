"""Types the blocks of the documents as a reader would, from the project's folder."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.documents.blocks import ROOT, Block

BLOCK_SECONDS = 100
# What says by exit code 1 that something is to be done: what the block goes on to do.
FINDS_SOMETHING = ("annals lanes list", "annals streams diff users")


def environment(**variables: str) -> dict[str, str]:
    """That of a newcomer's shell, in which `annals` and `pytest` are this project's: no setting, no run of tests."""
    outside = {
        name: value for name, value in os.environ.items() if not name.startswith(("ANNALS_", "PYTEST_", "COVERAGE"))
    }
    return outside | {"PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"} | variables


@asynccontextmanager
async def process(
    arguments: Sequence[str], variables: Mapping[str, str], log: Path, folder: Path = ROOT
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A child process whose output goes into a file; asked to end, if it still runs, when the block is left."""
    with log.open("wb") as output:
        child = await asyncio.create_subprocess_exec(
            *arguments, env=variables, cwd=folder, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
            async with asyncio.timeout(60):
                await child.wait()


async def typed(block: Block, variables: Mapping[str, str], log: Path, folder: Path = ROOT) -> str:
    """Run a block and return what it printed; each of its commands must succeed, but those in `FINDS_SOMETHING`."""
    text = "".join(
        f"{line} || [ $? -eq 1 ]\n" if line in FINDS_SOMETHING else f"{line}\n" for line in block.text.splitlines()
    )
    arguments = ["sh", "-euc", text] if block.language == "sh" else [sys.executable, "-c", block.text]
    async with process(arguments, variables, log, folder) as child, asyncio.timeout(BLOCK_SECONDS):
        await child.wait()
    printed = await asyncio.to_thread(log.read_text, "utf-8")
    assert child.returncode == 0, f"{block.name}\n{printed}"
    return printed
