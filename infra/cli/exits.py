"""The exit codes: 0 done, 1 refused or a check failed, 2 wrong usage, 3 a server cannot be reached, 4 done, but the
answer could not be written (output.py).

The one place where exceptions become exit codes. Those listed here print one clear sentence on stderr, without a
traceback; any other exception is a bug of ours and prints one. Typer itself ends wrong usage with 2.
"""

import errno
import sys
from dataclasses import dataclass

DONE = 0
REFUSED = 1
WRONG_USAGE = 2
UNREACHABLE = 3
UNWRITTEN = 4


class CommandRefused(Exception):
    """A command finished, and its answer is no, or what it checked is wrong. The text says what and why."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Exceptions of this class (named, so that no driver is imported to look) end the command with this code."""

    module: str
    name: str
    code: int
    introduction: str = ""


# The first match wins: a subclass stands before its base class.
ENDINGS = (
    Ending("infra.cli.exits", "CommandRefused", REFUSED),
    Ending("infra.devstack.errors", "HomeInUse", REFUSED),
    Ending("infra.git.published", "HistoryRefused", REFUSED),
    Ending("contracts.compatibility.files", "UnreadableSchema", REFUSED),
    Ending("contracts.installed", "BrokenContext", REFUSED),
    Ending("workers.contexts", "NoSuchContext", WRONG_USAGE),
    Ending("workers.contexts", "ContextMissing", REFUSED),
    Ending("workers.contexts", "NamedTwice", REFUSED),
    Ending("workers.gateway.routes", "RoutesMissing", REFUSED),
    Ending("infra.processes.gateway_port", "PortTaken", REFUSED),
    Ending("infra.processes.gateway_processes", "NoTemporaryFolder", REFUSED),
    Ending("infra.telemetry.endpoint", "EndpointRefused", REFUSED),
    Ending("infra.network_exposure", "EndpointOpenToTheNetwork", WRONG_USAGE),
    Ending("infra.postgres.schema_errors", "RightMissing", REFUSED),
    Ending("infra.postgres.schema_errors", "MigrationChanged", REFUSED),
    Ending("infra.postgres.schema_errors", "DatabaseTooOld", REFUSED),
    Ending("infra.postgres.schema_errors", "DatabaseAhead", REFUSED),
    Ending("infra.postgres.schema_errors", "MigrationFailed", REFUSED),
    Ending("infra.kafka.topics", "PartitionsDiffer", REFUSED),
    Ending("workers.operations.topic_recreation", "TopicFits", REFUSED),
    Ending("workers.operations.window_rebuild", "AnalyticsWorkersRun", REFUSED),
    Ending("infra.postgres.installation", "LayoutDiffers", REFUSED),
    Ending("workers.ports.log", "TopicMisfit", REFUSED),
    Ending("workers.history.reading", "NoSuchPast", REFUSED),
    Ending("workers.operations.dead_letters.reading", "NoSuchLetter", REFUSED),
    Ending("workers.operations.lane_interruptions", "NotInterrupted", REFUSED),
    Ending("workers.operations.undo", "UndoRejected", REFUSED),
    Ending("workers.operations.api_keys", "ApiKeyRefused", REFUSED),
    Ending("workers.operations.undo", "WrittenByNewerRelease", REFUSED),
    Ending("infra.measuring.bench.checkout", "SetupFailed", REFUSED),
    Ending("infra.measuring.bench.progress", "Stalled", REFUSED),
    Ending("infra.measuring.bench.drained", "TooLittleWork", REFUSED),
    Ending("infra.measuring.bench.processor_time", "ProcessEnded", REFUSED),
    Ending("infra.measuring.bench.reads.closed_loop", "WrongAnswer", REFUSED),
    Ending("infra.devstack.errors", "DevstackError", UNREACHABLE),
    Ending("infra.locating", "StackNotRunning", UNREACHABLE),
    Ending("infra.processes.gateway_port", "GatewayCannotListen", UNREACHABLE),
    Ending("infra.measuring.demo.session", "NobodyAnswers", UNREACHABLE),
    Ending("workers.ports.lanes", "Unavailable", UNREACHABLE),
    Ending("contracts.client.errors", "KafkaUnavailable", UNREACHABLE),
    Ending("aiokafka.errors", "TopicAuthorizationFailedError", REFUSED, "Kafka refused"),
    Ending("aiokafka.errors", "KafkaError", UNREACHABLE, "Kafka cannot be reached"),
    Ending("asyncpg.exceptions", "PostgresConnectionError", UNREACHABLE, "PostgreSQL cannot be reached"),
    Ending(
        "asyncpg.exceptions", "InvalidAuthorizationSpecificationError", UNREACHABLE, "PostgreSQL rejects the connection"
    ),
    Ending("asyncpg.exceptions", "CannotConnectNowError", UNREACHABLE, "PostgreSQL cannot be reached"),
    Ending("asyncpg.exceptions", "TooManyConnectionsError", UNREACHABLE, "PostgreSQL cannot be reached"),
    Ending("asyncpg.exceptions", "InvalidCatalogNameError", UNREACHABLE, "PostgreSQL cannot be reached"),
    Ending("asyncpg.exceptions", "InterfaceError", UNREACHABLE, "PostgreSQL cannot be reached"),
    Ending("redis.exceptions", "ConnectionError", UNREACHABLE, "Redis cannot be reached"),
    Ending("redis.exceptions", "TimeoutError", UNREACHABLE, "Redis cannot be reached"),
    Ending("builtins", "ConnectionError", UNREACHABLE, "A server cannot be reached"),
    Ending("builtins", "TimeoutError", UNREACHABLE, "A server did not answer in time"),
    Ending("socket", "gaierror", UNREACHABLE, "A server's name cannot be resolved"),
)


