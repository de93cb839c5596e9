"""A command that runs within a test leaves the logs of the next test alone."""

import io
import logging

import pytest
import structlog

from infra.telemetry.logs import command_line_logs
from tests.logs import logs_stay


def test_leaves_no_closed_stderr_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = io.StringIO()
    driver = logging.getLogger("aiokafka")
    before = driver.level
    with logs_stay():
        monkeypatch.setattr("sys.stderr", errors)
        command_line_logs()
        errors.close()
        with pytest.raises(ValueError, match="closed"):
            structlog.get_logger().warning("the command's own line")
        assert driver.level == logging.CRITICAL
    structlog.get_logger().warning("a line of the next test")
    assert driver.level == before


def test_is_cleared_up_after_in_every_test(request: pytest.FixtureRequest) -> None:
    assert "logs" in request.fixturenames
