"""The processes that `annals up` runs besides the servers. A new process is one more line in the table.

setup     run once, side by side; each must end well             (database schema, topics)
workers   run until `up` stops, restarted when they end          (command, projection, saga, analytics, gateway)
follower  like a worker, but started last: it prints the events
"""

from dataclasses import dataclass
from importlib.util import find_spec

from infra.child_processes.command import annals

GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class FleetProcess:
    """A child process. `purpose` is its description in the table on the screen."""

    name: str
    purpose: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fleet:
    """All processes of a running system except the servers."""

    setup: tuple[FleetProcess, ...]
    workers: tuple[FleetProcess, ...]
    follower: FleetProcess


# Without the extra `analytics` the worker could only say again and again what it lacks.
_ANALYTICS = (
    (FleetProcess("analytics", "events in, windows of time out", annals("worker", "analytics")),)
    if find_spec("faust")
    else ()
)

FLEET = Fleet(
    setup=(
        FleetProcess("migrate", "brings the database schema up to date", annals("migrate")),
        FleetProcess("topics", "makes the Kafka topics", annals("topics", "create")),
    ),
    workers=(
        FleetProcess("command", "commands in, events out", annals("worker", "command")),
        FleetProcess("projection", "events in, read models out", annals("worker", "projection")),
        FleetProcess("saga", "events in, follow-up commands out", annals("worker", "saga")),
        *_ANALYTICS,
        FleetProcess("audit", "verifies everything, slowly and repeatedly", annals("worker", "audit")),
        FleetProcess(GATEWAY, "HTTP in, commands and queries", annals("gateway")),
    ),
    follower=FleetProcess("events", "prints each event as it is published", annals("events", "tail", "--follow")),
)
