"""The network between processes and servers: everything takes time, and what TCP allows to go wrong goes wrong.

A request that has arrived is carried out by the server whether or not the one who asked is still there. A caller who
hears nothing in time is told `Unavailable`, and cannot know whether his request was carried out, or still will be.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple, TypeVar

from tests.simulation.commands import TOPICS
from tests.simulation.faults import PRODUCING
from tests.simulation.ledger import Ledger
from tests.simulation.loop import SimulatedLoop
from tests.simulation.process import Process
from workers.ports.lanes import Unavailable

T = TypeVar("T")

# As in the real adapters: statement timeout, delivery timeout, socket timeout.
DEADLINES_SECONDS = {"Postgres": 10.0, "Kafka": 15.0, "Redis": 5.0}
SERVED = "served"
MOST_LATE_SECONDS = 12.0
# A connection that breaks is noticed at once more often than by waiting.
NOTICED_AT_ONCE = 0.7


class Sent(NamedTuple):
    """A request on its way. `produces`: it writes records to Kafka."""

    process: Process
    server: str
    operation: Callable[[], Any]
    answer: asyncio.Future[Any]
    deadline: float
    produces: bool


@dataclass
class Weather:
    """What is wrong now. `faulty`: the probability for each request to a server; `slow`: how many times as long.

    What is wrong with `PRODUCING` is wrong with records on their way to Kafka, and with nothing else there.
    """

    faulty: dict[str, float] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    cut: set[tuple[str, str]] = field(default_factory=set)

    def hides(self, sent: Sent) -> bool:
        """Whether the server cannot be reached."""
        return sent.server in self.away or (sent.produces and PRODUCING in self.away)

    def risk(self, sent: Sent) -> float:
        """The probability that something happens to the request."""
        return max(self.faulty.get(sent.server, 0.0), self.faulty.get(PRODUCING, 0.0) if sent.produces else 0.0)

    def slowness(self, sent: Sent) -> float:
        """How many times as long it takes."""
        return max(self.slow.get(sent.server, 1.0), self.slow.get(PRODUCING, 1.0) if sent.produces else 1.0)


class Network:
    """Carries requests and answers."""

    def __init__(self, loop: SimulatedLoop, chance: Random, note: Callable[..., None], *, traced: bool) -> None:
        self.weather = Weather()
        self.counts: Counter[str] = Counter()
        self.still_to_come = 0
        self.ledger = Ledger()
        self._fuses: dict[str, tuple[int, Callable[[], None]]] = {}
        self._unheard: dict[str, int] = {}
        self._loop = loop
        self._chance = chance
        self._note = note
        self._traced = traced

    def strike(self, server: str, after_requests: int, action: Callable[[], None]) -> None:
        """Do something to a server between two of the next requests that it carries out."""
        self._fuses[server] = (after_requests, action)

    def lose_answer(self, server: str, after_writes: int) -> None:
        """Let one of the next writes to a server be carried out, now or late, and nobody hear of it."""
        self._unheard[server] = after_writes

    def send(self, sent: Sent) -> None:
        """Begin the journey of a request."""
        weather, draw = self.weather, self._chance.random
        if sent.produces:
            self.ledger.sent(self._loop.now, sent.process, sent.operation)
        if weather.hides(sent) or (sent.process.name, sent.server) in weather.cut:
            self._lose(sent, "not reached")
        elif self._unheard and self._is_unheard(sent):
            # The answer is lost; or it is carried out late.
            self._mistreat(sent, 0.3 + draw() * 0.5 if not sent.produces else 0.5 + draw() * 0.3)
        elif draw() >= weather.risk(sent):
            self._loop.outside_at(self._arrival(sent), self._serve, sent, True)
        else:
            self._mistreat(sent, draw())

    def _is_unheard(self, sent: Sent) -> bool:
        server = PRODUCING if sent.produces else sent.server
        left = self._unheard.get(server)
        if left is None or not _matters(sent):
            return False
        if left > 0 or (left == 0 and sent.produces):
            # A producer tries once more by itself: that is lost as well.
            self._unheard[server] = left - 1
        else:
            del self._unheard[server]
        return left <= 0

    def _mistreat(self, sent: Sent, fate: float) -> None:
        draw = self._chance.random
        if fate < 0.3:
            self._lose(sent, "request lost")
        elif fate < 0.6:
            self._count(sent, "answer lost")
            self._loop.outside_at(self._arrival(sent), self._serve, sent, False)
        elif fate < 0.8:
            # It lies in a buffer somewhere, and is carried out when nobody waits for it any more: soon, or much later.
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
            self._serve(sent, False, told=True)

        self.still_to_come += 1
        self._loop.outside_at(when, serve)

    def _arrival(self, sent: Sent) -> float:
        seconds = 0.0003 + 0.002 * self._chance.random()
        return self._loop.now + min(seconds * self.weather.slowness(sent), sent.deadline * 0.4)

    def _serve(self, sent: Sent, answered: bool, told: bool = False) -> None:
        """Carry a request out, unless the server has gone away; and bring the answer, if that can be."""
        if self.weather.hides(sent):
            if not told:
                self._lose(sent, "not reached")
            return
        if sent.server in self._fuses:
            self._burn_down(sent.server)
        try:
            result, error = sent.operation(), None
        except Exception as raised:  # noqa: BLE001  # it is the caller's
            result, error = None, raised
        if self._traced:
            self._note(
                SERVED, sent.process.name, sent.server, named(sent.operation), "" if error is None else repr(error)
            )
        if sent.server == "Postgres":
            self.ledger.served(self._loop.now, sent.process, sent.operation, result if error is None else error)
        if told:
            return
        if answered:
            self._loop.outside_at(self._arrival(sent), self._answer, sent, result, error)
        else:
            self._fail(sent)

    def _burn_down(self, server: str) -> None:
        left, action = self._fuses.pop(server)
        if left > 0:
            self._fuses[server] = (left - 1, action)
        else:
            action()

    def _answer(self, sent: Sent, result: Any, error: Exception | None) -> None:
        if self.weather.hides(sent):
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

    def _lose(self, sent: Sent, what: str) -> None:
        self._count(sent, what)
        self._fail(sent)

    def _fail(self, sent: Sent) -> None:
        """Tell the caller that there is no answer: soon, when the connection broke, else at the deadline."""
        draw = self._chance.random
        wait = 0.001 + draw() * 0.1 if draw() < NOTICED_AT_ONCE else sent.deadline
        self._loop.outside_at(self._loop.now + wait, _refuse, sent)

    def _count(self, sent: Sent, what: str) -> None:
        self.counts[what] += 1
        name = named(sent.operation)
        if what in ("answer lost", "carried out late") and sent.server != "Kafka" and "commit" in name:
            self.counts["half-known commit"] += 1
        self._note(what, sent.process.name, sent.server, name)


def _matters(sent: Sent) -> bool:
    """Whether it writes what may not be lost: a batch, events, commands; but for replies."""
    if sent.produces:
        return TOPICS.replies not in getattr(sent.operation, "args", ())
    return "commit" in named(sent.operation)


def _refuse(sent: Sent) -> None:
    if not sent.answer.done():
        sent.answer.set_exception(Unavailable(sent.server, "no answer, in the simulation"))


def named(operation: Callable[[], Any]) -> str:
    """What an operation is called: the method that sent it."""
    function = getattr(operation, "func", operation)
    name: str = getattr(function, "__qualname__", type(operation).__qualname__)
    return name.replace(".<locals>", "").replace(".<lambda>", "")


class SimulatedWire:
    """One process's way to the servers. `produces`: for records to Kafka, whose requests may arrive twice."""

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
