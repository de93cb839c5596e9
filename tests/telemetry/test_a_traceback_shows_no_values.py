"""An error while connecting has passwords in its local variables; no log line may show them."""

import subprocess
import sys

import pytest

FAULT = """
import logging, structlog
from infra.settings import Settings
from infra.telemetry.logs import configure_logs

def connect():
    password = " ".join(["correct", "horse", "battery", "staple"])
    parameters = {{"password": password}}
    raise OSError("refused")

configure_logs(Settings(log_format="{log_format}"))
try:
    connect()
except OSError:
    structlog.get_logger("ours").exception("ours")
    logging.getLogger("a.driver").warning("theirs", exc_info=True)
"""


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_in_lines_of_annals_and_of_libraries(log_format: str) -> None:
    script = FAULT.format(log_format=log_format)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert "refused" in ended.stderr
    assert "ours" in ended.stderr
    assert "theirs" in ended.stderr
    assert "correct horse" not in ended.stderr
