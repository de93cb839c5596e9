"""What the worker processes of a failed test have written last: its report says why one of them was never ready."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests.worker_process import Worker

LINES = 30

_reported: list[Sequence[Worker]] = []


@contextmanager
def reported(workers: Sequence[Worker]) -> Iterator[None]:
    """Within the block the report of a failure shows these processes, and those that are added to them."""
    _reported.append(workers)
    try:
        yield
    finally:
        _reported.remove(workers)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to the report of a failure what the processes of the test have written last."""
    report = yield
    if report.failed:
        report.sections += last_lines()
    return report


def last_lines() -> list[tuple[str, str]]:
    """For each process: its role, pid and end, and the last lines of its log."""
    workers = [worker for several in _reported for worker in several]
    return [(_title(worker), "\n".join(_text(worker).splitlines()[-LINES:])) for worker in workers]


def _text(worker: Worker) -> str:
    return worker.log_file.read_text(errors="replace")  # what raises in a report ends the run


def _title(worker: Worker) -> str:
    code = worker.process.returncode
    state = "runs" if code is None else f"ended with {code}"
    return f"{worker.log_file.stem} (pid {worker.process.pid}, {state})"
