"""What the routes speak to."""

from dataclasses import dataclass, field

from workers.gateway.archive import Archive
from workers.gateway.asking import Asking
from workers.gateway.queries import Queries
from workers.gateway.servers import Servers
from workers.ports.passwords import Passwords


@dataclass(frozen=True, slots=True)
class Backend:
    """One for the process."""

    asking: Asking
    queries: Queries
    passwords: Passwords
    archive: Archive
    servers: Servers = field(init=False)

    def __post_init__(self) -> None:
        checks = {
            "kafka": self.asking.check_commands,
            "postgres": self.asking.check_outcomes,
            "redis": self.queries.check,
        }
        object.__setattr__(self, "servers", Servers(checks))
