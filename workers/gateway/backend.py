"""What the routes use: commands, queries, the past, passwords, the rules, windows, and the state of the servers."""

from dataclasses import dataclass, field

from workers.analytics.published import WindowSource
from workers.gateway.archive import Archive
from workers.gateway.command_dispatcher import CommandDispatcher
from workers.gateway.guard import Guard
from workers.gateway.queries import Queries
from workers.gateway.servers import Servers
from workers.ports.passwords import Passwords


@dataclass(frozen=True, slots=True)
class Backend:
    """The backend of the gateway; there is one in a process."""

    dispatcher: CommandDispatcher
    queries: Queries
    passwords: Passwords
    archive: Archive
    guard: Guard
    windows: WindowSource
    servers: Servers = field(init=False)

    def __post_init__(self) -> None:
        checks = {
            "kafka": self.dispatcher.check_commands,
            "postgres": self.dispatcher.check_outcomes,
            "redis": self.queries.check,
        }
        object.__setattr__(self, "servers", Servers(checks))
