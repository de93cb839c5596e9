"""uvloop reports a TLS connection that we have closed ourselves as a fatal error: that is no line of a log."""

import logging

import pytest

from infra.telemetry.logs import is_no_closed_tls

FATAL = "Fatal error on SSL protocol\nprotocol: <uvloop.loop.SSLProtocol>"
CLOSED = "unable to perform operation on <TCPTransport closed=True>; the handler is closed"


@pytest.mark.parametrize(
    ("text", "error", "is_logged"),
    [
        (FATAL, RuntimeError(CLOSED), False),
        (FATAL, RuntimeError("another"), True),
        (FATAL, OSError(CLOSED), True),
        ("Task exception was never retrieved", RuntimeError(CLOSED), True),
    ],
    ids=["closed by us", "another reason", "another kind", "elsewhere"],
)
def test_is_logged_if_it_is_another_error(text: str, error: Exception, is_logged: bool) -> None:
    raised = (type(error), error, None)
    record = logging.getLogger("asyncio").makeRecord("asyncio", logging.ERROR, __file__, 1, text, (), raised)
    assert is_no_closed_tls(record) == is_logged
