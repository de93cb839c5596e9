"""Which fault comes next, and the quiet time before it: drawn from a seed, so that a run can be repeated.

Kinds are drawn like cards: each comes once before any comes again. A seed repeats the order of the faults, the quiet
times and the victims; it cannot repeat the timing of the machine.
"""

import random
from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import NamedTuple

SHORTEST_OUTAGE_SECONDS = 0.5
LONGEST_OUTAGE_SECONDS = 5.0
LONGEST_PAUSE_PAST_SESSION_SECONDS = 4.0


class Kind(StrEnum):
    """Every kind of fault, by its name in the report."""

    KILL_COMMAND = "kill -9: command worker"
    KILL_SAGA = "kill -9: saga worker"
    KILL_PROJECTION = "kill -9: projection worker"
    ROLLING_RESTART = "SIGTERM: one after another"
    PAUSE_COMMAND = "pause: command worker"
    PAUSE_SAGA = "pause: saga worker"
    PAUSE_PROJECTION = "pause: projection worker"
    KAFKA = "kill -9: Kafka"
    POSTGRES = "kill -9: Postgres"
    REDIS = "kill -9: Redis"
    FLUSH = "Redis emptied (FLUSHALL)"
    BACKENDS = "Postgres backends ended"


FAMILIES: dict[str, tuple[Kind, ...]] = {
    "kafka": (Kind.KAFKA,),
    "postgres": (Kind.POSTGRES,),
    "redis": (Kind.REDIS,),
    "workers": (Kind.KILL_COMMAND, Kind.KILL_SAGA, Kind.KILL_PROJECTION, Kind.ROLLING_RESTART),
    "pause": (Kind.PAUSE_COMMAND, Kind.PAUSE_SAGA, Kind.PAUSE_PROJECTION),
    "flush": (Kind.FLUSH,),
    "backends": (Kind.BACKENDS,),
}
"""The names that `--faults` accepts."""


class Fault(NamedTuple):
    """A planned fault.

    `quiet_seconds` pass before it. `lasts_seconds` is how long a server stays away, or how far a pause exceeds the
    session timeout. `victim` is between 0 and 1 and picks one of the workers, whatever their number.
    """

    kind: Kind
    quiet_seconds: float
    lasts_seconds: float
    victim: float


def kinds_of(families: Collection[str]) -> tuple[Kind, ...]:
    """The kinds of these families. Raises KeyError for an unknown family."""
    return tuple(kind for family in families for kind in FAMILIES[family])


def fault_plan(kinds: Collection[Kind], quiet_seconds: float, seed: int) -> Iterator[Fault]:
    """An endless sequence of faults, empty without kinds; `quiet_seconds` is the mean of the times between them."""
    chance = random.Random(seed)  # noqa: S311 - a seed must repeat the plan
    while kinds:
        cards = sorted(kinds)
        chance.shuffle(cards)
        for kind in cards:
            longest = LONGEST_PAUSE_PAST_SESSION_SECONDS if kind in FAMILIES["pause"] else LONGEST_OUTAGE_SECONDS
            yield Fault(
                kind,
                chance.uniform(0.5, 1.5) * quiet_seconds,
                chance.uniform(SHORTEST_OUTAGE_SECONDS, longest),
                chance.random(),
            )
