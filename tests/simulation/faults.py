"""The faults of a schedule: what goes wrong when. Data, so that a plan can be printed and shrunk."""

from collections.abc import Sequence
from random import Random
from typing import Literal, NamedTuple

Kind = Literal[
    "kill",  # kill -9; a new process starts some time later
    "pause",  # SIGSTOP, and SIGCONT after so many seconds
    "suspend",  # the same, and its clock stands still
    "stop",  # SIGTERM: it leaves in good order; a new process starts
    "evict",  # the group's coordinator loses a member
    "jump",  # the clock of a process jumps forward
    "database clock",  # the database's clock jumps
    "away",  # a server can't be reached
    "slow",  # a server takes many times as long
    "cut",  # one process can't reach one server
    "faulty",  # requests to a server are lost, late or doubled with this probability
    "half-known",  # the answer to a write is lost
    "empty",  # FLUSHALL
    "lose",  # the read models' store loses some documents or index entries, by itself or by an operator
    "shorten",  # the log loses its last records, which it had acknowledged
    "shorten commands",  # a topic of commands loses its last records, which were handled
]

SLOTS = (
    "command-0",
    "command-1",
    "saga-0",
    "saga-1",
    "projection-0",
    "projection-1",
    "section-0",
    "section-1",
)
PRODUCING = "producing"
SERVERS = ("Postgres", "Kafka", "Redis", PRODUCING)
# The workers that a fault of a server disturbs.
DISTURBED_BY = {"Postgres": SLOTS, "Kafka": SLOTS, "Redis": SLOTS[4:], "producing": (*SLOTS[:2], *SLOTS[:4])}
FOLLOWED_BY: dict[str, tuple[Kind, ...]] = {
    "Postgres": ("kill", "pause", "evict"),
    "Kafka": ("kill", "pause", "evict"),
    "Redis": ("kill", "pause", "empty"),
    "producing": ("kill", "pause", "pause", "pause"),
}
OF_SERVERS = ("away", "slow", "faulty")
FAULTS_BEGIN_SECONDS = 0.5
FAULTS_END_SECONDS = 9.0


class Fault(NamedTuple):
    """One thing that goes wrong.

    `amount` is, by kind, after how many steps or requests it comes, a factor, a probability, seconds or records.
    """

    at: float
    kind: Kind
    target: str
    seconds: float
    amount: float

    def __str__(self) -> str:
        return f"{self.at:7.3f} s  {self.kind:15} {self.target:13} for {self.seconds:.2f} s  amount {self.amount:.3g}"


def drawn_faults(chance: Random, busy: Sequence[float]) -> list[Fault]:
    """The faults of one schedule, in the order of time.

    Many come when there is something to disturb: at a moment in `busy` or a little later. Many faults of a server come
    with a second fault, of a worker.
    """
    faults: list[Fault] = []
    for _ in range(chance.randint(3, 10)):
        at = chance.uniform(FAULTS_BEGIN_SECONDS, FAULTS_END_SECONDS)
        if chance.random() < 0.7:
            at = chance.choice(busy) + chance.expovariate(1 / 0.01)
        kind: Kind = chance.choices(tuple(WEIGHTS), tuple(WEIGHTS.values()))[0]
        fault = _drawn(chance, kind, at, chance.choices(SLOTS, (3, 3, 1, 1, 1, 1, 1, 1))[0])
        faults.append(fault)
        if kind in OF_SERVERS and chance.random() < 0.6:
            second = chance.choice(FOLLOWED_BY[fault.target])
            meanwhile = fault.at + chance.random() * min(fault.seconds, 2.0)
            faults.append(_drawn(chance, second, meanwhile, chance.choice(DISTURBED_BY[fault.target])))
    return sorted(faults)


