"""The network between processes and servers: every request needs time, and fails in the ways that TCP allows.

A server carries out a request that has arrived, even if its caller is dead. A caller that gets no answer in time gets
`Unavailable`, and cannot know whether the request was carried out or still will be.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple, TypeVar

from tests.simulation.commands import TOPICS
from tests.simulation.faults import PRODUCING
from tests.simulation.loop import SimulatedLoop
from tests.simulation.process import Process
from tests.simulation.publish_ledger import PublishLedger
from workers.ports.lanes import Unavailable

T = TypeVar("T")

# As in the real adapters: statement timeout, delivery timeout, socket timeout.
DEADLINES_SECONDS = {"Postgres": 10.0, "Kafka": 15.0, "Redis": 5.0}
SERVED = "served"
MOST_LATE_SECONDS = 12.0
# How often a broken connection is noticed at once, and not only at the deadline.
NOTICED_AT_ONCE = 0.7


class Sent(NamedTuple):
    """A request under way. `produces`: it writes records to Kafka."""

    process: Process
    server: str
    operation: Callable[[], Any]
    answer: asyncio.Future[Any]
    deadline: float
    produces: bool


@dataclass
class NetworkConditions:
    """What is wrong now. `faulty`: the probability that a request to a server fails; `slow`: by which factor it is
    slower. `PRODUCING` stands for the requests to Kafka that write records.
    """

    faulty: dict[str, float] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    cut: set[tuple[str, str]] = field(default_factory=set)

    def hides(self, sent: Sent) -> bool:
        """Whether the server cannot be reached."""
        return sent.server in self.away or (sent.produces and PRODUCING in self.away)

    def risk(self, sent: Sent) -> float:
        """The probability that the request fails."""
        return max(self.faulty.get(sent.server, 0.0), self.faulty.get(PRODUCING, 0.0) if sent.produces else 0.0)

    def slowness(self, sent: Sent) -> float:
        """The factor by which the request is slower."""
        return max(self.slow.get(sent.server, 1.0), self.slow.get(PRODUCING, 1.0) if sent.produces else 1.0)


class Network:
    """Carries requests and answers."""

    def __init__(self, loop: SimulatedLoop, chance: Random, note: Callable[..., None], *, traced: bool) -> None:
        self.conditions = NetworkConditions()
        self.counts: Counter[str] = Counter()
        self.still_to_come = 0
        self.ledger = PublishLedger()
        self._interruptions: dict[str, tuple[int, Callable[[], None]]] = {}
        self._answers_to_lose: dict[str, int] = {}
        self._loop = loop
        self._chance = chance
        self._note = note
        self._traced = traced

    def interrupt(self, server: str, after_requests: int, action: Callable[[], None]) -> None:
        """Call `action` between two of the next requests that a server carries out."""
        self._interruptions[server] = (after_requests, action)

    def lose_answer(self, server: str, after_writes: int) -> None:
        """Lose the answer to one of the next writes to a server; it is carried out, at once or late."""
        self._answers_to_lose[server] = after_writes

    def send(self, sent: Sent) -> None:
        """Send a request on its way."""
        conditions, draw = self.conditions, self._chance.random
        if sent.produces:
            self.ledger.sent(self._loop.now, sent.process, sent.operation)
        if conditions.hides(sent) or (sent.process.name, sent.server) in conditions.cut:
            self._lose(sent, "not reached")
        elif self._answers_to_lose and self._loses_answer(sent):
            # The answer is lost; or it is carried out late.
            self._let_fail(sent, 0.3 + draw() * 0.5 if not sent.produces else 0.5 + draw() * 0.3)
        elif draw() >= conditions.risk(sent):
            self._loop.outside_at(self._arrival(sent), self._serve, sent, True)
        else:
            self._let_fail(sent, draw())

    def _loses_answer(self, sent: Sent) -> bool:
        server = PRODUCING if sent.produces else sent.server
        left = self._answers_to_lose.get(server)
        if left is None or not _matters(sent):
            return False
        if left > 0 or (left == 0 and sent.produces):
            # A producer tries once more by itself: that answer is lost as well.
            self._answers_to_lose[server] = left - 1
        else:
            del self._answers_to_lose[server]
        return left <= 0

    def _let_fail(self, sent: Sent, fate: float) -> None:
        draw = self._chance.random
        if fate < 0.3:
            self._lose(sent, "request lost")
        elif fate < 0.6:
            self._count(sent, "answer lost")
            self._loop.outside_at(self._arrival(sent), self._serve, sent, False)
        elif fate < 0.8:
            # It waits in a buffer somewhere, and is carried out soon or much later, after its caller has given up.
            self._count(sent, "carried out late")
            self._carry_out_again_or_late(sent, self._loop.now + draw() ** 3 * MOST_LATE_SECONDS)
            self._fail(sent)
        elif sent.produces:
            self._count(sent, "delivered twice")
            self._carry_out_again_or_late(sent, self._loop.now + draw() * 3)
            self._loop.outside_at(self._arrival(sent), self._serve, sent, True)
        else:
            self._count(sent, "delayed")
            self._loop.outside_at(self._loop.now + draw() * sent.deadline * 0.9, self._serve, sent, True)

    def _carry_out_again_or_late(self, sent: Sent, when: float) -> None:
        def serve() -> None:
            self.still_to_come -= 1
            self._serve(sent, False, caller_gave_up=True)

        self.still_to_come += 1
        self._loop.outside_at(when, serve)

    def _arrival(self, sent: Sent) -> float:
        seconds = 0.0003 + 0.002 * self._chance.random()
        return self._loop.now + min(seconds * self.conditions.slowness(sent), sent.deadline * 0.4)

    def _serve(self, sent: Sent, answered: bool, caller_gave_up: bool = False) -> None:
        """Carry a request out, unless the server cannot be reached, and send the answer back."""
        if self.conditions.hides(sent):
            if not caller_gave_up:
                self._lose(sent, "not reached")
            return
        if sent.server in self._interruptions:
            self._count_down(sent.server)
        try:
            result, error = sent.operation(), None
        except Exception as raised:  # noqa: BLE001  # it is for the caller
            result, error = None, raised
        if self._traced:
            self._note(
                SERVED, sent.process.name, sent.server, named(sent.operation), "" if error is None else repr(error)
            )
        if sent.server == "Postgres":
            self.ledger.served(self._loop.now, sent.process, sent.operation, result if error is None else error)
        if caller_gave_up:
            return
        if answered:
            self._loop.outside_at(self._arrival(sent), self._answer, sent, result, error)
        else:
            self._fail(sent)

    def _count_down(self, server: str) -> None:
        left, action = self._interruptions.pop(server)
        if left > 0:
            self._interruptions[server] = (left - 1, action)
        else:
            action()

    def _answer(self, sent: Sent, result: Any, error: Exception | None) -> None:
        if self.conditions.hides(sent):
            self._count(sent, "answer lost")
            self._fail(sent)
        elif sent.answer.done():
            return
        elif error is None:
            if sent.server == "Postgres":
                self.ledger.answered(sent.process, result, sent.operation)
            sent.answer.set_result(result)
        else:
            sent.answer.set_exception(error)

    def _lose(self, sent: Sent, change: str) -> None:
        self._count(sent, change)
        self._fail(sent)

    def _fail(self, sent: Sent) -> None:
        """Fail the request: soon, if the broken connection is noticed, or at the deadline."""
        draw = self._chance.random
        wait = 0.001 + draw() * 0.1 if draw() < NOTICED_AT_ONCE else sent.deadline
        self._loop.outside_at(self._loop.now + wait, _refuse, sent)

    def _count(self, sent: Sent, change: str) -> None:
        self.counts[change] += 1
        name = named(sent.operation)
        if change in ("answer lost", "carried out late") and sent.server != "Kafka" and "commit" in name:
            self.counts["half-known commit"] += 1
        self._note(change, sent.process.name, sent.server, name)


def _matters(sent: Sent) -> bool:
    """Whether it writes what must not be lost: a batch, events, commands. Replies may be lost."""
    if sent.produces:
        return TOPICS.replies not in getattr(sent.operation, "args", ())
    return "commit" in named(sent.operation)


def _refuse(sent: Sent) -> None:
    if not sent.answer.done():
        sent.answer.set_exception(Unavailable(sent.server, "no answer"))


def named(operation: Callable[[], Any]) -> str:
    """The name of an operation: that of the server's method."""
    function = getattr(operation, "func", operation)
    name: str = getattr(function, "__qualname__", type(operation).__qualname__)
    return name.replace(".<locals>", "").replace(".<lambda>", "")


class SimulatedWire:
    """A process's connection to the servers. `produces`: for records to Kafka, whose requests may arrive twice."""

    def __init__(self, network: Network, loop: SimulatedLoop, process: Process, *, produces: bool = False) -> None:
        self._network = network
        self._loop = loop
        self._process = process
        self._produces = produces

    async def call(self, server: str, operation: Callable[[], T]) -> T:
        """The operation's result or exception. Raises Unavailable."""
        answer = self._loop.create_future()
        deadline = DEADLINES_SECONDS[server]
        self._network.send(Sent(self._process, server, operation, answer, deadline, self._produces))
        result: T = await answer
        return result
