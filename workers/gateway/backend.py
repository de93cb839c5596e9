"""What the routes speak to."""

from dataclasses import dataclass

from workers.gateway.archive import Archive
from workers.gateway.asking import Asking
from workers.gateway.queries import Queries
from workers.ports.passwords import Passwords


@dataclass(frozen=True, slots=True)
class Backend:
    """One for the process."""

    asking: Asking
    queries: Queries
    passwords: Passwords
    archive: Archive
