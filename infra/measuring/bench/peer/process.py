"""The peer at work, a process of its own: `python -m infra.measuring.bench.peer.process COUNT AGGREGATES_A_SAVE`.

A create is one aggregate with one event, as with Annals. The database is in the variables POSTGRES_…. It prints `begin`
once it is warm, how much it has done every second, and `end` when it is done. Then it waits to be ended: what it has
used can be read only as long as it is there.
"""

import signal
import sys
import time
import uuid

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

WARM_UP_SAVES = 10
REPORT_SECONDS = 1.0


class User(Aggregate):
    """A user who has signed up."""

    @event("SignedUp")
    def __init__(self, first_name: str, last_name: str, email: str, city: str) -> None:
        self.first_name = first_name
        self.last_name = last_name
        self.email = email
        self.city = city


class Users(Application[uuid.UUID]):
    """Keeps them with the recorder of the environment."""


def create(users: Users, count: int, aggregates_a_save: int) -> None:
    """Create so many users, and print every second how many there are."""
    reported = time.monotonic()
    for first in range(0, count, aggregates_a_save):
        numbers = range(first, min(first + aggregates_a_save, count))
        users.save(*(User("Ada", "Lovelace", f"{uuid.uuid4()}@example.org", "London") for _ in numbers))
        if time.monotonic() > reported + REPORT_SECONDS:
            reported = time.monotonic()
            print(numbers.stop, flush=True)


def main(count: int, aggregates_a_save: int) -> None:
    with Users() as users:
        create(users, WARM_UP_SAVES * aggregates_a_save, aggregates_a_save)
        print("begin", flush=True)
        create(users, count, aggregates_a_save)
        print("end", flush=True)
        signal.pause()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
