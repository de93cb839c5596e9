"""The report of a failed test shows what the processes of the test have written last, and how they ended."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests import worker_logs

FAILING = """
import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.worker_logs import reported
from tests.worker_process import Worker


@pytest_asyncio.fixture
async def worker(tmp_path: Path) -> AsyncIterator[Worker]:
    log = tmp_path / "command-0.log"
    with log.open("wb") as output:
        program = "print('of the worker'); raise SystemExit(3)"
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=output)
    workers = [Worker("command", process, log)]
    with reported(workers):
        yield workers[0]


async def test_that_fails(worker: Worker) -> None:
    await worker.process.wait()
    raise AssertionError("of the test")
"""


async def test_shows_what_its_workers_wrote(tmp_path: Path) -> None:
    (tmp_path / "test_failing.py").write_text(FAILING)
    root = Path(__file__).parents[2]
    options = ("-p", "tests.worker_logs", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", *options, "test_failing.py"),
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root)},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    report = output.decode()
    assert "AssertionError: of the test" in report
    assert "command-0" in report
    assert "ended with 3" in report
    assert "\nof the worker\n" in report


def test_is_so_in_every_run(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.is_registered(worker_logs)