def drawn_losses(chance: Random, busy: Sequence[float]) -> list[Fault]:
    """What the read models' store loses beside everything else; in most schedules nothing.

    `amount` is how many documents, negative: by the server's own doing, which it counts.
    """
    if chance.random() > 0.2:
        return []
    return [
        Fault(
            round(chance.choice(busy) + chance.expovariate(1.0), 4),
            "lose",
            chance.choice(("document", "index", "both")),
            0.0,
            chance.choice((1, 3, 1000, -1, -3)),
        )
        for _ in range(chance.randint(1, 2))
    ]


def drawn_shortenings(chance: Random, busy: Sequence[float]) -> list[Fault]:
    """What the topics of commands lose; in most schedules nothing."""
    if chance.random() > 0.2:
        return []
    return [
        Fault(
            round(chance.choice(busy) + chance.expovariate(2.0), 4),
            "shorten commands",
            str(chance.randint(0, 1)),
            0.0,
            chance.randint(1, 4),
        )
        for _ in range(chance.randint(1, 3))
    ]


def _drawn(chance: Random, kind: Kind, at: float, slot: str) -> Fault:
    at = round(at, 4)
    match kind:
        case "kill" | "pause" | "suspend" | "stop" | "evict" | "jump":
            return _drawn_of_worker(chance, kind, at, slot)
        case "away" | "slow" | "faulty" | "half-known":
            return _drawn_of_server(chance, kind, at)
        case "cut":
            return Fault(at, kind, f"{slot}/{chance.choice(SERVERS[:3])}", chance.uniform(0.5, 8.0), 0)
        case "database clock":
            return Fault(at, kind, "Postgres", 0.0, chance.choice((3600.0, -3600.0, 30.0)))
        case "empty":
            return Fault(at, kind, "Redis", 0.0, chance.randint(0, 12))
        case _:
            return Fault(at, kind, str(chance.randint(0, 1)), 0.0, chance.randint(1, 6))


def _drawn_of_server(chance: Random, kind: Kind, at: float) -> Fault:
    server = chance.choice(SERVERS)
    match kind:
        case "away":
            return Fault(at, kind, server, chance.uniform(0.2, 5.0), 0)
        case "slow":
            server = chance.choice((*SERVERS, PRODUCING))
            factor = chance.choice((200.0, 1500.0) if server == PRODUCING else (20.0, 200.0, 1500.0))
            return Fault(at, kind, server, chance.uniform(1.0, 6.0), factor)
        case "faulty":
            return Fault(at, kind, server, chance.uniform(2.0, 8.0), chance.choice((0.05, 0.2, 0.5)))
        case _:
            server = chance.choice(("Postgres", "Redis", PRODUCING, PRODUCING))
            return Fault(at, kind, server, 0.0, chance.randint(0, 3))


def _drawn_of_worker(chance: Random, kind: Kind, at: float, slot: str) -> Fault:
    short_or_long = chance.uniform(0.2, 2.5) if chance.random() < 0.3 else chance.uniform(4.5, 9.0)
    match kind:
        case "kill":
            return Fault(at, kind, slot, chance.uniform(0.1, 3.0), chance.randint(0, 40))
        case "pause" | "suspend":
            return Fault(at, kind, slot, short_or_long, chance.randint(0, 40))
        case "stop":
            return Fault(at, kind, slot, chance.uniform(0.1, 1.0), 0)
        case "jump":
            return Fault(at, kind, slot, 0.0, 3600.0)
        case _:
            return Fault(at, kind, slot, 0.0, 0)


WEIGHTS: dict[Kind, float] = {
    "kill": 20,
    "pause": 18,
    "suspend": 5,
    "stop": 6,
    "evict": 6,
    "jump": 2,
    "database clock": 2,
    "away": 8,
    "slow": 9,
    "cut": 6,
    "faulty": 20,
    "half-known": 16,
    "empty": 5,
    "shorten": 1.5,
}


def listed(faults: Sequence[Fault]) -> str:
    """The faults as text, one a line."""
    return "\n".join(f"  {fault}" for fault in faults) or "  none"
