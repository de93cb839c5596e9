"""The context of one's own that workers/README.md leads to is written from an empty folder on, and does what the page
says: its tests pass, and it runs beside the shipped ones.
"""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from infra.devstack.ports import free_port
from tests.documents.blocks import ROOT, Block, blocks
from tests.documents.typing import environment, process, typed
from tests.waiting import until

DOCUMENT, HEADING = "workers/README.md", "Your first context"
UP = "annals up\n"


def _pip(folder: Path, site: Path) -> Path:
    """A folder with a `pip` that installs the project of the working folder without an index (installed_project)."""
    (folder / "bin").mkdir()
    pip = folder / "bin/pip"
    pip.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT}/tests/installed_project.py "$PWD" {site}\n', "utf-8")
    pip.chmod(0o755)
    return folder / "bin"


@pytest.mark.timeout(400)
async def test_from_an_empty_folder_to_a_saga_over_two_contexts(tmp_path: Path) -> None:
    site, library, log, port = tmp_path / "site", tmp_path / "library", tmp_path / "block.log", free_port()
    variables = environment(PYTHONPATH=str(site), ANNALS_HOME=str(tmp_path / "home"), ANNALS_HTTP_PORT=str(port))
    variables["PATH"] = f"{_pip(tmp_path, site)}:{variables['PATH']}"
    tutorial = [block for block in blocks(DOCUMENT) if block.heading == HEADING]
    commands = [block for block in tutorial if not block.file]
    begin, test, up, use = commands
    assert " passed" in await typed(begin, variables, log, tmp_path)
    for block in tutorial:
        if block.file:
            (library / block.file).write_text(block.text.partition("\n")[2], "utf-8")
    printed = await typed(test, variables, log, library)
    assert "contracts/schemas/LendBook.v1.json" in printed
    assert " passed" in printed
    assert up.text == UP
    async with process(["sh", "-c", f"exec {UP}"], variables, tmp_path / "up.log", library) as running:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:

            async def ready() -> bool:
                assert running.returncode is None, (tmp_path / "up.log").read_text("utf-8")
                try:
                    return (await client.get("/readyz")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(ready, "the gateway is ready", seconds=180, every=0.5)
            printed = await typed(_at(port, use), variables, log, library)
            assert "BookLent" in printed
            assert "agree" in printed

            async def is_back() -> bool:
                card = (await client.get("/library/books/euclid")).json()
                return bool(card == {"book_id": "euclid", "reader_id": None, "version": 2})

            await until(is_back, "the saga has taken the book back", seconds=30, every=0.2)
        running.terminate()
        async with asyncio.timeout(60):
            await running.wait()


def _at(port: int, block: Block) -> Block:
    return block._replace(text=block.text.replace("127.0.0.1:8080", f"127.0.0.1:{port}"))
