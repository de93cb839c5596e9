"""Logs through structlog: readable lines on a console, JSON lines for machines. The libraries' logs use it too.

Whatever is in a line, no control character of it reaches a terminal, and a line is one line but for a traceback.
"""

import logging
import sys

import structlog

from infra.control_characters import in_lines, in_one_line
from infra.settings import Settings

# Written in several lines, which are ours; the text of an exception in it may not be.
IN_LINES = ("exception", "stack")

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure_logs(settings: Settings, **facts: str) -> None:
    """Set up logging for this process; `facts` are in every line."""
    level = LEVELS[settings.log_level]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Not the rich tracebacks that structlog prefers: they show local variables, and with them passwords.
        structlog.processors.format_exc_info,
        without_control_characters,
    ]
    renderer = structlog.processors.JSONRenderer() if settings.log_format == "json" else _console()
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(**facts)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
    if level > logging.DEBUG:
        _quiet_drivers()
        logging.getLogger("asyncio").addFilter(is_no_closed_tls)


def is_no_closed_tls(record: logging.LogRecord) -> bool:
    """Whether a line is not uvloop's about a TLS connection that we have closed while an answer was still to be sent:
    it is gone already, and the traceback says nothing else.
    """
    error = record.exc_info[1] if record.exc_info else None
    is_closed = isinstance(error, RuntimeError) and str(error).endswith("the handler is closed")
    return not (is_closed and record.getMessage().startswith("Fatal error on SSL protocol"))


def without_control_characters(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The line with each text made harmless. Other values are rendered by `repr` or as JSON, which escape by
    themselves.
    """
    for name, value in line.items():
        if isinstance(value, str):
            line[name] = in_lines(value) if name in IN_LINES else in_one_line(value)
    return line


def _console() -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)


def command_line_logs() -> None:
    """For a command that prints its answer on stdout: warnings on stderr, the drivers quiet."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_control_characters,
            _console(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    quiet_for_a_command()


def quiet_for_a_command() -> None:
    """Silence drivers and client for a command that reports itself, in one sentence, that a server is away."""
    _quiet_drivers()
    logging.getLogger("contracts.client").setLevel(logging.ERROR)


def _quiet_drivers() -> None:
    """Silence the drivers' messages about each attempt to reach a server that is away: our own lines report it."""
    # Faust's services log under the name of the module that has their class, also of ours.
    for name in ("aiokafka", "asyncpg", "faust", "mode", "infra.faust"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