# Errors of the machine: missing permissions or no space.
FOLDERS = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EEXIST, errno.EISDIR}
    | {errno.ENAMETOOLONG, errno.ELOOP, errno.EMFILE, errno.ENFILE}
)


def explain(error: BaseException) -> int | None:
    """Prints on stderr why the command ends and returns its exit code; None for an exception that is not listed.

    An error that passes on the exit code of another command has it as `exit_code`.
    """
    if _is_settings_error(error):
        print(_settings_sentence(error), file=sys.stderr)
        return WRONG_USAGE
    for ending in ENDINGS:
        # A module that is not loaded cannot have raised anything.
        kind = getattr(sys.modules.get(ending.module), ending.name, None)
        if isinstance(kind, type) and isinstance(error, kind):
            print(_sentence(ending, error), file=sys.stderr)
            return int(getattr(error, "exit_code", ending.code))
    if isinstance(error, OSError) and error.errno in FOLDERS:
        print(_folder_sentence(error), file=sys.stderr)
        return REFUSED
    return None


def _sentence(ending: Ending, error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return f"{ending.introduction}: {text}" if ending.introduction else text


def _folder_sentence(error: OSError) -> str:
    # The path with escapes for the characters that an output may reject.
    where = "" if error.filename is None else f"{str(error.filename)!a}: "
    return (
        f"{where}{error.strerror}. See that ANNALS_HOME (default: .annals) is a folder that you may write to, on a "
        "disk that has room."
    )


def _is_settings_error(error: BaseException) -> bool:
    validation = getattr(sys.modules.get("pydantic"), "ValidationError", None)
    return isinstance(validation, type) and isinstance(error, validation) and getattr(error, "title", "") == "Settings"


def _settings_sentence(error: BaseException) -> str:
    """Names each wrong variable and what is wrong with it; never its value, which may be a secret."""
    wrong = [
        f"ANNALS_{'.'.join(map(str, problem['loc'])).upper()}: {problem['msg']}" if problem["loc"] else problem["msg"]
        for problem in error.errors(include_input=False, include_url=False)  # type: ignore[attr-defined]
    ]
    return "The settings are not usable. " + "; ".join(wrong)
