"""The libraries of tokens take 12 MB of a process. Only one that checks or fetches tokens loads them."""

import subprocess
import sys

import pytest

PROCESSES = ("worker", "command", "projection", "saga", "analytics", "audit", "gateway")
TOKEN_LIBRARIES = ("httpx", "jwt")


def loaded_by(module: str) -> list[str]:
    """Which of the libraries a process has loaded once it has imported this module."""
    code = f"import sys, {module}; print(*[name for name in {TOKEN_LIBRARIES} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=60)
    return run.stdout.split()


@pytest.mark.parametrize("role", PROCESSES)
def test_no_process_does_by_itself(role: str) -> None:
    assert loaded_by(f"infra.processes.{role}") == []


def test_nor_does_the_command_line() -> None:
    assert loaded_by("infra.cli.main") == []


def test_the_control_who_checks_and_who_fetches_tokens_does() -> None:
    assert loaded_by("infra.processes.identity") == ["httpx", "jwt"]
    assert loaded_by("infra.kafka.oauth") == ["httpx"]
