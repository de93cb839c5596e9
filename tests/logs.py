"""The logging of the tests' process, which a command that runs in it sets up for itself."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog


@contextmanager
def logs_stay() -> Iterator[None]:
    """Afterwards lines go where they went before: the stderr of a command within a test is closed with the test."""
    before = structlog.get_config()
    levels = _levels()
    try:
        yield
    finally:
        structlog.configure(**before)
        for name, level in _levels().items():
            if level != (old := levels.get(name, logging.NOTSET)):
                logging.getLogger(name).setLevel(old)


def _levels() -> dict[str, int]:
    loggers = logging.root.manager.loggerDict.items()
    return {name: logger.level for name, logger in loggers if isinstance(logger, logging.Logger)}
